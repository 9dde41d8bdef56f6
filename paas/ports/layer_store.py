"""Layer store: the tars of layers, named by their content."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol


class LayerStore(Protocol):
    """A folder of files; with a temporary one it is its own fake. A `diff_id` is `sha256:` and the SHA-256 of the
    uncompressed tar. The disk's errors come through as `OSError`.
    """

    def add(self, tar: Path, diff_id: str) -> None:
        """Takes over a finished tar, which is gone from where it was then. The same content is kept once."""

    def find(self, diff_id: str) -> Path | None:
        """The tar, or None if it isn't kept."""

    def collect(self, keep: Callable[[], Collection[str]]) -> int:
        """Removes what isn't in `keep()` and was added more than an hour ago (a build under way may be about to refer to
        younger ones). Returns how many."""
