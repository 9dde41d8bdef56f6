"""Releases: numbered per app without gaps, written once, finished once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, Select, insert, select, update

from paas.adapters.sql_store import events, generation
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.models import releases
from paas.adapters.sql_store.secrets import ConfigCipher
from paas.domain.formation import HealthCheck, ProcessType
from paas.domain.release import Release, ReleaseStatus, Slug
from paas.errors import NotFound
from paas.ports.clock import Clock

_VERSION = re.compile(r"v?([0-9]{1,9})")


@dataclass(frozen=True)
class Draft:
    """A release without its number."""

    app_id: str
    description: str
    user_id: str
    config: Mapping[str, str]
    slug: Slug | None = None
    build_id: str = ""
    follows_slug: bool = False  # see `Releases.finish`
    status: ReleaseStatus = ReleaseStatus.PENDING


class SqlReleases:
    def __init__(self, database: Database, clock: Clock, cipher: ConfigCipher) -> None:
        self._database = database
        self._clock = clock
        self._cipher = cipher

    def add(
        self,
        app_id: str,
        description: str,
        user_id: str,
        *,
        slug: Slug | None,
        config: Mapping[str, str] | None = None,
        build_id: str = "",
    ) -> Release:
        now = self._clock.now()
        with self._database.write() as connection:
            app = generation.lock(connection, app_id)
            wanted = newest_config(connection, app_id, self._cipher) if config is None else dict(config)
            release = append(connection, Draft(app_id, description, user_id, wanted, slug, build_id), now, self._cipher)
            generation.advance(connection, app, now)
        return release

    def get(self, app_id: str, ref: str) -> Release:
        version = _VERSION.fullmatch(ref)
        is_ref = releases.c.version == int(version[1]) if version else releases.c.id == ref
        with self._database.read() as connection:
            return self._one(connection, ref, releases.c.app_id == app_id, is_ref)

    def by_id(self, release_id: str) -> Release:
        with self._database.read() as connection:
            return self._one(connection, release_id, releases.c.id == release_id)

    def current(self, app_id: str) -> Release:
        with self._database.read() as connection:
            row = connection.execute(current_of(app_id)).one_or_none()
        if row is None:  # an app has a succeeded release from its first moment on
            raise NotFound("app", app_id)
        return _release(row, self._cipher)

    def list(self, app_id: str, *, descending: bool = True, limit: int | None = None) -> Sequence[Release]:
        order = releases.c.version.desc() if descending else releases.c.version
        wanted = select(releases).where(releases.c.app_id == app_id).order_by(order).limit(limit)
        with self._database.read() as connection:
            return [_release(row, self._cipher) for row in connection.execute(wanted)]

    def finish(self, release_id: str, status: ReleaseStatus, output: str = "") -> Release:
        now = self._clock.now()
        with self._database.write() as connection:
            app_id = connection.scalar(select(releases.c.app_id).where(releases.c.id == release_id))
            if app_id is None:
                raise NotFound("release", release_id)
            app = generation.lock(connection, app_id)
            release = self._one(connection, release_id, releases.c.id == release_id)
            if release.status is not ReleaseStatus.PENDING or status is ReleaseStatus.PENDING:
                return release
            connection.execute(
                update(releases).where(releases.c.id == release_id).values(status=status.value, output=output)
            )
            if status is ReleaseStatus.SUCCEEDED:
                _hand_on_slug(connection, release)
            detail = f"Release v{release.version} {status.value}: {release.description}"
            events.record(connection, now, f"release.{status.value}", detail, user_id=None, app_id=app_id)
            generation.advance(connection, app, now)
            return self._one(connection, release_id, releases.c.id == release_id)

    def pending(self) -> Sequence[Release]:
        wanted = select(releases).where(releases.c.status == ReleaseStatus.PENDING.value).order_by(releases.c.seq)
        with self._database.read() as connection:
            return [_release(row, self._cipher) for row in connection.execute(wanted)]

    def _one(self, connection: Connection, ref: str, *conditions: ColumnElement[bool]) -> Release:
        row = connection.execute(select(releases).where(*conditions)).one_or_none()
        if row is None:
            raise NotFound("release", ref)
        return _release(row, self._cipher)


def current_of(app_id: str) -> Select[*tuple[Any, ...]]:
    """The query for an app's newest succeeded release."""
    succeeded = (releases.c.app_id == app_id) & (releases.c.status == ReleaseStatus.SUCCEEDED.value)
    return select(releases).where(succeeded).order_by(releases.c.version.desc()).limit(1)


def newest_config(connection: Connection, app_id: str, cipher: ConfigCipher) -> dict[str, str]:
    """What the app's next release will carry: what its newest one does, however that ended. Raises `NotFound`."""
    newest = select(releases.c.config).where(releases.c.app_id == app_id).order_by(releases.c.version.desc()).limit(1)
    sealed = connection.scalar(newest)
    if sealed is None:
        raise NotFound("app", app_id)
    return cipher.open(sealed, app_id)


def append(connection: Connection, draft: Draft, now: datetime, cipher: ConfigCipher) -> Release:
    """Writes the app's next release. The app is locked, so nobody else takes the number."""
    newest = select(releases.c.version).where(releases.c.app_id == draft.app_id).order_by(releases.c.version.desc())
    version = (connection.scalar(newest.limit(1)) or 0) + 1
    release_id = str(uuid4())
    values = {
        "id": release_id,
        "app_id": draft.app_id,
        "version": version,
        "status": draft.status.value,
        "description": draft.description,
        "user_id": draft.user_id,
        "created_at": now,
        "config": cipher.seal(draft.config, draft.app_id),
        "slug": draft.slug and asdict(draft.slug),
        "build_id": draft.build_id,
        "follows_slug": draft.follows_slug,
        "output": "",
    }
    connection.execute(insert(releases).values(values))
    detail = f"Created release v{version}: {draft.description}"
    events.record(connection, now, "release.create", detail, user_id=draft.user_id, app_id=draft.app_id)
    return _release(connection.execute(select(releases).where(releases.c.id == release_id)).one(), cipher)


def slug_of(stored: dict[str, Any] | None) -> Slug | None:
    """The slug from its JSON."""
    if stored is None:
        return None
    types = tuple(ProcessType(t["name"], t["command"], tuple(t["args"])) for t in stored["process_types"])
    return Slug(**{**stored, "process_types": types, "health": HealthCheck(**stored["health"])})


def _hand_on_slug(connection: Connection, release: Release) -> None:
    later = (releases.c.app_id == release.app_id) & (releases.c.version > release.version)
    waiting = later & (releases.c.status == ReleaseStatus.PENDING.value) & releases.c.follows_slug
    connection.execute(update(releases).where(waiting).values(slug=release.slug and asdict(release.slug)))


def _release(row: Row[Any], cipher: ConfigCipher) -> Release:
    return Release(
        id=row.id,
        app_id=row.app_id,
        version=row.version,
        status=ReleaseStatus(row.status),
        description=row.description,
        user_id=row.user_id,
        created_at=row.created_at,
        config=cipher.open(row.config, row.app_id),
        slug=slug_of(row.slug),
        output=row.output,
        build_id=row.build_id,
    )
