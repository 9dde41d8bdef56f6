"""The platform's own buildpacks in whole builds: what the lifecycle restores is what they expect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from paas.config import Settings
from tests.buildpacks import APPS, ROOT
from tests.builds import Workshop, workshop


@pytest.fixture
def own_buildpacks(settings: Settings) -> Iterator[Workshop]:
    with workshop(settings) as made:
        made.buildpacks = ROOT / "buildpacks"
        yield made


def sources(app: str) -> dict[str, bytes]:
    return {str(f.relative_to(APPS / app)): f.read_bytes() for f in (APPS / app).rglob("*") if f.is_file()}


@pytest.mark.parametrize(
    ("app", "reuses", "check", "prints"),
    [
        ("python_flask", "requirements installed before", "python -c 'import flask, os; print(os.environ[\"PYTHONPATH\"])'", "/app\n"),
        ("python_django", "1 static file copied", "ls staticfiles", "shop.css\n"),
        ("node_express", "dependencies installed before", "node -p 'typeof require(\"express\")'", "function\n"),
        ("node_build_script", "built with v18.20.4", "node -p 'require(\".generated\")'; npm -v", "*** 3600000\n10.9.9\n"),
        ("static_site", "Serving the repository", "ls /layers/paas_static/nginx", "bin\netags.map\nnginx.conf\n"),
    ],
)  # fmt: skip
def test_a_second_build_uses_what_the_first_left(
    own_buildpacks: Workshop, app: str, reuses: str, check: str, prints: str
) -> None:
    env = {"SECRET_KEY": "s"}
    first = own_buildpacks.build(sources(app), env=env)

    second = own_buildpacks.build(
        sources(app) | {"change.txt": b"changed"}, env=env, build_id="second", previous_image=first.slug.image
    )

    assert reuses in own_buildpacks.log
    assert "Installing" not in own_buildpacks.log
    assert own_buildpacks.run(second.slug.image, check) == prints
