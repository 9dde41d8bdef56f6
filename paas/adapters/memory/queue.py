"""A queue that tests read."""

from __future__ import annotations


class MemoryQueue:
    """Implements `Queue`. `waiting` holds (job, id) in order: a test takes them out and runs them."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, str]] = []

    def build(self, build_id: str) -> None:
        self.waiting.append(("build", build_id))

    def converge(self, app_id: str) -> None:
        if ("converge", app_id) not in self.waiting:
            self.waiting.append(("converge", app_id))

    def release(self, release_id: str) -> None:
        self.waiting.append(("release", release_id))

    def queued_builds(self) -> set[str]:
        return {argument for job, argument in self.waiting if job == "build"}
