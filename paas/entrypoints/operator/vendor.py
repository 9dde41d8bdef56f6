"""The console's scripts from npm: pinned with their hashes in web/package-lock.json. Needs no Node.js."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import requests

from paas import config
from paas.entrypoints.operator import locks
from paas.entrypoints.operator.host import ROOT
from paas.errors import SetupFailed

_WEB = ROOT / "web"
_LOCK = _WEB / "package-lock.json"
_VENDOR = _WEB / "vendor"
_PUBLIC = "https://registry.npmjs.org"
_ADVICE = "See that the machine reaches the npm registry (or set npm_config_registry), then run the command again."


def ensure(say: Callable[[str], None]) -> None:
    """Makes web/vendor hold the packages of the lock file, as node_modules would. Does nothing if it does already.

    Each package is checked against the lock's hash; nothing of it is run. Raises `SetupFailed`.
    """
    wanted = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    stamp = _VENDOR / ".stamp"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with locks.machine(), tempfile.TemporaryDirectory(dir=_WEB, prefix=".vendor-") as beside:
        made = Path(beside) / "vendor"
        for name, version, integrity in locked_packages(json.loads(_LOCK.read_text())):
            say(f"{name} {version}")
            unpack(_fetch(name, version, integrity), made / name)
        (made / ".stamp").write_text(wanted)
        shutil.rmtree(_VENDOR, ignore_errors=True)
        made.rename(_VENDOR)


def locked_packages(lock: dict[str, dict[str, dict[str, str]]]) -> Iterator[tuple[str, str, str]]:
    """(name, version, integrity) of each package in a package-lock.json (npm's docs, *package-lock.json*)."""
    for path, package in lock["packages"].items():
        if path:  # "" is the project itself
            yield path.removeprefix("node_modules/"), package["version"], package["integrity"]


def fits(content: bytes, integrity: str) -> bool:
    """Whether the content is what the lock file pinned (W3C Subresource Integrity, sha512 only)."""
    return integrity == "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def unpack(package: bytes, folder: Path) -> None:
    """The plain files of an npm package, without its first folder. Links and paths that lead out are left out."""
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        for member in archive:
            inside = PurePosixPath(member.name).parts[1:]
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None and inside and ".." not in inside:
                target = folder.joinpath(*inside)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


def _fetch(name: str, version: str, integrity: str) -> bytes:
    told = config.passthrough()
    registry = (told.get("npm_config_registry") or told.get("NPM_CONFIG_REGISTRY") or _PUBLIC).rstrip("/")
    url = f"{registry}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
    bundle = Path(config.load().ca_bundle)
    try:
        answer = requests.get(url, timeout=60, verify=str(bundle) if bundle.is_file() else True)
        answer.raise_for_status()
    except requests.RequestException as exc:
        raise SetupFailed(f"{name} {version} could not be fetched from {registry}.", _ADVICE, (str(exc),)) from exc
    if not fits(answer.content, integrity):
        raise SetupFailed(f"What {registry} sent as {name} {version} is not what {_LOCK} pins.", _ADVICE)
    return answer.content
