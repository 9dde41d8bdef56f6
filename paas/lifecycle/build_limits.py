"""What ends a build before its time: the clock, somebody who cancels it, a disk that fills up."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from paas.errors import BuildCancelled, BuildTimedOut
from paas.lifecycle.workspace import check_free

_CHECK_EVERY = 0.5  # seconds: the question costs a query


class BuildLimits:
    """`check` may be called as often as one likes. `phase` is what a timeout is blamed on."""

    def __init__(self, timeout: float, disk: Path, min_free: int, cancelled: Callable[[], bool]) -> None:
        self.phase = "unpack"
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._disk = disk
        self._min_free = min_free
        self._cancelled = cancelled
        self._next_look = 0.0

    def check(self) -> None:
        """Raises `BuildTimedOut`, `BuildCancelled`, `DiskLow`."""
        now = time.monotonic()
        if now >= self._deadline:
            raise BuildTimedOut(self.phase, self._timeout)
        if now < self._next_look:
            return
        self._next_look = now + _CHECK_EVERY
        if self._cancelled():
            raise BuildCancelled
        check_free(self._disk, self._min_free)

    def enter(self, phase: str) -> None:
        """A phase begins, unless the build is to end."""
        self.phase = phase
        self._next_look = 0.0
        self.check()
