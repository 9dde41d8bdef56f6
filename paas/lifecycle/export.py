"""Export: after build. Layers and the app become an image (CNB Platform API, *Export*).

Bottom to top: the run image, the buildpacks' layers, the launcher, bills of materials, configuration, the app. What changes
most lies on top, because an engine knows a layer only together with all below it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from paas.errors import BuildFailed
from paas.lifecycle import slices
from paas.lifecycle.build import Built
from paas.lifecycle.cache import Kept, KeptBuildpack, KeptLayer
from paas.lifecycle.folder import Folder, TreeTooLarge
from paas.lifecycle.image_config import LAUNCHER, ImageFacts, ImagePart, configuration, launch_file, metadata_toml
from paas.lifecycle.launch import Launch
from paas.lifecycle.layer_tar import Hashing, LayerTar, fingerprint
from paas.lifecycle.layers import LayerMetadata
from paas.lifecycle.restore import Restored
from paas.lifecycle.stopwatch import Stopwatch
from paas.lifecycle.workspace import is_full
from paas.ports.image_store import ImageInfo, ImageLayer, ImageStore
from paas.ports.layer_store import LayerStore

EXPORT_ERROR = 62  # the phase's exit code

_LAUNCHER_SCRIPT = Path(__file__).with_name("launcher.sh")


@dataclass(frozen=True)
class ExportRequest:
    """What to export: the build's folders, what it left, and what the image is told of where it comes from."""

    app: Path
    layers: Path
    scratch: Path
    base: ImageInfo
    base_name: str
    built: Sequence[Built]
    launch: Launch
    restored: Restored
    stack: str
    instance: str
    app_id: str
    commit: str
    tag: str
    previous_image: str | None
    limit: int  # bytes above the run image


@dataclass(frozen=True)
class Exported:
    """The image, the bytes above its run image; what to keep for the next build, and the folders and files of it."""

    image: str
    size: int
    kept: Kept
    folders: Mapping[str, Path]
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class _Tar:
    diff_id: str
    size: int
    path: Path | None


class Exporter:
    """Makes one image."""

    def __init__(self, images: ImageStore, store: LayerStore, request: ExportRequest, watch: Stopwatch) -> None:
        self._images = images
        self._store = store
        self._request = request
        self._watch = watch
        self._left = request.limit
        self._made = 0
        self._parts: list[ImagePart] = []
        self._tars: list[_Tar] = []
        self._kept: dict[str, KeptBuildpack] = {}
        self._folders: dict[str, Path] = {}
        self._files: dict[str, bytes] = {}

    def export(self) -> Exported:
        """Raises `BuildFailed`, and the ports' errors."""
        request = self._request
        try:
            with self._watch("layers"):
                for built in request.built:
                    self._add_buildpack(built)
                self._add("launcher", _write_launcher)
                if sboms := _sbom_files(request.built):
                    self._add("sbom", lambda tar: _write_files(tar, sboms))
                self._add("config", self._write_config)
            with self._watch("app layer"):
                self._add_app()
        except (TreeTooLarge, OSError, ValueError) as exc:
            if isinstance(exc, OSError) and is_full(exc):
                raise
            raise BuildFailed("export", EXPORT_ERROR, str(exc)) from exc
        facts = ImageFacts(
            request.base,
            request.base_name,
            request.built,
            request.launch,
            self._parts,
            request.instance,
            request.app_id,
            request.commit,
        )
        layers = [ImageLayer(diff_id, None) for diff_id in request.base.diff_ids]
        layers += [ImageLayer(tar.diff_id, tar.path) for tar in self._tars]
        like = [image for image in (request.previous_image, request.base.id) if image]
        with self._watch("load"):
            image = self._images.assemble(configuration(facts), layers, request.tag, like=like)
        return Exported(
            image, sum(t.size for t in self._tars), Kept(request.stack, self._kept), self._folders, self._files
        )

    # --- buildpacks' layers ------------------------------------------------------------------------------------------

    def _add_buildpack(self, built: Built) -> None:
        kept: dict[str, KeptLayer] = {}
        for name, metadata in built.layers.items():
            layer = self._layer(built, name, metadata)
            if layer is None:
                continue
            sboms = {extension: content for (of, extension), content in built.sboms.items() if of == name}
            kept[name] = replace(layer, sboms={extension: self._keep(content) for extension, content in sboms.items()})
            if metadata.launch:
                tar = _Tar(layer.diff_id, layer.size, self._store.find(layer.diff_id))
                self._append(tar, ImagePart("buildpack", layer.diff_id, built.buildpack.id, name))
        self._kept[built.buildpack.id] = KeptBuildpack(built.buildpack.version, built.store, kept)

    def _layer(self, built: Built, name: str, metadata: LayerMetadata) -> KeptLayer | None:
        """The layer, with its tar in the store; None if it needs none."""
        folder = self._request.layers / built.buildpack.folder / name
        restored = self._request.restored.get((built.buildpack.id, name))
        if not _is_folder(folder):
            if not metadata.launch:
                return None
            if restored is None or metadata.cache:
                raise ValueError(f"{built.buildpack.ref} declares the layer {name!r}, but left no files for it")
            return replace(restored.kept, metadata=metadata, fingerprint="")
        if not metadata.launch and not metadata.cache:
            return None
        print_ = fingerprint(folder)
        if restored and restored.fingerprint == print_ and self._store.find(restored.kept.diff_id):
            diff_id, size = restored.kept.diff_id, restored.kept.size
        else:
            path = f"layers/{built.buildpack.folder}/{name}"

            def write(tar: LayerTar) -> None:
                tar.parents(path)
                tar.tree(path, folder)

            made = self._make(write)
            assert made.path is not None
            self._store.add(made.path, made.diff_id)
            diff_id, size = made.diff_id, made.size
        if metadata.cache:
            self._folders[diff_id] = folder
        return KeptLayer(diff_id, size, metadata, print_ if metadata.cache else "")

    def _keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._files[digest] = content
        return digest

    # --- ours --------------------------------------------------------------------------------------------------------

    def _write_config(self, tar: LayerTar) -> None:
        built, launch = self._request.built, self._request.launch
        files = {
            "layers/config/launch": launch_file(built, launch),
            "layers/config/metadata.toml": metadata_toml(built, launch),
        }
        _write_files(tar, files)
        tar.parents("cnb/process/")
        for process in launch.processes:
            tar.link(f"cnb/process/{process.type}", LAUNCHER, 0)

    def _add_app(self) -> None:
        top = self._request.app
        patterns = self._request.launch.slices
        if not patterns:
            self._add("app", lambda tar: tar.tree("app", top))
            return
        with Folder(top) as folder:
            taken = slices.assign(folder.fd, patterns)
            for number in (*range(len(patterns)), None):

                def write(tar: LayerTar, number: int | None = number) -> None:
                    tar.folder("app", 0o755, 1000)
                    tar.entries("app", slices.part(folder.fd, taken, number))

                self._add("app", write)

    # --- any layer ---------------------------------------------------------------------------------------------------

    def _add(self, role: str, write: Callable[[LayerTar], None]) -> None:
        tar = self._make(write)
        self._append(tar, ImagePart(role, tar.diff_id))

    def _append(self, tar: _Tar, part: ImagePart) -> None:
        self._tars.append(tar)
        self._parts.append(part)

    def _make(self, write: Callable[[LayerTar], None]) -> _Tar:
        self._made += 1
        path = self._request.scratch / f"{self._made}.tar"
        with path.open("wb", buffering=1024 * 1024) as file:
            hashing = Hashing(file)
            tar = LayerTar(cast(BinaryIO, hashing), self._left)
            write(tar)
            tar.end()
        self._left -= hashing.size
        return _Tar(hashing.digest, hashing.size, path)


def _write_launcher(tar: LayerTar) -> None:
    tar.parents(LAUNCHER.removeprefix("/"))
    tar.file(LAUNCHER.removeprefix("/"), _LAUNCHER_SCRIPT.read_bytes(), 0o755, 0)


def _sbom_files(builts: Sequence[Built]) -> dict[str, bytes]:
    """Where the bills of materials of what is launched lie in the image."""
    files = {}
    for built in builts:
        top = f"layers/sbom/launch/{built.buildpack.folder}"
        for (layer, extension), content in built.sboms.items():
            if not layer:
                files[f"{top}/sbom.{extension}"] = content
            elif layer in built.layers and built.layers[layer].launch:
                files[f"{top}/{layer}/sbom.{extension}"] = content
    return files


def _write_files(tar: LayerTar, files: Mapping[str, bytes]) -> None:
    folders: set[str] = set()
    for path, content in sorted(files.items()):
        for depth in range(1, path.count("/") + 1):
            folder = "/".join(path.split("/")[:depth])
            if folder not in folders:
                folders.add(folder)
                tar.folder(folder, 0o755, 0)
        tar.file(path, content, 0o644, 0)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
