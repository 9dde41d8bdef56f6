"""An image store in memory: it knows images' configurations, and which layers it has been given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from paas.errors import PlatformFault
from paas.ports.image_store import ImageInfo, ImageLayer


class MemoryImageStore:
    """Implements `ImageStore`. `sent` are the layers of each `assemble` that had to be read from their tars."""

    def __init__(self) -> None:
        self._images: dict[str, ImageInfo] = {}
        self._tags: dict[str, str] = {}
        self.sent: list[list[str]] = []

    def put(self, image: ImageInfo, tag: str) -> None:
        """An image that is there from the start."""
        self._images[image.id] = image
        self._tags[tag] = image.id

    def inspect(self, image: str) -> ImageInfo | None:
        return self._images.get(self._tags.get(image, image))

    def assemble(self, config: bytes, layers: Sequence[ImageLayer], tag: str, *, like: Sequence[str]) -> str:
        document = json.loads(config)
        wanted = tuple(layer.diff_id for layer in layers)
        known = max((_common(wanted, found.diff_ids) for i in like if (found := self.inspect(i))), default=0)
        for layer in layers[known:]:
            if layer.tar is None or not layer.tar.is_file():
                raise PlatformFault(f"layer {layer.diff_id} is neither in an image nor in the layer store")
        self.sent.append([layer.diff_id for layer in layers[known:]])
        inner = document.get("config", {})
        image = ImageInfo(
            id=f"sha256:{hashlib.sha256(config).hexdigest()}",
            diff_ids=wanted,
            labels=inner.get("Labels") or {},
            env=dict(entry.split("=", 1) for entry in inner.get("Env") or ()),
            config=inner,
        )
        self.put(image, tag)
        return image.id

    def remove(self, tag: str) -> None:
        image = self._tags.pop(tag, None)
        if image is not None and image not in self._tags.values():
            del self._images[image]

    def prune(self, labels: Mapping[str, str]) -> None:
        for image in list(self._images.values()):
            if image.id not in self._tags.values() and labels.items() <= image.labels.items():
                del self._images[image.id]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
