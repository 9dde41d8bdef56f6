"""Who works alone: one bin/up or bin/down per instance; one that installs per machine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paas.config import Settings
from paas.errors import SetupFailed

INSTANCE_FILE = "operator.lock"
_MACHINE = Path("/run/lock/paas-install.lock")


@contextmanager
def instance(settings: Settings) -> Iterator[None]:
    """Raises `SetupFailed` at once if another one is at work; a killed one holds nothing."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / INSTANCE_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise SetupFailed(
                f"Another bin/up or bin/down of the instance {settings.name} is at work.", "Wait until it has ended."
            ) from exc
        yield


@contextmanager
def machine() -> Iterator[None]:
    """Two instances may be brought up at once: one of them installs, the other waits and finds it done."""
    _MACHINE.parent.mkdir(parents=True, exist_ok=True)
    with _MACHINE.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
