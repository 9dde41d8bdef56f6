"""Bounds on what one account, and all together, may ask of the web process."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from paas.errors import RateLimited, TooManyStreams
from paas.ports.clock import Clock

HOUR = 3600.0
UNLIMITED = 1_000_000  # what is told to be left when there is no limit: clients wait when it nears zero
MAX_STREAMS = 36  # each holds one of the web process's 64 threads


@dataclass
class _Bucket:
    left: float
    at: float


class RequestBudget:
    """`limit` requests an hour for each account, given back evenly. In memory: a restart gives all back, which harms nobody."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def spend(self, user_id: str) -> int:
        """Takes one; how many are left. Raises `RateLimited`."""
        if not self._limit:
            return UNLIMITED
        now = self._clock.monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(user_id, _Bucket(self._limit, now))
            rate = self._limit / HOUR
            bucket.left = min(self._limit, bucket.left + (now - bucket.at) * rate)
            bucket.at = now
            if bucket.left < 1:
                raise RateLimited(self._limit, (1 - bucket.left) / rate)
            bucket.left -= 1
            return int(bucket.left)


class StreamSlots:
    """At most `limit` streams at once, so that threads are left for everything else."""

    def __init__(self, limit: int = MAX_STREAMS) -> None:
        self._limit = limit
        self._free = threading.Semaphore(limit)

    def take(self) -> None:
        """Raises `TooManyStreams`. Each slot taken is to be given back once."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreams(self._limit)

    def give_back(self) -> None:
        self._free.release()
