"""The console's scripts from npm: pinned in web/package-lock.json, fetched by npm inside the build image."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from paas import config
from paas.adapters.docker_instance import DockerInstance
from paas.config import Settings
from paas.entrypoints.operator.host import ROOT

_WEB = ROOT / "web"
_VENDOR = _WEB / "vendor"
_PINS = ("package.json", "package-lock.json")
_CA_BUNDLE = "/etc/ssl/host-ca.crt"


def ensure(settings: Settings, say: Callable[[str], None]) -> None:
    """Makes web/vendor hold the packages that the lock file names. Does nothing if it does already. Raises `SetupFailed`.

    npm checks each package against the lock's hash; install scripts don't run. The host needs no Node.js.
    """
    wanted = hashlib.sha256(b"".join((_WEB / name).read_bytes() for name in _PINS)).hexdigest()
    stamp = _VENDOR / ".stamp"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    say("npm fetches the console's scripts")
    with tempfile.TemporaryDirectory(dir=_WEB, prefix=".vendor-") as made:
        folder = Path(made)
        for name in _PINS:
            shutil.copy(_WEB / name, folder)
        mounts = {folder: "/work"}
        env = {**config.passthrough(), "HOME": "/tmp"}  # noqa: S108  (the container's own)
        if Path(settings.ca_bundle).is_file():
            mounts[Path(settings.ca_bundle)] = f"{_CA_BUNDLE}:ro"
            env["NODE_EXTRA_CA_CERTS"] = _CA_BUNDLE
        DockerInstance(settings.docker_host, settings.name).run_tool(
            ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            user="0:0", env=env, mounts=mounts, folder="/work",
        )  # fmt: skip
        modules = folder / "node_modules"
        (modules / ".stamp").write_text(wanted)
        shutil.rmtree(_VENDOR, ignore_errors=True)
        modules.rename(_VENDOR)
