"""One bin/up or bin/down of an instance at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from paas.config import Settings
from paas.errors import SetupFailed

FILE = "operator.lock"


@contextmanager
def hold(settings: Settings) -> Iterator[None]:
    """Raises `SetupFailed` at once if another one is at work; a killed one holds nothing."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise SetupFailed(
                f"Another bin/up or bin/down of the instance {settings.name} is at work.", "Wait until it has ended."
            ) from exc
        yield
