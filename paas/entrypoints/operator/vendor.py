"""The console's scripts from npm: pinned with their hashes in web/package-lock.json. The host needs no Node.js."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from paas import config
from paas.adapters.docker_instance import DockerInstance
from paas.config import Settings
from paas.entrypoints.operator import locks
from paas.entrypoints.operator.host import ROOT
from paas.errors import SetupFailed

_PINS = ("package.json", "package-lock.json")
_CA_BUNDLE = "/etc/ssl/host-ca.crt"
_NPM_CI = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
_TAIL_LINES = 25
_ADVICE = "See that the machine reaches the npm registry (or set npm_config_registry), then run the command again."


def ensure(settings: Settings, say: Callable[[str], None], web: Path = ROOT / "web") -> None:
    """Makes web/vendor hold the packages of the lock file, as node_modules would. Does nothing if it does already.

    npm runs in the build image, checks each package against the lock's hash, and runs nothing of it.
    Raises `SetupFailed` and `EngineUnavailable`.
    """
    vendor = web / "vendor"
    wanted = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    stamp = vendor / ".stamp"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with locks.machine(), tempfile.TemporaryDirectory(dir=web, prefix=".vendor-") as beside:
        say("npm fetches the console's scripts")
        made = _install(settings, web, Path(beside))
        (made / ".stamp").write_text(wanted)
        shutil.rmtree(vendor, ignore_errors=True)
        made.rename(vendor)


def _install(settings: Settings, web: Path, folder: Path) -> Path:
    """Runs `npm ci` on copies of the pins; returns the folder node_modules that it makes."""
    for name in _PINS:
        shutil.copy(web / name, folder)
    mounts = {folder: "/work"}
    env = {**config.passthrough(), "HOME": "/tmp"}  # noqa: S108  (the container's own)
    if Path(settings.ca_bundle).is_file():
        mounts[Path(settings.ca_bundle)] = f"{_CA_BUNDLE}:ro"
        env["NODE_EXTRA_CA_CERTS"] = _CA_BUNDLE
    engine = DockerInstance(settings.docker_host, settings.name)
    code, lines = engine.run_tool(_NPM_CI, env=env, mounts=mounts, folder="/work")
    if code != 0:
        what = f"npm could not fetch the console's scripts (it exited with {code})."
        raise SetupFailed(what, _ADVICE, tuple(lines[-_TAIL_LINES:]))
    return folder / "node_modules"
