"""Tokens: OAuth authorizations in Heroku's words. The first one comes from e-mail and password (see `auth`)."""

from __future__ import annotations

from flask import Blueprint, Response

from paas.entrypoints.api import body, listing, serialize
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, services
from paas.errors import NotFound
from paas.pipeline import users

bp = Blueprint("tokens", __name__)


@bp.get("/oauth/authorizations")
def index() -> Response:
    tokens = services().store.tokens.list(caller().id)
    return listing.piece(tokens, {"id": lambda t: t.id}, lambda t: serialize.authorization(t, caller()))


@bp.post("/oauth/authorizations")
def create() -> Response:
    token, secret = users.create_token(services(), caller(), body.text(body.read(), "description") or "")
    return answer(serialize.authorization(token, caller(), secret), 201)


@bp.get("/oauth/authorizations/<token_id>")
def show(token_id: str) -> Response:
    return answer(serialize.authorization(users.find_token(services(), caller(), token_id), caller()))


@bp.delete("/oauth/authorizations/<token_id>")
def remove(token_id: str) -> Response:
    return answer(serialize.authorization(users.revoke_token(services(), caller(), token_id), caller()))


@bp.delete("/oauth/sessions/<session_id>")
def remove_session(session_id: str) -> Response:
    """There are no sessions besides tokens. The Heroku CLI asks when it logs out, and goes on after this answer."""
    raise NotFound("session", session_id[:80])
