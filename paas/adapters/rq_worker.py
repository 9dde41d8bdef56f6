"""The other end of `rq_queue`: takes jobs and runs them, for good. Builds in a fork each; short jobs in place."""

from __future__ import annotations

import redis
from rq import Queue, SimpleWorker, Worker

from paas.adapters.rq_queue import queue_name
from paas.config import Settings


def connect(settings: Settings) -> redis.Redis:
    """The workers' client. Opens nothing yet: made once before they are forked, it costs each of them 3 MB less."""
    return redis.Redis(unix_socket_path=str(settings.redis_socket))


def work(connection: redis.Redis, settings: Settings, slot: str) -> None:
    """Works on the queue `slot` ("builds" or "short") until SIGTERM.

    A build gets a process of its own, so that one that goes wrong takes nothing with it; a short job saves the 15 ms.
    """
    worker = Worker if slot == "builds" else SimpleWorker
    worker([Queue(queue_name(settings, slot), connection=connection)], connection=connection).work(logging_level="WARNING")
