"""What an app's last good build left for its next one: layers, what buildpacks noted of them, and where their files are.

Truth is `cache.json`, written last, and the layer store's tars. Folders of layers are kept as well, so that a build gets one
by a rename; they are named by their content, so a folder that is there is the right one, and one that isn't comes from its tar.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from paas.lifecycle.folder import TreeTooLarge
from paas.lifecycle.layer_tar import fingerprint
from paas.lifecycle.layers import LayerMetadata
from paas.ports.layer_store import LayerStore


@dataclass(frozen=True)
class KeptLayer:
    """A layer as it was exported. `fingerprint` is its folder's, "" if no folder was kept; `sboms` are its bills of materials, by
    extension: SHA-256 of the content."""

    diff_id: str
    size: int
    metadata: LayerMetadata
    fingerprint: str = ""
    sboms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeptBuildpack:
    version: str
    store: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, KeptLayer] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """All of it. `stack` names the images and the execution environment that it was built with and for."""

    stack: str = ""
    buildpacks: Mapping[str, KeptBuildpack] = field(default_factory=dict)  # by id


class AppCache:
    """One app's, in a folder of its own. One build of an app at a time."""

    def __init__(self, folder: Path, layers: LayerStore) -> None:
        self._folder = folder
        self._homes = folder / "layers"
        self._files = folder / "files"
        self._layers = layers

    def load(self) -> Kept:
        """What is kept; nothing if it can't be read: then the build takes longer, no more."""
        try:
            return _parse(json.loads((self._folder / "cache.json").read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return Kept()

    def has_tar(self, layer: KeptLayer) -> bool:
        return self._layers.find(layer.diff_id) is not None

    def take(self, layer: KeptLayer, to: Path) -> str:
        """Puts the layer's folder at `to`, which must not exist; its fingerprint. Raises `OSError`."""
        if layer.fingerprint:
            with suppress(OSError):
                self._home(layer.diff_id).rename(to)
                return layer.fingerprint
        tar = self._layers.find(layer.diff_id)
        if tar is None:
            raise FileNotFoundError(layer.diff_id)
        to.mkdir()
        # Our own tar, in which nothing lies below a link. Its names begin with layers/<buildpack>/<layer>.
        argv = ["tar", "-x", "-p", "--numeric-owner", "--strip-components=3", "-C", str(to), "-f", str(tar)]
        done = subprocess.run(argv, capture_output=True, check=False)
        if done.returncode != 0:
            raise OSError(f"tar: {done.stderr.decode('utf-8', 'replace')}")
        return fingerprint(to)

    def sboms(self, layer: KeptLayer) -> dict[str, bytes]:
        """Its bills of materials, by extension. Raises `OSError`."""
        return {extension: (self._files / digest).read_bytes() for extension, digest in layer.sboms.items()}

    def give_back(self, layer: KeptLayer, folder: Path) -> None:
        """After a failed build: keeps the folder that was taken, if nothing has touched it since."""
        with suppress(OSError, TreeTooLarge):
            if layer.fingerprint and layer.fingerprint == fingerprint(folder):
                folder.rename(self._home(layer.diff_id))

    def save(self, kept: Kept, folders: Mapping[str, Path], files: Mapping[str, bytes]) -> None:
        """Moves the folders (by diff id) in, and files (by SHA-256), then writes down what is kept, then drops what no longer is."""
        for place in (self._homes, self._files):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for diff_id, folder in folders.items():
            if not self._home(diff_id).exists():
                folder.rename(self._home(diff_id))
        for digest, content in files.items():
            if not (self._files / digest).exists():
                _write(self._files / digest, content)
        _write(self._folder / "cache.json", json.dumps(asdict(kept), default=str, sort_keys=True).encode())
        wanted = {self._home(layer.diff_id) for layer in _layers(kept) if layer.fingerprint}
        wanted |= {self._files / digest for layer in _layers(kept) for digest in layer.sboms.values()}
        unwanted = [path for path in (*self._homes.iterdir(), *self._files.iterdir()) if path not in wanted]
        if unwanted:
            remove(*unwanted)

    def _home(self, diff_id: str) -> Path:
        return self._homes / diff_id.removeprefix("sha256:")


def referenced(caches: Path) -> set[str]:
    """The diff ids that any app's cache refers to: what a layer store must keep."""
    found: set[str] = set()
    for file in caches.glob("*/cache.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.update(layer.diff_id for layer in _layers(_parse(json.loads(file.read_bytes()))))
    return found


def remove(*paths: Path) -> None:
    """Removes trees, of any depth and with anything in them; links are not followed. Raises `OSError`."""
    argv = ["rm", "-rf", "--one-file-system", "--", *map(str, paths)]
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode != 0:
        raise OSError(done.stderr.decode("utf-8", "replace"))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _layers(kept: Kept) -> Iterator[KeptLayer]:
    for buildpack in kept.buildpacks.values():
        yield from buildpack.layers.values()


def _parse(document: dict[str, Any]) -> Kept:
    buildpacks = {}
    for identity, buildpack in document["buildpacks"].items():
        layers = {
            name: KeptLayer(**{**layer, "metadata": LayerMetadata(**layer["metadata"])})
            for name, layer in buildpack["layers"].items()
        }
        buildpacks[identity] = KeptBuildpack(buildpack["version"], buildpack["store"], layers)
    return Kept(document["stack"], buildpacks)
