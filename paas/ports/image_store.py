"""Image store: puts app images together from layers, in the engine that will run them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class ImageInfo:
    """What a build needs to know of an image."""

    id: str  # `sha256:…` of its configuration
    diff_ids: tuple[str, ...]  # its layers, lowest first: `sha256:…` of each uncompressed tar
    labels: Mapping[str, str]
    env: Mapping[str, str]
    architecture: str = "amd64"
    os: str = "linux"
    config: Mapping[str, object] = field(default_factory=dict)  # as in the OCI image configuration's `config`


@dataclass(frozen=True)
class ImageLayer:
    """A layer of an image to be. `tar` is None when only an image that is here already holds it."""

    diff_id: str
    tar: Path | None


class ImageStore(Protocol):
    """Raises `EngineUnavailable` when the engine does not answer."""

    def inspect(self, image: str) -> ImageInfo | None:
        """The image of that id or tag, or None."""

    def assemble(self, config: bytes, layers: Sequence[ImageLayer], tag: str, *, like: Sequence[str]) -> str:
        """Makes the image of that configuration (OCI image configuration, as JSON) and tags it. Returns its id.

        Layers that the images `like` have in common with it, from the bottom up, are not sent. Raises `PlatformFault` when
        a layer is neither there nor has a tar. The same configuration gives the same id.
        """

    def remove(self, tag: str) -> None:
        """Takes the tag off; an image without tags goes with it, unless a process still uses it. Idempotent."""

    def prune(self, labels: Mapping[str, str]) -> None:
        """Removes the images with these labels that have no tag and that no process uses. As best it can: never raises."""
