"""The layout holds: imports point one way, vendors stay in adapters, the pipeline's map names every stage."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import paas.pipeline

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "paas"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Layer → what of ours it may import. `config` holds settings only; `bootstrap` also defines the type Services.
ALLOWED = {
    "errors": set(),
    "domain": {"errors", "domain"},
    "config": {"errors"},
    "ports": {"errors", "domain", "ports"},
    "lifecycle": {"errors", "config", "domain", "ports", "lifecycle"},
    "adapters": {"errors", "config", "domain", "ports", "adapters"},
    "pipeline": {"errors", "config", "domain", "ports", "pipeline", "bootstrap"},
    "bootstrap": {"errors", "config", "domain", "ports", "lifecycle", "adapters"},
    "entrypoints": {
        "errors",
        "config",
        "domain",
        "ports",
        "pipeline",
        "bootstrap",
        "entrypoints",
        "adapters",
        "lifecycle",
    },
}
VENDORS = {"docker": "adapters", "git": "adapters", "redis": "adapters", "rq": "adapters", "sqlalchemy": "adapters",
           "alembic": "adapters", "flask": "entrypoints", "simple_websocket": "entrypoints", "click": "entrypoints", "rich": "entrypoints"}  # fmt: skip


def layer(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "paas":
                yield from (f"paas.{alias.name}" for alias in node.names)
            else:
                yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    own = layer(path)
    if own == "__init__":
        return
    for name in imports(path):
        if name.startswith("paas."):
            assert name.split(".")[1] in ALLOWED[own], f"{own} must not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_vendors_stay_where_they_belong(path: Path) -> None:
    for name in imports(path):
        home = VENDORS.get(name.split(".")[0])
        assert home in (None, layer(path)), f"{name} belongs to paas/{home} only"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), "one docstring line each"


def test_only_config_reads_the_environment() -> None:
    stand_alone = {PACKAGE / "entrypoints" / "pre_receive.py"}
    readers = {p for p in MODULES if re.search(r"\bos\.(environ|getenv)\b", p.read_text())}

    assert readers - stand_alone == {PACKAGE / "config.py"}


def test_no_shell_strings() -> None:
    assert not [p for p in MODULES if re.search(r"shell\s*=\s*True|os\.system\(|os\.popen\(", p.read_text())]


def test_the_pipelines_map_names_every_module() -> None:
    named = set(re.findall(r"\b([a-z_]+)\.py\b", paas.pipeline.__doc__ or ""))
    there = {p.stem for p in (PACKAGE / "pipeline").glob("*.py")} - {"__init__"}

    assert named == there


def test_files_have_one_subject() -> None:
    assert [str(p) for p in MODULES if len(p.read_text().splitlines()) > 400] == []
