"""Apps: list, create, info, rename and maintenance, destroy; and who may use one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import Blueprint, Response

from paas.domain.app import App
from paas.entrypoints.api import body, listing, serialize
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, find_app, find_user, services
from paas.errors import Invalid
from paas.pipeline import apps, maintenance, users

bp = Blueprint("apps", __name__)

# What people's scripts and clients ask for; all of it is our one stack.
_STACKS = re.compile(r"paas-\d+|heroku-\d+|cedar(-\d+)?|cnb")


@bp.get("/apps")
def index() -> Response:
    """All that the caller may use."""
    return _answer_list(services().store.apps.list(None if caller().is_admin else caller().id))


@bp.get("/users/<ref>/apps")
def of_user(ref: str) -> Response:
    return _answer_list(services().store.apps.list(users.find(services(), caller(), ref).id))


@bp.post("/apps")
def create() -> Response:
    given = body.read()
    name = body.text(given, "name")
    _check_stack(given, "stack")
    region = given.get("region")
    if (region.get("name") if isinstance(region, dict) else region) not in (None, "", serialize.REGION):
        raise Invalid("region", str(region), f"is not here: the only one is {serialize.REGION}")
    return answer(_shown(apps.create(services(), caller(), name or None)), 201)


@bp.get("/apps/<ref>")
def show(ref: str) -> Response:
    return answer(_shown(find_app(ref)))


@bp.patch("/apps/<ref>")
def update(ref: str) -> Response:
    app = find_app(ref)
    given = body.read()
    name, on = body.text(given, "name"), body.flag(given, "maintenance")
    _check_stack(given, "build_stack")
    if name is not None and name != app.name:
        app = apps.rename(services(), caller(), app, name)
    if on is not None:
        app = maintenance.set_maintenance(services(), caller(), app, on)
    return answer(_shown(app))


@bp.delete("/apps/<ref>")
def destroy(ref: str) -> Response:
    app = find_app(ref)
    shown = _shown(app)
    apps.destroy(services(), caller(), app)
    return answer(shown)


@bp.get("/apps/<ref>/collaborators")
def collaborators(ref: str) -> Response:
    """The owner: apps are not shared yet."""
    app = find_app(ref)
    owner = find_user(app.owner_id)
    return answer([serialize.collaborator(app, owner)] if owner else [])


def _answer_list(found: Sequence[App]) -> Response:
    attributes = {"name": lambda a: a.name, "id": lambda a: a.id}
    return listing.piece(found, attributes, _shown)


def _shown(app: App) -> serialize.Json:
    live = services().store.releases.current(app.id)
    return serialize.app(app, find_user(app.owner_id), live if live.slug else None, services().settings)


def _check_stack(given: dict[str, object], field: str) -> None:
    stack = given.get(field)
    if stack is not None and not (isinstance(stack, str) and _STACKS.fullmatch(stack)):
        raise Invalid(field, str(stack), "is not here: see GET /stacks")
