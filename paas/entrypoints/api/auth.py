"""Who calls: a token in one of the forms that Heroku's clients send. Every route needs one unless it is named here."""

from __future__ import annotations

from flask import Flask, g, request

from paas.domain.user import User, token_digest
from paas.entrypoints.api.context import services
from paas.entrypoints.api.limits import RequestBudget
from paas.errors import PasswordExpired, Unauthenticated
from paas.pipeline.login import login

PUBLIC = frozenset({"health.show", "streams.log", "streams.build", "streams.release", "streams.run"})
"""Endpoints without a token. Streams have a signed, expiring secret in their URL instead: clients fetch them without auth."""

WITH_PASSWORD = frozenset({"tokens.create"})
"""Endpoints that take e-mail and password too: this is how a client comes by its first token."""


def install(app: Flask, budget: RequestBudget) -> None:
    """Denies by default: runs before every view, also of routes that nobody thought of here."""

    @app.before_request
    def authenticate() -> None:
        if request.endpoint in PUBLIC:
            return
        g.user = _user()
        g.requests_left = budget.spend(g.user.id)


def _user() -> User:
    """Bearer TOKEN; Basic with the token as password and any user name; on some endpoints Basic e-mail:password."""
    given = request.authorization
    secret = (given.token if given.type == "bearer" else given.password) if given is not None else None
    if given is None or not secret:
        raise Unauthenticated
    user = services().store.tokens.user_of(token_digest(secret))
    if user is not None:
        return user
    if request.endpoint in WITH_PASSWORD and given.type == "basic" and "@" in (given.username or ""):
        user = login(services(), given.username or "", secret, address=request.remote_addr or "")
        if user.must_change_password:
            raise PasswordExpired
        return user
    raise Unauthenticated
