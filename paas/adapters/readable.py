"""Waiting for a descriptor with poll(2): select(2) can't name one beyond 1023, and a busy process has such."""

from __future__ import annotations

import select
from typing import Protocol


class HasFileno(Protocol):
    """Sockets and files."""

    def fileno(self) -> int: ...


def readable(file: HasFileno | int, timeout: float) -> bool:
    """Whether there is something to read (or its end was reached) within `timeout` seconds."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(timeout * 1000))
