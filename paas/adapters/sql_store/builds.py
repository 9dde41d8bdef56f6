"""Builds: the rows that the queue's jobs only point to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, exc, insert, select, update

from paas.adapters.sql_store import events
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.models import builds
from paas.domain.build import MAX_ATTEMPTS, Build, BuildStatus
from paas.errors import BuildEnded, NotFound
from paas.ports.clock import Clock

_UNFINISHED = [status.value for status in BuildStatus if not status.is_final]


class SqlBuilds:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, build: Build) -> Build:
        values = {**asdict(build), "status": build.status.value}
        detail = f"Started a build of {build.source_version or 'the given source'}"
        with self._database.write() as connection:
            try:
                connection.execute(insert(builds).values(values))
            except exc.IntegrityError as error:
                raise NotFound("app", build.app_id) from error
            events.record(
                connection, build.created_at, "build.create", detail, user_id=build.user_id, app_id=build.app_id
            )
        return build

    def get(self, build_id: str) -> Build:
        with self._database.read() as connection:
            return _get(connection, build_id)

    def list(self, app_id: str, limit: int = 50) -> Sequence[Build]:
        wanted = select(builds).where(builds.c.app_id == app_id).order_by(builds.c.seq.desc()).limit(limit)
        with self._database.read() as connection:
            return [_build(row) for row in connection.execute(wanted)]

    def unfinished(self) -> Sequence[Build]:
        wanted = select(builds).where(builds.c.status.in_(_UNFINISHED)).order_by(builds.c.seq)
        with self._database.read() as connection:
            return [_build(row) for row in connection.execute(wanted)]

    def start(self, build_id: str) -> Build:
        with self._database.write() as connection:
            build = _get(connection, build_id, lock=True)
            if build.status.is_final or build.attempt >= MAX_ATTEMPTS:
                raise BuildEnded(build_id, build.status.value, build.attempt)
            connection.execute(
                update(builds)
                .where(builds.c.id == build_id)
                .values(status=BuildStatus.RUNNING.value, attempt=build.attempt + 1, started_at=self._clock.now())
            )
            return _get(connection, build_id)

    def finish(
        self,
        build_id: str,
        status: BuildStatus,
        *,
        failure: str = "",
        image: str | None = None,
        release_id: str | None = None,
        buildpacks: tuple[str, ...] = (),
    ) -> Build:
        now = self._clock.now()
        with self._database.write() as connection:
            build = _get(connection, build_id, lock=True)
            if build.status.is_final or not status.is_final:
                return build
            connection.execute(
                update(builds)
                .where(builds.c.id == build_id)
                .values(
                    status=status.value,
                    ended_at=now,
                    failure=failure,
                    image=image,
                    release_id=release_id,
                    buildpacks=buildpacks,
                )
            )
            detail = f"Build of {build.source_version or 'the given source'} {status.value}"
            events.record(connection, now, f"build.{status.value}", detail, user_id=None, app_id=build.app_id)
            return _get(connection, build_id)


def _get(connection: Connection, build_id: str, *, lock: bool = False) -> Build:
    wanted = select(builds).where(builds.c.id == build_id)
    row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise NotFound("build", build_id)
    return _build(row)


def _build(row: Row[Any]) -> Build:
    return Build(
        id=row.id,
        app_id=row.app_id,
        user_id=row.user_id,
        status=BuildStatus(row.status),
        created_at=row.created_at,
        source_version=row.source_version,
        source_description=row.source_description,
        source_url=row.source_url,
        attempt=row.attempt,
        started_at=row.started_at,
        ended_at=row.ended_at,
        release_id=row.release_id,
        image=row.image,
        failure=row.failure,
        buildpacks=tuple(row.buildpacks),
    )
