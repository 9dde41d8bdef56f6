"""Workspace: the folders of one build, and where the build container sees them."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from paas.errors import DiskLow
from paas.lifecycle.cache import remove
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.folder import Folder
from paas.lifecycle.layer_tar import OWNER
from paas.ports.sandbox import Mount

BUILDPACKS = "/cnb/buildpacks"
PLATFORM = "/platform"
AGENT = "/cnb/lifecycle/agent.py"
CA_BUNDLE = f"{PLATFORM}/ca-certificates.crt"

_MAX_PLAN = 1024 * 1024
_AGENT_SOURCE = Path(__file__).with_name("agent.py")


class Workspace:
    """Made empty, removed whole. `app` and what buildpacks are given belong to the build's user, the rest to us: the build can
    neither replace a buildpack's folder nor put something in its place."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.app = top / "app"
        self.layers = top / "layers"
        self.prepared = top / "prepared"
        self.scratch = top / "scratch"
        self._platform = top / "platform"
        self._plans = top / "plans"

    def create(self, env: Mapping[str, str], ca_bundle: Path) -> bool:
        """Makes the folders; whether there is a bundle of certificates. Raises `OSError`."""
        self.top.mkdir(mode=0o700, parents=True)
        for folder in (self.app, self.layers, self.prepared, self.scratch, self._platform, self._plans):
            _make(folder, ours=folder is not self.app)
        _make(self._platform / "env")
        for name, value in env.items():
            file = self._platform / "env" / name
            file.write_bytes(value.encode("utf-8", "surrogateescape"))
            file.chmod(0o644)
        if not ca_bundle.is_file():
            return False
        shutil.copyfile(ca_bundle, self._platform / "ca-certificates.crt")
        (self._platform / "ca-certificates.crt").chmod(0o644)
        return True

    def mounts(self, buildpacks: Path) -> tuple[Mount, ...]:
        return (
            Mount(self.app, "/app", writable=True),
            Mount(self.layers, "/layers", writable=True),
            Mount(self._plans, "/plans", writable=True),
            Mount(self._platform, PLATFORM),
            Mount(buildpacks, BUILDPACKS),
            Mount(_AGENT_SOURCE, AGENT),
        )

    def new_plan(self, phase: str, buildpack: Buildpack, content: str = "") -> str:
        """A plan file that the buildpack may write to: its path in the container."""
        folder = self._plans / _plan_name(phase, buildpack)
        _make(folder, ours=False)
        file = folder / "plan.toml"
        file.write_text(content)
        _own(file, 0o644)
        return f"/plans/{folder.name}/plan.toml"

    def read_plan(self, phase: str, buildpack: Buildpack) -> bytes:
        """What is in it now. Raises `OSError`, `TreeTooLarge`."""
        with Folder(self._plans / _plan_name(phase, buildpack)) as folder:
            return folder.read("plan.toml", _MAX_PLAN) or b""

    def remove(self) -> None:
        remove(self.top)


def check_free(path: Path, needed: int) -> None:
    """Raises `DiskLow` when fewer than `needed` bytes are free where `path` is, or will be."""
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    if free < needed:
        raise DiskLow(str(path), free, needed)


def is_full(error: OSError) -> bool:
    """Whether it says that the disk is full: nobody's fault but the disk's."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _plan_name(phase: str, buildpack: Buildpack) -> str:
    return f"{phase}-{buildpack.folder}-{buildpack.version}".replace("/", "_")


def _make(folder: Path, *, ours: bool = True) -> None:
    folder.mkdir()
    if ours:
        folder.chmod(0o755)
    else:
        _own(folder, 0o755)


def _own(path: Path, mode: int) -> None:
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, OWNER, OWNER)
