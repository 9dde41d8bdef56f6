"""Users and tokens in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from paas.adapters.memory.store.rows import Part, first, found
from paas.domain.user import Token, User
from paas.errors import EmailTaken, LastAdmin, OwnsApps


class MemoryUsers(Part):
    def add(
        self,
        email: str,
        password_hash: str,
        *,
        is_admin: bool,
        must_change_password: bool = False,
        by: str | None = None,
    ) -> User:
        with self._rows.lock:
            if any(u.email == email for u in self._rows.users.values()):
                raise EmailTaken(email)
            user = User(str(uuid4()), email, is_admin, password_hash, self._rows.clock.now(), must_change_password)
            self._rows.users[user.id] = user
            self._rows.record("user.create", f"Added {'admin' if is_admin else 'user'} {email}", by)
            return user

    def get(self, ref: str) -> User:
        with self._rows.lock:
            users = self._rows.users.values()
            return first(users, lambda u: ref == u.id or ref.lower() == u.email, "user", ref)

    def list(self) -> Sequence[User]:
        with self._rows.lock:
            return sorted(self._rows.users.values(), key=lambda u: u.email)

    def set_password(
        self, user_id: str, password_hash: str, *, must_change_password: bool = False, by: str | None = None
    ) -> None:
        with self._rows.lock:
            user = found(self._rows.users.get(user_id), "user", user_id)
            changed = replace(user, password_hash=password_hash, must_change_password=must_change_password)
            self._rows.users[user_id] = changed
            self._rows.record("user.password", f"Changed the password of {user.email}", by)

    def remove(self, user_id: str, *, by: str | None = None) -> None:
        with self._rows.lock:
            user = found(self._rows.users.get(user_id), "user", user_id)
            owned = sorted(a.name for a in self._rows.apps.values() if a.owner_id == user_id)
            if owned:
                raise OwnsApps(user.email, tuple(owned))
            if [u.id for u in self._rows.users.values() if u.is_admin] == [user_id]:
                raise LastAdmin(user.email)
            del self._rows.users[user_id]
            self._rows.tokens = {k: t for k, t in self._rows.tokens.items() if t.user_id != user_id}
            self._rows.record("user.destroy", f"Removed {user.email}", by)


class MemoryTokens(Part):
    def add(self, user_id: str, digest: str, description: str) -> Token:
        with self._rows.lock:
            found(self._rows.users.get(user_id), "user", user_id)
            token = Token(str(uuid4()), user_id, digest, description, self._rows.clock.now())
            self._rows.tokens[token.id] = token
            self._rows.record("token.create", f"Created token “{description}”", user_id)
            return token

    def user_of(self, digest: str) -> User | None:
        with self._rows.lock:
            token = next((t for t in self._rows.tokens.values() if t.digest == digest), None)
            if token is None:
                return None
            now = self._rows.clock.now()
            if token.last_used_at is None or now - token.last_used_at >= timedelta(minutes=1):
                self._rows.tokens[token.id] = replace(token, last_used_at=now)
            return self._rows.users[token.user_id]

    def list(self, user_id: str) -> Sequence[Token]:
        with self._rows.lock:
            return [t for t in self._rows.tokens.values() if t.user_id == user_id]

    def revoke(self, token_id: str, user_id: str) -> None:
        with self._rows.lock:
            token = self._rows.tokens.get(token_id)
            if token and token.user_id == user_id:
                del self._rows.tokens[token_id]
                self._rows.record("token.destroy", f"Revoked token “{token.description}”", user_id)
