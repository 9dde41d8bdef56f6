"""Tokens: what API, git and command line authenticate with. Only digests are here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, exc, insert, select, update

from paas.adapters.sql_store import events
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.models import tokens, users
from paas.adapters.sql_store.users import COLUMNS as USER_COLUMNS
from paas.domain.user import Token, User
from paas.errors import NotFound, StoreBusy
from paas.ports.clock import Clock

_NOTED_EVERY = timedelta(minutes=1)  # each request would be a write otherwise


class SqlTokens:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, user_id: str, digest: str, description: str) -> Token:
        now = self._clock.now()
        token = Token(str(uuid4()), user_id, digest, description, now)
        with self._database.write() as connection:
            try:
                connection.execute(
                    insert(tokens).values(
                        id=token.id, user_id=user_id, digest=digest, description=description, created_at=now
                    )
                )
            except exc.IntegrityError as error:
                raise NotFound("user", user_id) from error
            events.record(
                connection, now, "token.create", f"Created token “{description}”", user_id=user_id, app_id=None
            )
        return token

    def user_of(self, digest: str) -> User | None:
        wanted = select(*USER_COLUMNS, tokens.c.id, tokens.c.last_used_at).join_from(tokens, users)
        with self._database.read() as connection:
            row = connection.execute(wanted.where(tokens.c.digest == digest)).one_or_none()
        if row is None:
            return None
        *user, token_id, last_used_at = row
        now = self._clock.now()
        if last_used_at is None or now - last_used_at >= _NOTED_EVERY:
            # A busy database is no reason to turn anybody away.
            with suppress(StoreBusy), self._database.write() as connection:
                connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=now))
        return User(*user)

    def list(self, user_id: str) -> Sequence[Token]:
        wanted = select(
            tokens.c.id,
            tokens.c.user_id,
            tokens.c.digest,
            tokens.c.description,
            tokens.c.created_at,
            tokens.c.last_used_at,
        ).where(tokens.c.user_id == user_id)
        with self._database.read() as connection:
            return [Token(*row) for row in connection.execute(wanted.order_by(tokens.c.created_at, tokens.c.id))]

    def revoke(self, token_id: str, user_id: str) -> None:
        with self._database.write() as connection:
            mine = (tokens.c.id == token_id) & (tokens.c.user_id == user_id)
            description = connection.scalar(select(tokens.c.description).where(mine))
            if description is None:
                return
            connection.execute(delete(tokens).where(mine))
            detail = f"Revoked token “{description}”"
            events.record(connection, self._clock.now(), "token.destroy", detail, user_id=user_id, app_id=None)
