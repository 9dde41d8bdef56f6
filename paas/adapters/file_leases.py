"""Leases as locks on files: the kernel lets go of them when their holder dies, so there are no stale ones to clear."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paas.errors import Invalid, LeaseTaken

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FLOCK = struct.Struct("@hhqqi0q")  # struct flock of fcntl(2): type, whence, start, length (0: whole file), pid
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05  # seconds


class FileLeases:
    """Implements `Leases` with open-file-description locks (fcntl(2)): each `take` opens the file anew, so threads exclude
    one another as processes do; and unlike flock(2) they let `is_taken` ask without taking.

    A child forked while a lease is held holds it, too, until both have let go or died. Programs that are started don't
    (the file is closed on exec). So: no fork without exec within a lease.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def take(self, name: str, timeout: float) -> Iterator[None]:
        held = self._wait_for(self._path(name), name, timeout)
        try:
            yield
        finally:
            # Removed while still held: whoever waits for it finds that out (`_is_current`) and opens the next one.
            self._path(name).unlink(missing_ok=True)
            os.close(held)

    def is_taken(self, name: str) -> bool:
        try:
            fd = os.open(self._path(name), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _flock())
            return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
        finally:
            os.close(fd)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Invalid("lease", name, "must have up to 100 letters, digits, dots, dashes and underscores")
        return self._folder / name

    def _wait_for(self, path: Path, name: str, timeout: float) -> int:
        """The descriptor that holds the lock. The kernel has no lock with a timeout, so this asks again and again."""
        deadline = time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while (fd := _try(path)) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise LeaseTaken(name)
            time.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)
        return fd


def _try(path: Path) -> int | None:
    """Opens and locks the file; None if somebody else has it locked."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _flock())
        except OSError as exc:
            os.close(fd)
            if exc.errno in (errno.EACCES, errno.EAGAIN):
                return None
            raise
        if _is_current(fd, path):
            return fd
        os.close(fd)  # its holder removed it between our two calls: what we have locked is not the lease any more


def _is_current(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def _flock() -> bytes:
    return _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
