"""Repos: a bare git repository per app."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Repos(Protocol):
    """Found by app id, so that renaming an app moves nothing."""

    def ensure(self, app_id: str) -> Path:
        """The bare repository's folder, made if missing, its hook in place."""

    def head(self, app_id: str, branch: str) -> str | None:
        """The commit that the branch points to, or None."""

    def tidy(self, app_id: str) -> None:
        """Packs what many pushes left, if there is enough of it. May take long; never raises."""

    def remove(self, app_id: str) -> None:
        """Deletes the repository. Idempotent."""
