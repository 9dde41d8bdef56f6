"""Images: the app images that an engine holds, found by our labels."""

from __future__ import annotations

from typing import Protocol


class Images(Protocol):
    """What the pipeline needs of images. Raises `EngineUnavailable` when the engine does not answer."""

    def exists(self, image: str) -> bool:
        """Whether the image (an id or a tag) is here."""

    def keep(self, image: str, app_id: str, release: int) -> None:
        """Tags the image as the one of that release, so that nobody's prune takes it. Idempotent."""

    def collect(self, app_id: str, keep_releases: set[int]) -> int:
        """Removes the app's images of all other releases (those in use stay); returns how many. Only ours, ever."""
