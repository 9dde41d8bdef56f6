"""Build: what buildpacks leave is read as hostile, and handed on as the specification says."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from paas.errors import BuildFailed
from paas.lifecycle.build import Built, build
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.environment import Change, apply
from paas.lifecycle.layers import LayerMetadata
from paas.lifecycle.plan import Plan, PlanEntry, Require

A = Buildpack("test/a", "1", "0.10", "/a", sbom_formats=("application/vnd.cyclonedx+json;version=1.5",))
B = Buildpack("test/b", "1", "0.10", "/b")

Leave = Callable[[Path], object]


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    for buildpack in (A, B):
        (tmp_path / buildpack.folder).mkdir()
    return tmp_path


class Programs:
    """Stands for bin/build: leaves what the test wants and notes what it was given."""

    def __init__(self, layers: Path, **leave: Leave) -> None:
        self._layers = layers
        self._leave = leave
        self.env: dict[str, dict[str, str]] = {}
        self.plans: dict[str, Any] = {}

    def run(self, buildpack: Buildpack, plan: str, changes: Sequence[Change]) -> int:
        name = buildpack.id[-1]
        self.env[name] = apply(changes, {"PATH": "/bin"})
        self.plans[name] = tomllib.loads(plan)
        code = self._leave[name](self._layers / buildpack.folder) if name in self._leave else 0
        return code if isinstance(code, int) else 0


def layer(folder: Path, name: str, types: str, **files: str) -> None:
    (folder / f"{name}.toml").write_text(f"[types]\n{types}")
    for path, content in files.items():
        file = folder / name / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def built(layers: Path, plan: Plan | None = None, **leave: Leave) -> tuple[list[Built], Programs]:
    programs = Programs(layers, **leave)
    return build(plan or Plan((A, B)), layers, "production", programs.run), programs


def test_layers_are_those_with_a_toml_and_a_use(layers: Path) -> None:
    def leave(folder: Path) -> None:
        layer(folder, "used", "launch = true\ncache = true\n[metadata]\nsum = [1, 2]", file="x")
        layer(folder, "unused", "", file="x")
        (folder / "folder-only").mkdir()
        (folder / "store.toml").write_text('[metadata]\nkey = "value"')
        (folder / "launch.toml").write_text('[[processes]]\ntype = "web"\ncommand = ["x"]')

    [a, _], _ = built(layers, a=leave)

    assert a.layers == {"used": LayerMetadata(launch=True, cache=True, data={"sum": [1, 2]})}
    assert a.store == {"key": "value"}
    assert [p.type for p in a.launch.processes] == ["web"]
    assert (layers / "test_a" / "unused.ignore").is_dir()


def test_layers_for_the_build_reach_later_buildpacks_only(layers: Path) -> None:
    def leave(folder: Path) -> None:
        layer(folder, "x", "build = true", bin__tool="", env__A="a", env__B="1", **{"env.build__B.append": "2"})
        layer(folder, "y", "launch = true", bin__tool="", env__C="c")

    _, programs = built(layers, a=leave)

    assert programs.env["a"] == {"PATH": "/bin"}
    assert programs.env["b"] == {"PATH": "/layers/test_a/x/bin:/bin", "A": "a", "B": "12"}


def test_plan_entries_go_to_their_provider_and_unmet_ones_further(layers: Path) -> None:
    entries = (
        PlanEntry(("test/a", "test/b"), (Require("both", {"version": "3"}),)),
        PlanEntry(("test/a", "test/b"), (Require("handed-on"),)),
        PlanEntry(("test/b",), (Require("only-b"),)),
    )

    _, programs = built(
        layers,
        Plan((A, B), entries),
        a=lambda folder: (folder / "build.toml").write_text('[[unmet]]\nname = "handed-on"') * 0,
    )

    def names(which: str) -> list[str]:
        return [entry["name"] for entry in programs.plans[which]["entries"]]

    assert names("a") == ["both", "handed-on"]
    assert names("b") == ["handed-on", "only-b"]
    assert programs.plans["a"]["entries"][0]["metadata"] == {"version": "3"}


def test_bills_of_materials_in_declared_formats_are_kept(layers: Path) -> None:
    def leave(folder: Path) -> None:
        layer(folder, "x", "launch = true", file="x")
        for name in ("x.sbom.cdx.json", "launch.sbom.cdx.json", "build.sbom.cdx.json", "gone.sbom.cdx.json"):
            (folder / name).write_text(name)

    [a, _], _ = built(layers, a=leave)

    assert a.sboms == {("x", "cdx.json"): b"x.sbom.cdx.json", ("", "cdx.json"): b"launch.sbom.cdx.json"}


def test_a_failing_buildpack_ends_the_build(layers: Path) -> None:
    with pytest.raises(BuildFailed, match="test/a 1: bin/build ended with exit code 3") as failed:
        built(layers, a=lambda _: 3)

    assert (failed.value.phase, failed.value.code) == ("build", 51)


def write(name: str, content: str | bytes) -> Leave:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(data) * 0


HOSTILE: dict[str, Leave] = {
    "bad TOML": write("x.toml", "[["),
    "binary TOML": write("x.toml", b"\xff\xfe"),
    "types no table": write("x.toml", "types = 3"),
    "types no booleans": write("x.toml", '[types]\nlaunch = "yes"'),
    "name with newline": write("a\nb.toml", "[types]\nlaunch = true"),
    "hidden name": write(".toml", "[types]\nlaunch = true"),
    "huge TOML": lambda folder: os.truncate(os.open(folder / "x.toml", os.O_CREAT | os.O_WRONLY), 2**40),
    "deep TOML": write("x.toml", "a = " + "[" * 10_000),
    "bad launch.toml": write("launch.toml", "[[processes]]"),
    "bad store.toml": write("store.toml", "["),
    "bad build.toml": write("build.toml", "unmet = 3"),
    "unmet strangers": write("build.toml", '[[unmet]]\nname = "stranger"'),
    "undeclared SBOM": write("launch.sbom.spdx.json", "{}"),
}


@pytest.mark.parametrize("leave", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_cannot_be_taken_is_the_builds_failure(layers: Path, leave: Leave) -> None:
    with pytest.raises(BuildFailed) as failed:
        built(layers, a=leave)

    assert failed.value.phase == "build"
    assert "test/a" in failed.value.detail


def test_links_are_not_followed(layers: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    (secret / "env").mkdir(parents=True)
    (secret / "env" / "STOLEN").write_text("x")
    (tmp_path / "secret.toml").write_text("[types]\nlaunch = true")

    def leave(folder: Path) -> None:
        (folder / "a.toml").symlink_to(tmp_path / "secret.toml")
        (folder / "store.toml").symlink_to(tmp_path / "secret.toml")
        (folder / "b").symlink_to(secret)
        (folder / "b.toml").write_text("[types]\nbuild = true")
        layer(folder, "c", "build = true", file="x")
        (folder / "c" / "env").symlink_to(secret / "env")

    [a, _], programs = built(layers, a=leave)

    assert set(a.layers) == {"b", "c"}
    assert a.store == {}
    assert programs.env["b"] == {"PATH": "/bin"}
