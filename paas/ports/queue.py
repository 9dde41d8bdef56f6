"""Queue: asks a worker to do something soon. May be lost; the store is the truth and the controller asks again."""

from __future__ import annotations

from typing import Protocol


class Queue(Protocol):
    """Jobs carry ids only. Raises `QueueUnavailable`."""

    def build(self, build_id: str) -> None:
        """Run the build, on the builds' own workers (bounded concurrency)."""

    def converge(self, app_id: str) -> None:
        """Bring the app to what is wanted, on the workers for short jobs."""

    def release(self, release_id: str) -> None:
        """Carry a pending release (config change, rollback) through release command and switch."""

    def queued_builds(self) -> set[str]:
        """Ids of builds that wait for a worker, for the reaper to compare with the store. (Those that run hold a lease.)"""
