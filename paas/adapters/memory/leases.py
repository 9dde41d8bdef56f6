"""Leases among the threads of one process."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from paas.errors import LeaseTaken


class MemoryLeases:
    """Implements `Leases`."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @contextmanager
    def take(self, name: str, timeout: float) -> Iterator[None]:
        if not self._locks[name].acquire(timeout=max(timeout, 0)):
            raise LeaseTaken(name)
        try:
            yield
        finally:
            self._locks[name].release()

    def is_taken(self, name: str) -> bool:
        return self._locks[name].locked()
