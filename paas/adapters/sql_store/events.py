"""Events: the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.models import events
from paas.domain.event import Event
from paas.ports.clock import Clock


class SqlEvents:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, app_id: str | None = None, limit: int = 100) -> Sequence[Event]:
        wanted = select(
            events.c.seq, events.c.at, events.c.user_id, events.c.app_id, events.c.action, events.c.detail
        ).order_by(events.c.seq.desc())
        if app_id is not None:
            wanted = wanted.where(events.c.app_id == app_id)
        with self._database.read() as connection:
            return [Event(str(seq), *rest) for seq, *rest in connection.execute(wanted.limit(limit))]

    def add(self, action: str, detail: str, *, user_id: str | None, app_id: str | None) -> None:
        with self._database.write() as connection:
            record(connection, self._clock.now(), action, detail, user_id=user_id, app_id=app_id)


def record(
    connection: Connection, now: datetime, action: str, detail: str, *, user_id: str | None, app_id: str | None
) -> None:
    """Writes the event of a change, in the transaction of the change."""
    values = {"at": now, "action": action, "detail": detail, "user_id": user_id, "app_id": app_id}
    connection.execute(insert(events).values(values))
