"""Formations: how many of each process type are wanted."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from paas.adapters.sql_store import events, generation, releases
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.models import formations
from paas.domain.formation import Scale, check_quantity, quantities
from paas.domain.release import Release, Slug
from paas.errors import NotFound
from paas.ports.clock import Clock


class SqlFormations:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, app_id: str, release: Release | None = None) -> dict[str, int]:
        with self._database.read() as connection:
            slug = release.slug if release else _current_slug(connection, app_id)
            return quantities(slug.process_types if slug else (), _scaled(connection, app_id))

    def scale(self, app_id: str, scales: Sequence[Scale], user_id: str) -> dict[str, int]:
        now = self._clock.now()
        with self._database.write() as connection:
            app = generation.lock(connection, app_id)
            slug = _current_slug(connection, app_id)
            scaled = _scaled(connection, app_id)
            before = quantities(slug.process_types if slug else (), scaled)
            after = {**before, **{s.type: check_quantity(s.type, s.quantity) for s in scales}}
            for unknown in after.keys() - before.keys():
                raise NotFound("process type", unknown)
            changed = {name: quantity for name, quantity in after.items() if quantity != before[name]}
            if not changed:
                return before
            for name, quantity in changed.items():
                _put(connection, app_id, name, quantity, exists=name in scaled)
            generation.advance(connection, app, now)
            detail = "Scaled to " + " ".join(f"{name}={quantity}" for name, quantity in changed.items())
            events.record(connection, now, "formation.scale", detail, user_id=user_id, app_id=app_id)
        return after


def _current_slug(connection: Connection, app_id: str) -> Slug | None:
    row = connection.execute(releases.current_of(app_id)).one_or_none()
    if row is None:
        raise NotFound("app", app_id)
    return releases.slug_of(row.slug)


def _scaled(connection: Connection, app_id: str) -> dict[str, int]:
    rows = connection.execute(select(formations.c.type, formations.c.quantity).where(formations.c.app_id == app_id))
    return {row.type: row.quantity for row in rows}


def _put(connection: Connection, app_id: str, name: str, quantity: int, *, exists: bool) -> None:
    if exists:
        place = (formations.c.app_id == app_id) & (formations.c.type == name)
        connection.execute(update(formations).where(place).values(quantity=quantity))
    else:
        connection.execute(insert(formations).values(app_id=app_id, type=name, quantity=quantity))
