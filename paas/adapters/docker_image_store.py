"""The image store on Docker: images are loaded as archives that leave out the layers which the engine has (`POST /images/load`).

The engine finds a layer by the digests of itself and all below it, and doesn't open the files of those it knows. Where it
turns out not to know one (the image that held it is gone), the archive is sent again with everything in it.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import docker.errors

from paas.adapters.docker_client import VENDOR_ERRORS, DockerClient, engine_errors, status
from paas.errors import EngineUnavailable, PlatformFault
from paas.ports.image_store import ImageInfo, ImageLayer

_CHUNK = 1024 * 1024


class DockerImageStore:
    """Implements `ImageStore`."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client

    def inspect(self, image: str) -> ImageInfo | None:
        with engine_errors(f"looking for the image {image}"):
            try:
                found = self._client.api.inspect_image(image)  # type: ignore[no-untyped-call]
            except docker.errors.ImageNotFound:
                return None
        return _info(found)

    def assemble(self, config: bytes, layers: Sequence[ImageLayer], tag: str, *, like: Sequence[str]) -> str:
        image = f"sha256:{hashlib.sha256(config).hexdigest()}"
        for attempt in (1, 2):
            known = self._known(layers, like)
            lost = next((layer.diff_id for layer in layers[known:] if layer.tar is None), None)
            if lost:
                raise PlatformFault(f"layer {lost} is neither in an image nor in the layer store")
            problem = self._load(_archive(config, layers, tag, known))
            if problem is None:
                break
            # An image was removed between the question and the load: it is another answer now.
            if attempt == 2 or "no such file or directory" not in problem:
                raise EngineUnavailable(f"loading the image {tag}: {problem}")
        return image

    def remove(self, tag: str) -> None:
        with engine_errors(f"removing the image {tag}"):
            try:
                self._client.api.remove_image(tag)
            except docker.errors.APIError as exc:
                if status(exc) not in (404, 409):  # gone; in use
                    raise

    def prune(self, labels: Mapping[str, str]) -> None:
        filters = {"dangling": True, "label": [f"{name}={value}" for name, value in labels.items()]}
        with suppress(*VENDOR_ERRORS):
            for image in self._client.api.images(filters=filters, quiet=True):
                with suppress(docker.errors.APIError):  # in use; gone already
                    self._client.api.remove_image(image)

    def _known(self, layers: Sequence[ImageLayer], like: Sequence[str]) -> int:
        """How many layers, from the bottom up, some image holds."""
        wanted = [layer.diff_id for layer in layers]
        return max((_common(wanted, found.diff_ids) for i in like if (found := self.inspect(i))), default=0)

    def _load(self, archive: Iterator[bytes]) -> str | None:
        """The engine's complaint, if it has one. It answers 200 before it has read the archive, and complains in the body."""
        with engine_errors("loading an image"):
            problem = None
            for message in self._client.api.load_image(archive, quiet=True):  # type: ignore[no-untyped-call]
                problem = message.get("error") or problem
            return problem


def _archive(config: bytes, layers: Sequence[ImageLayer], tag: str, known: int) -> Iterator[bytes]:
    """A docker-archive (`docker save`'s format), without the files of the lowest `known` layers."""
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    files = [f"{layer.diff_id.removeprefix('sha256:')}.tar" for layer in layers]
    manifest = json.dumps([{"Config": name, "RepoTags": [tag], "Layers": files}]).encode()
    yield _header("manifest.json", len(manifest)) + _padded(manifest)
    yield _header(name, len(config)) + _padded(config)
    sent = set()
    for file, layer in list(zip(files, layers, strict=True))[known:]:
        if layer.tar is None or file in sent:
            continue
        sent.add(file)
        with layer.tar.open("rb") as tar:
            yield _header(file, layer.tar.stat().st_size)
            while chunk := tar.read(_CHUNK):
                yield chunk  # a tar's size is a multiple of the block size already
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % tarfile.BLOCKSIZE)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many layers two images share, from the bottom up."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _info(found: dict[str, Any]) -> ImageInfo:
    config = found.get("Config") or {}
    return ImageInfo(
        id=found["Id"],
        diff_ids=tuple(found.get("RootFS", {}).get("Layers") or ()),
        labels=config.get("Labels") or {},
        env=dict(entry.split("=", 1) for entry in config.get("Env") or () if "=" in entry),
        architecture=found.get("Architecture", "amd64"),
        os=found.get("Os", "linux"),
        config=config,
    )
