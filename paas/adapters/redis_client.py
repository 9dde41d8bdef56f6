"""The connection to Redis on its unix socket, made at the first command; Redis' errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from paas.errors import QueueUnavailable

READ_TIMEOUT = 5.0  # seconds; blocking commands ask for less than this at a time


def connect(socket: Path, *, text: bool = False) -> redis.Redis:
    """A client (a pool of connections, safe for threads and across forks). With `text`, answers are `str`, not bytes."""
    return redis.Redis(
        unix_socket_path=str(socket),
        socket_timeout=READ_TIMEOUT,
        # A quarter of a second of trying again: enough for a dropped connection, not for a restart, which callers wait for.
        retry=Retry(ExponentialBackoff(cap=0.15, base=0.02), retries=3),
        decode_responses=text,
        encoding_errors="replace",
    )


@contextmanager
def redis_errors(doing: str) -> Iterator[None]:
    """Turns every error of the client into `QueueUnavailable`."""
    try:
        yield
    except redis.RedisError as exc:
        raise QueueUnavailable(f"{doing}: {exc}") from exc
