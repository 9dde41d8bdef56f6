"""What the parts of the store share: the rows, the lock, and what more than one of them does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import uuid4

from paas.domain.app import App
from paas.domain.build import Build
from paas.domain.event import Event
from paas.domain.release import Release, ReleaseStatus
from paas.domain.user import Token, User
from paas.errors import NotFound
from paas.ports.clock import Clock

Row = TypeVar("Row")


@dataclass
class Rows:
    """What the parts share."""

    clock: Clock
    lock: threading.RLock = field(default_factory=threading.RLock)
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    marks: dict[str, dict[str, int]] = field(default_factory=dict)  # by app
    scaled: dict[str, dict[str, int]] = field(default_factory=dict)  # by app
    releases: list[Release] = field(default_factory=list)
    followers: set[str] = field(default_factory=set)  # ids of releases that run whatever image is current by then
    builds: dict[str, Build] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)  # host name → app
    events: list[Event] = field(default_factory=list)

    def app(self, app_id: str) -> App:
        return found(self.apps.get(app_id), "app", app_id)

    def advance(self, app_id: str, **changes: Any) -> App:
        app = self.app(app_id)
        self.apps[app_id] = replace(app, generation=app.generation + 1, updated_at=self.clock.now(), **changes)
        return self.apps[app_id]

    def releases_of(self, app_id: str) -> list[Release]:
        self.app(app_id)
        return [r for r in self.releases if r.app_id == app_id]

    def current(self, app_id: str) -> Release:
        return [r for r in self.releases_of(app_id) if r.status is ReleaseStatus.SUCCEEDED][-1]

    def append(self, app_id: str, description: str, user_id: str, config: Mapping[str, str], **rest: Any) -> Release:
        version = len(self.releases_of(app_id)) + 1
        values = {"status": ReleaseStatus.PENDING, "created_at": self.clock.now(), **rest}
        release = Release(
            str(uuid4()), app_id, version, description=description, user_id=user_id, config=dict(config), **values
        )
        self.releases.append(release)
        self.record("release.create", f"Created release v{version}: {description}", user_id, app_id)
        return release

    def record(self, action: str, detail: str, user_id: str | None, app_id: str | None = None) -> None:
        event = Event(str(len(self.events) + 1), self.clock.now(), user_id, app_id, action, detail)
        self.events.append(event)


class Part:
    """One of the store's parts."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows


def first(rows: Iterable[Row], fits: Callable[[Row], bool], kind: str, ref: str) -> Row:
    """The row that fits. Raises `NotFound`."""
    return found(next((row for row in rows if fits(row)), None), kind, ref)


def found(row: Row | None, kind: str, ref: str) -> Row:
    """The row, if there is one. Raises `NotFound`."""
    if row is None:
        raise NotFound(kind, ref)
    return row
