"""Images that exist because a test says so."""

from __future__ import annotations

from paas.errors import NotFound


class MemoryImages:
    """Implements `Images`."""

    def __init__(self, *images: str) -> None:
        self.images = set(images)
        self.in_use: set[str] = set()
        self._kept: dict[tuple[str, int], str] = {}

    def exists(self, image: str) -> bool:
        return image in self.images

    def keep(self, image: str, app_id: str, release: int) -> None:
        if image not in self.images:
            raise NotFound("image", image)
        self._kept[app_id, release] = image

    def collect(self, app_id: str, keep_releases: set[int]) -> int:
        surplus = [key for key in self._kept if key[0] == app_id and key[1] not in keep_releases]
        removed = 0
        for key in surplus:
            image = self._kept[key]
            last = list(self._kept.values()).count(image) == 1
            if last and image in self.in_use:
                continue
            del self._kept[key]
            removed += 1
            if last:
                self.images.discard(image)
        return removed
