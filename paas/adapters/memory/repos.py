"""Repos without git: remembers heads that tests set."""

from __future__ import annotations

from pathlib import Path


class MemoryRepos:
    """See `paas.ports.repos.Repos`. `heads` is (app id, branch) → commit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.heads: dict[tuple[str, str], str] = {}

    def ensure(self, app_id: str) -> Path:
        path = self._folder / f"{app_id}.git"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def head(self, app_id: str, branch: str) -> str | None:
        return self.heads.get((app_id, branch))

    def tidy(self, app_id: str) -> None:
        """Nothing to pack."""

    def remove(self, app_id: str) -> None:
        self.heads = {key: head for key, head in self.heads.items() if key[0] != app_id}
        path = self._folder / f"{app_id}.git"
        if path.exists():
            path.rmdir()
