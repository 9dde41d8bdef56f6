"""Logs: app log streams, build logs, and signals that something changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class LogLine:
    """One line of an app's log. `source` is "app" or "heroku" (the platform); `process` "web.1", "router", "api", "run.12"."""

    at: datetime
    source: str
    process: str
    text: str
    id: str = ""  # position in the stream, set by the stream

    def render(self) -> str:
        """`2026-01-01T00:00:00.123456+00:00 app[web.1]: text`, the format of Heroku's article *Logging*."""
        return f"{self.at.isoformat(timespec='microseconds')} {self.source}[{self.process}]: {self.text}"


class AppLogs(Protocol):
    """The newest 1,500 lines of each app. May be lost; raises `QueueUnavailable` when Redis does not answer."""

    def append(self, app_id: str, lines: Sequence[LogLine]) -> None:
        """Texts over 10,000 bytes are split, as on Heroku."""

    def tail(self, app_id: str, count: int, *, source: str | None = None, process: str | None = None) -> list[LogLine]:
        """The newest `count` lines that fit, oldest first. `process` "web" fits all of that type, "web.1" just one."""

    def follow(self, app_id: str, after: str, *, heartbeat: float = 15.0) -> Iterator[LogLine | None]:
        """Lines after that id ("$": from now on; "": from the start) without end; None when nothing came for `heartbeat` seconds."""

    def drop(self, app_id: str) -> None:
        """Forgets a deleted app's log."""


class BuildLogs(Protocol):
    """The log of each build: a file, so that nothing is lost, whoever dies."""

    def append(self, build_id: str, text: str) -> None:
        """Adds text; followers see it at once."""

    def close(self, build_id: str) -> None:
        """Nothing more will come: followers end."""

    def read(self, build_id: str) -> str:
        """All of it so far."""

    def follow(self, build_id: str, offset: int = 0, *, heartbeat: float = 10.0) -> Iterator[str]:
        """Text from that byte on, as it comes, until closed; an empty string when nothing came for `heartbeat` seconds."""


class Signals(Protocol):
    """Tells open pages that something of an app changed. Best effort: a lost signal costs a late page, no more."""

    def notify(self, app_id: str, what: str) -> None:
        """`what`: "processes", "formation", "releases", "builds", "config", "app". Never raises."""

    def listen(self, app_id: str | None, *, heartbeat: float = 15.0) -> Iterator[tuple[str, str] | None]:
        """(app id, what) as they come, of one app or of all; None when nothing came for `heartbeat` seconds."""
