"""Leases: one at a time does X to Y, and a dead holder holds nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Leases(Protocol):
    """Held by a process and its threads' agreement; let go when the process dies, however it dies."""

    def take(self, name: str, timeout: float) -> AbstractContextManager[None]:
        """Holds `name` for the block; waits up to `timeout` seconds (0: don't), then raises `LeaseTaken`."""

    def is_taken(self, name: str) -> bool:
        """Whether somebody holds it now."""
