"""Users: who may act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from uuid import uuid4

from sqlalchemy import Connection, delete, exc, insert, select, update

from paas.adapters.sql_store import events
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.models import apps, users
from paas.domain.user import User
from paas.errors import EmailTaken, LastAdmin, NotFound, OwnsApps
from paas.ports.clock import Clock

COLUMNS = (
    users.c.id,
    users.c.email,
    users.c.is_admin,
    users.c.password_hash,
    users.c.created_at,
    users.c.must_change_password,
)  # in the order of `User`'s fields


class SqlUsers:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        email: str,
        password_hash: str,
        *,
        is_admin: bool,
        must_change_password: bool = False,
        by: str | None = None,
    ) -> User:
        now = self._clock.now()
        user = User(str(uuid4()), email, is_admin, password_hash, now, must_change_password)
        with self._database.write() as connection:
            try:
                connection.execute(insert(users).values(astuple(user)))
            except exc.IntegrityError as error:
                raise EmailTaken(email) from error
            role = "admin" if is_admin else "user"
            events.record(connection, now, "user.create", f"Added {role} {email}", user_id=by, app_id=None)
        return user

    def get(self, ref: str) -> User:
        is_ref = users.c.email == ref.lower() if "@" in ref else users.c.id == ref
        with self._database.read() as connection:
            row = connection.execute(select(*COLUMNS).where(is_ref)).one_or_none()
        if row is None:
            raise NotFound("user", ref)
        return User(*row)

    def list(self) -> Sequence[User]:
        with self._database.read() as connection:
            return [User(*row) for row in connection.execute(select(*COLUMNS).order_by(users.c.email))]

    def set_password(
        self, user_id: str, password_hash: str, *, must_change_password: bool = False, by: str | None = None
    ) -> None:
        with self._database.write() as connection:
            user = _lock(connection, user_id)
            connection.execute(
                update(users)
                .where(users.c.id == user_id)
                .values(password_hash=password_hash, must_change_password=must_change_password)
            )
            detail = f"Changed the password of {user.email}"
            events.record(connection, self._clock.now(), "user.password", detail, user_id=by, app_id=None)

    def remove(self, user_id: str, *, by: str | None = None) -> None:
        with self._database.write() as connection:
            # All admins are locked, so that two of them can't remove each other at the same moment.
            admins = connection.scalars(select(users.c.id).where(users.c.is_admin).with_for_update()).all()
            user = _lock(connection, user_id)
            owned = connection.scalars(
                select(apps.c.name).where(apps.c.owner_id == user_id).order_by(apps.c.name)
            ).all()
            if owned:
                raise OwnsApps(user.email, tuple(owned))
            if list(admins) == [user_id]:
                raise LastAdmin(user.email)
            connection.execute(delete(users).where(users.c.id == user_id))
            detail = f"Removed {user.email}"
            events.record(connection, self._clock.now(), "user.destroy", detail, user_id=by, app_id=None)


def _lock(connection: Connection, user_id: str) -> User:
    row = connection.execute(select(*COLUMNS).where(users.c.id == user_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("user", user_id)
    return User(*row)
