"""Apps: identity, switches, restart marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from uuid import uuid4

from sqlalchemy import delete, exc, insert, select, update

from paas.adapters.sql_store import events, generation, releases
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.models import apps, restarts, users
from paas.adapters.sql_store.secrets import ConfigCipher
from paas.domain.app import App
from paas.domain.release import ReleaseStatus
from paas.errors import NameTaken, NotFound
from paas.ports.clock import Clock

_UUID_LENGTH = 36  # names have 30 at most, so no ref can be both


class SqlApps:
    def __init__(self, database: Database, clock: Clock, cipher: ConfigCipher) -> None:
        self._database = database
        self._clock = clock
        self._cipher = cipher

    def add(self, name: str, owner_id: str) -> App:
        now = self._clock.now()
        app = App(str(uuid4()), name, owner_id, created_at=now, updated_at=now)
        with self._database.write() as connection:
            if connection.scalar(select(users.c.id).where(users.c.id == owner_id)) is None:
                raise NotFound("user", owner_id)
            try:
                connection.execute(insert(apps).values(astuple(app)))
            except exc.IntegrityError as error:
                raise NameTaken(name) from error
            first = releases.Draft(app.id, "Initial release", owner_id, config={}, status=ReleaseStatus.SUCCEEDED)
            releases.append(connection, first, now, self._cipher)
            events.record(connection, now, "app.create", f"Created app {name}", user_id=owner_id, app_id=app.id)
        return app

    def get(self, ref: str) -> App:
        is_ref = apps.c.id == ref if len(ref) == _UUID_LENGTH else apps.c.name == ref
        with self._database.read() as connection:
            row = connection.execute(select(*generation.COLUMNS).where(is_ref)).one_or_none()
        if row is None:
            raise NotFound("app", ref)
        return App(*row)

    def list(self, owner_id: str | None = None) -> Sequence[App]:
        wanted = select(*generation.COLUMNS).order_by(apps.c.name)
        if owner_id is not None:
            wanted = wanted.where(apps.c.owner_id == owner_id)
        with self._database.read() as connection:
            return [App(*row) for row in connection.execute(wanted)]

    def rename(self, app_id: str, name: str, user_id: str) -> App:
        now = self._clock.now()
        with self._database.write() as connection:
            app = generation.lock(connection, app_id)
            if app.name == name:
                return app
            try:
                renamed = generation.advance(connection, app, now, name=name)
            except exc.IntegrityError as error:
                raise NameTaken(name) from error
            detail = f"Renamed app {app.name} to {name}"
            events.record(connection, now, "app.rename", detail, user_id=user_id, app_id=app_id)
        return renamed

    def set_maintenance(self, app_id: str, on: bool, user_id: str) -> App:
        now = self._clock.now()
        with self._database.write() as connection:
            app = generation.lock(connection, app_id)
            if app.maintenance == on:
                return app
            app = generation.advance(connection, app, now, maintenance=on)
            action, detail = f"maintenance.{'on' if on else 'off'}", f"Turned maintenance {'on' if on else 'off'}"
            events.record(connection, now, action, detail, user_id=user_id, app_id=app_id)
        return app

    def request_restart(self, app_id: str, process: str | None, user_id: str) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            generation.advance(connection, generation.lock(connection, app_id), now)
            scope = {"app_id": app_id, "scope": process or ""}
            marked = connection.execute(update(restarts).filter_by(**scope).values(mark=restarts.c.mark + 1))
            if not marked.rowcount:
                connection.execute(insert(restarts).values(mark=1, **scope))
            detail = f"Restarted {process or 'all processes'}"
            events.record(connection, now, "process.restart", detail, user_id=user_id, app_id=app_id)

    def restart_marks(self, app_id: str) -> Mapping[str, int]:
        wanted = select(restarts.c.scope, restarts.c.mark).where(restarts.c.app_id == app_id)
        with self._database.read() as connection:
            return {row.scope: row.mark for row in connection.execute(wanted)}

    def remove(self, app_id: str, user_id: str) -> None:
        with self._database.write() as connection:
            try:
                app = generation.lock(connection, app_id)
            except NotFound:
                return
            connection.execute(delete(apps).where(apps.c.id == app_id))
            detail = f"Destroyed app {app.name}"
            events.record(connection, self._clock.now(), "app.destroy", detail, user_id=user_id, app_id=app_id)
