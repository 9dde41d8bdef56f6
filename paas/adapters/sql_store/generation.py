"""The app's row as lock and counter: every change of what is wanted locks it first and raises its generation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from paas.adapters.sql_store.models import apps
from paas.domain.app import App
from paas.errors import NotFound

COLUMNS = (
    apps.c.id,
    apps.c.name,
    apps.c.owner_id,
    apps.c.created_at,
    apps.c.updated_at,
    apps.c.maintenance,
    apps.c.stack,
    apps.c.generation,
)  # in the order of `App`'s fields


def lock(connection: Connection, app_id: str) -> App:
    """The app, which nobody else changes before this transaction ends (on SQLite: nothing at all). Raises `NotFound`."""
    row = connection.execute(select(*COLUMNS).where(apps.c.id == app_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("app", app_id)
    return App(*row)


def advance(connection: Connection, app: App, now: datetime, **changes: Any) -> App:
    """The locked app with its generation raised and `changes` written."""
    values = {"generation": app.generation + 1, "updated_at": now, **changes}
    connection.execute(update(apps).where(apps.c.id == app.id).values(values))
    return replace(app, **values)
