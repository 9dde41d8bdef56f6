"""Domains: host names of an app besides its own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exc, insert, select

from paas.adapters.sql_store import events, generation
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.models import domains
from paas.errors import DomainTaken, NotFound
from paas.ports.clock import Clock


class SqlDomains:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, app_id: str, hostname: str, user_id: str) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            app = generation.lock(connection, app_id)
            try:
                connection.execute(insert(domains).values(hostname=hostname, app_id=app_id, created_at=now))
            except exc.IntegrityError as error:
                raise DomainTaken(hostname) from error
            generation.advance(connection, app, now)
            events.record(connection, now, "domain.create", f"Added {hostname}", user_id=user_id, app_id=app_id)

    def list(self, app_id: str) -> Sequence[str]:
        wanted = select(domains.c.hostname).where(domains.c.app_id == app_id).order_by(domains.c.hostname)
        with self._database.read() as connection:
            return connection.scalars(wanted).all()

    def remove(self, app_id: str, hostname: str, user_id: str) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            app = generation.lock(connection, app_id)
            place = (domains.c.hostname == hostname) & (domains.c.app_id == app_id)
            if not connection.execute(delete(domains).where(place)).rowcount:
                raise NotFound("domain", hostname)
            generation.advance(connection, app, now)
            events.record(connection, now, "domain.destroy", f"Removed {hostname}", user_id=user_id, app_id=app_id)
