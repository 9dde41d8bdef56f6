"""The console's scripts, fetched for real by the build image's npm."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import docker
import pytest

from paas.adapters import stack_images
from paas.config import Settings
from paas.entrypoints.console.assets import VENDOR_SCRIPTS
from paas.entrypoints.operator import vendor
from paas.entrypoints.operator.host import ROOT
from paas.errors import SetupFailed


@pytest.fixture
def web(settings: Settings, tmp_path: Path) -> Path:
    """A folder with copies of the pins, and scripts of another lock file."""
    stack_images.ensure(settings, print)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "web" / name, tmp_path)
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "old.js").touch()
    return tmp_path


def test_the_scripts_of_the_lock_file_replace_what_was_there(settings: Settings, web: Path) -> None:
    said: list[str] = []

    vendor.ensure(settings, said.append, web)
    vendor.ensure(settings, said.append, web)

    assert all((web / "vendor" / name).is_file() for name in VENDOR_SCRIPTS)
    assert not (web / "vendor" / "old.js").exists()
    assert said == ["npm fetches the console's scripts"]
    assert sorted(path.name for path in web.iterdir()) == ["package-lock.json", "package.json", "vendor"]


def test_other_content_than_was_pinned_fails_and_changes_nothing(settings: Settings, web: Path) -> None:
    lock = json.loads((web / "package-lock.json").read_text())
    of_nothing = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
    lock["packages"]["node_modules/idiomorph"]["integrity"] = of_nothing
    (web / "package-lock.json").write_text(json.dumps(lock))

    with pytest.raises(SetupFailed, match="npm could not fetch") as caught:
        vendor.ensure(settings, print, web)

    assert any("EINTEGRITY" in line for line in caught.value.lines)
    assert [path.name for path in (web / "vendor").iterdir()] == ["old.js"]
    assert sorted(path.name for path in web.iterdir()) == ["package-lock.json", "package.json", "vendor"]


def test_the_container_is_gone_afterwards(settings: Settings, web: Path) -> None:
    vendor.ensure(settings, print, web)

    client = docker.from_env()
    try:
        assert client.containers.list(all=True, filters={"label": f"paas.instance={settings.name}"}) == []
    finally:
        client.close()
