"""Users: our own addition, for administrators."""

from __future__ import annotations

from flask import Blueprint, Response

from paas.entrypoints.api import body, serialize
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, services
from paas.pipeline import users

bp = Blueprint("users", __name__)


@bp.get("/users")
def index() -> Response:
    return answer([serialize.user(someone) for someone in users.everybody(services(), caller())])


@bp.post("/users")
def create() -> Response:
    """`{"email", "password"?, "admin"?}`; without a password a one-time password is made, and told in the answer."""
    given = body.read()
    added, password = users.create(
        services(),
        caller(),
        body.required_text(given, "email"),
        body.text(given, "password"),
        is_admin=body.flag(given, "admin") or False,
    )
    shown = serialize.user(added)
    return answer({**shown, "password": password} if added.must_change_password else shown, 201)


@bp.patch("/users/<ref>")
def update(ref: str) -> Response:
    """`{"password"}`: a one-time password for somebody else."""
    target = users.find(services(), caller(), ref)
    given = body.read()
    users.set_password(
        services(),
        caller(),
        target,
        body.required_text(given, "password"),
        current=body.text(given, "current_password"),
    )
    return answer(serialize.user(services().store.users.get(target.id)))


@bp.delete("/users/<ref>")
def remove(ref: str) -> Response:
    target = users.find(services(), caller(), ref)
    users.remove(services(), caller(), target)
    return answer(serialize.user(target))
