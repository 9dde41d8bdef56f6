"""Account: who calls."""

from __future__ import annotations

from flask import Blueprint, Response, g

from paas.entrypoints.api import body, serialize
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, services
from paas.pipeline import users

bp = Blueprint("account", __name__)


@bp.get("/account")
def show() -> Response:
    return answer(serialize.account(caller()))


@bp.patch("/account")
def update() -> Response:
    """`{"password": "the old", "new_password": "the new"}` changes the password."""
    given = body.read()
    new = body.text(given, "new_password")
    if new is not None:
        users.set_password(services(), caller(), caller(), new, current=body.text(given, "password") or "")
    return answer(serialize.account(caller()))


@bp.get("/users/<ref>")
def show_user(ref: str) -> Response:
    return answer(serialize.account(users.find(services(), caller(), ref)))


@bp.get("/account/rate-limits")
def rate_limits() -> Response:
    return answer({"remaining": g.requests_left})
