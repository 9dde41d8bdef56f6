"""A process: one running copy of a process type (Heroku's API and the DYNO variable call it a dyno)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ProcessState(StrEnum):
    """starting → up → stopping → gone; or crashed, which waits for its next start."""

    STARTING = "starting"
    UP = "up"
    STOPPING = "stopping"
    CRASHED = "crashed"


class Kind(StrEnum):
    """Why the process runs: it is part of the formation, somebody's one-off, or a release command."""

    FORMATION = "formation"
    RUN = "run"
    RELEASE = "release"


@dataclass(frozen=True)
class Process:
    """A container of an app, as the engine tells it (labels and state), nothing remembered by us."""

    id: str  # the engine's container id
    app_id: str
    kind: Kind
    type: str
    index: int
    release: int
    running: bool
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    out_of_memory: bool = False
    address: str | None = None  # IP address in the app's network; None when not running
    crashes: int = 0  # how many starts of this slot in a row ended in a crash, this container's own not counted
    command: str = ""
    restart: int = 0  # the app's restart mark it was started under: a lower one than wanted means replace

    @property
    def name(self) -> str:
        """`web.1`, `run.4821`."""
        return f"{self.type}.{self.index}"


def restart_delay(crashes: int) -> float:
    """Seconds to wait before a slot that crashed `crashes` times in a row is started again.

    At once after the first, then 5 s doubling up to 10 minutes (Heroku's article *Dyno crash restart policy*
    grows likewise, from an immediate restart to hours).
    """
    return 0.0 if crashes <= 1 else min(5.0 * 2 ** (crashes - 2), 600.0)
