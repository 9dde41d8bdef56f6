"""Attached runs that were asked for and wait for their client to connect: good once, and not for long."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from paas.errors import NotFound, TooManyStreams
from paas.ports.clock import Clock

WAIT = 60.0  # seconds
MAX_PENDING = 200


@dataclass(frozen=True)
class PendingRun:
    """Everything that the start of the process needs."""

    app_id: str
    user_id: str
    command: str
    env: Mapping[str, str]
    tty: bool
    index: int
    until: float


class PendingRuns:
    """By secret. Kept in memory, not in the URL: commands and variables may hold secrets, and URLs are logged."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._runs: dict[str, PendingRun] = {}
        self._lock = threading.Lock()

    def add(self, app_id: str, user_id: str, command: str, env: Mapping[str, str], *, tty: bool, index: int) -> str:
        """The secret to come back with. Raises `TooManyStreams`."""
        now = self._clock.monotonic()
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._runs = {key: run for key, run in self._runs.items() if run.until > now}
            if len(self._runs) >= MAX_PENDING:
                raise TooManyStreams(MAX_PENDING)
            self._runs[secret] = PendingRun(app_id, user_id, command, env, tty, index, now + WAIT)
        return secret

    def take(self, secret: str) -> PendingRun:
        """Raises `NotFound` for a secret that is unknown, used or too old."""
        with self._lock:
            run = self._runs.pop(secret, None)
        if run is None or run.until <= self._clock.monotonic():
            raise NotFound("run", "")
        return run
