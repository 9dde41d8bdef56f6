"""Users and their tokens. Admins make and remove users; everybody has tokens and a password of their own."""

from __future__ import annotations

from collections.abc import Sequence

from paas.bootstrap import Services
from paas.domain.user import Token, User, check_email, check_password, new_token, require_admin, token_digest
from paas.errors import Invalid, NotFound
from paas.pipeline import passwords

MAX_DESCRIPTION = 200


def create(
    services: Services, user: User, email: str, password: str | None = None, *, is_admin: bool = False
) -> tuple[User, str]:
    """The new user and the password. Without one given, a one-time password is made. Raises `Invalid`, `EmailTaken`, `Forbidden`."""
    require_admin(user, "create users")
    return _add(services, email, password, is_admin=is_admin, by=user.id)


def create_first_admin(services: Services, email: str) -> tuple[User, str] | None:
    """For installation: an admin with a one-time password; None if there are users already."""
    if services.store.users.list():
        return None
    return _add(services, email, None, is_admin=True, by=None)


def everybody(services: Services, user: User) -> Sequence[User]:
    """All users. Raises `Forbidden`."""
    require_admin(user, "list all users")
    return services.store.users.list()


def find(services: Services, user: User, ref: str) -> User:
    """By id or e-mail address, "~" being the caller. Raises `NotFound`, also for everybody else unless an admin asks."""
    if ref in ("~", user.id) or ref.lower() == user.email:
        return user
    if not user.is_admin or len(ref) > 254 or not ref.isprintable():
        raise NotFound("user", ref[:80])
    return services.store.users.get(ref)


def remove(services: Services, user: User, target: User) -> None:
    """Raises `OwnsApps`, `LastAdmin`, `Forbidden`."""
    require_admin(user, "remove users")
    services.store.users.remove(target.id, by=user.id)


def set_password(services: Services, user: User, target: User, password: str, *, current: str | None = None) -> None:
    """Whose own it is gives the `current` one too. An admin's choice for somebody else is a one-time password.

    Raises `Invalid`, `Forbidden`.
    """
    own = user.id == target.id
    if not own:
        require_admin(user, "set other people's passwords")
    elif current is None or not passwords.fits(current, target.password_hash):
        raise Invalid("current password", "…", "does not fit")
    hashed = passwords.hash_password(check_password(password))
    services.store.users.set_password(target.id, hashed, must_change_password=not own, by=user.id)


def reset_password(services: Services, target: User) -> str:
    """For root on the server: the user's new one-time password."""
    chosen = passwords.generated()
    services.store.users.set_password(target.id, passwords.hash_password(chosen), must_change_password=True)
    services.store.events.add("user.password", f"Reset the password of {target.email}", user_id=None, app_id=None)
    return chosen


def create_token(services: Services, user: User, description: str = "") -> tuple[Token, str]:
    """The token and its secret, which is shown once and kept nowhere. Raises `Invalid`."""
    if len(description) > MAX_DESCRIPTION or not description.isprintable():
        raise Invalid("description", description, f"must have at most {MAX_DESCRIPTION} printable characters")
    secret = new_token()
    token = services.store.tokens.add(user.id, token_digest(secret), description)
    return token, secret


def find_token(services: Services, user: User, token_id: str) -> Token:
    """One of the user's own. Raises `NotFound`."""
    for token in services.store.tokens.list(user.id):
        if token.id == token_id:
            return token
    raise NotFound("authorization", token_id[:80])


def revoke_token(services: Services, user: User, token_id: str) -> Token:
    """What was revoked. Raises `NotFound`."""
    token = find_token(services, user, token_id)
    services.store.tokens.revoke(token.id, user.id)
    return token


def _add(services: Services, email: str, password: str | None, *, is_admin: bool, by: str | None) -> tuple[User, str]:
    chosen = check_password(password) if password is not None else passwords.generated()
    added = services.store.users.add(
        check_email(email),
        passwords.hash_password(chosen),
        is_admin=is_admin,
        must_change_password=password is None,
        by=by,
    )
    return added, chosen
