"""Who acts: users and their tokens. Admins see all apps; everybody else the apps that they own."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from paas.domain.app import App
from paas.errors import Forbidden, Invalid

TOKEN_PREFIX = "paas-"  # noqa: S105  (a prefix by which secret scanners can find leaked tokens, not a secret)
_EMAIL = re.compile(r"[^@\s\"<>,;:\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True)
class User:
    id: str
    email: str
    is_admin: bool
    password_hash: str
    created_at: datetime
    must_change_password: bool = False


@dataclass(frozen=True)
class Token:
    """An API token. Only its SHA-256 is kept: a token is 256 random bits, so a slow hash would protect nothing."""

    id: str
    user_id: str
    digest: str
    description: str
    created_at: datetime
    last_used_at: datetime | None = None


def new_token() -> str:
    """A fresh secret, to be shown once."""
    return TOKEN_PREFIX + secrets.token_hex(32)


def token_digest(secret: str) -> str:
    """What the store keeps of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_email(email: str) -> str:
    """The address, lower-cased. Raises `Invalid`."""
    if not isinstance(email, str) or not _EMAIL.fullmatch(email) or len(email) > 254:
        raise Invalid("email", str(email), "is not an e-mail address")
    return email.lower()


def check_password(password: str) -> str:
    """The password, if it is long enough (NIST SP 800-63B 3.1.1: length, no composition rules)."""
    if not 12 <= len(password) <= 256:
        raise Invalid("password", "…", "must have 12 to 256 characters")
    return password


def may_use(user: User, app: App) -> bool:
    """Whether the user may see and change the app."""
    return user.is_admin or app.owner_id == user.id


def require_admin(user: User, action: str) -> None:
    """Raises `Forbidden` unless the user is an admin."""
    if not user.is_admin:
        raise Forbidden(action)
