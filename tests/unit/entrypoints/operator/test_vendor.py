from __future__ import annotations

import hashlib
import json
from pathlib import Path

from paas.config import Settings
from paas.entrypoints.operator import vendor
from paas.entrypoints.operator.host import ROOT


def test_every_package_of_the_lock_file_is_pinned_by_its_hash() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    pinned = {path: package["integrity"] for path, package in packages.items() if path}

    assert "node_modules/htmx.org" in pinned
    assert all(integrity.startswith("sha512-") for integrity in pinned.values())


def test_what_was_made_from_the_same_lock_file_stays_without_the_engine(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / ".stamp").write_text(hashlib.sha256(b"{}").hexdigest())
    said: list[str] = []

    vendor.ensure(Settings(docker_host="unix:///nowhere"), said.append, tmp_path)

    assert said == []
