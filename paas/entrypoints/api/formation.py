"""Formation: how many processes of each type. Quantities may be strings, and relative ("+1"), as clients send them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from paas.domain.app import App
from paas.domain.formation import Scale, parse_quantity
from paas.entrypoints.api import body, serialize
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, find_app, services, warn
from paas.errors import Invalid, NotFound
from paas.pipeline.scale import scale

bp = Blueprint("formation", __name__)

MAX_UPDATES = 100


@bp.get("/apps/<ref>/formation")
def index(ref: str) -> Response:
    return answer(_all(find_app(ref)))


@bp.get("/apps/<ref>/formation/<type_ref>")
def show(ref: str, type_ref: str) -> Response:
    return answer(_one(find_app(ref), type_ref))


@bp.patch("/apps/<ref>/formation")
def update_many(ref: str) -> Response:
    """`{"updates": [{"type": "web", "quantity": "+1", "size": …}]}`: all or none of them."""
    app = find_app(ref)
    updates = body.read().get("updates")
    if not isinstance(updates, list) or not updates or len(updates) > MAX_UPDATES:
        raise Invalid("updates", "", f"must be a list of 1 to {MAX_UPDATES} changes")
    _apply(app, [(update, _type(update)) for update in updates])
    return answer(_all(app))


@bp.patch("/apps/<ref>/formation/<type_ref>")
def update_one(ref: str, type_ref: str) -> Response:
    app = find_app(ref)
    name = _one(app, type_ref)["type"]
    _apply(app, [(body.read(), name)])
    return answer(_one(app, name))


def _apply(app: App, updates: list[tuple[dict[str, Any], str]]) -> None:
    quantities = services().store.formations.get(app.id)
    scales: dict[str, Scale] = {}
    for update, name in updates:
        if update.get("size") or update.get("dyno_size"):
            warn("Sizes are not told apart here: each process has the same share of memory and processor.")
        quantity = update.get("quantity")
        if quantity is None:
            continue
        if not isinstance(quantity, int | str):
            raise Invalid("quantity", str(quantity), f"of {name} must be a number, or +n or -n")
        scales[name] = Scale(name, parse_quantity(name, quantity, quantities))
        quantities = {**quantities, name: scales[name].quantity}
    if scales:
        scale(services(), caller(), app, list(scales.values()))


def _type(update: Any) -> str:
    if not isinstance(update, dict):
        raise Invalid("updates", str(update), "must hold objects")
    return body.required_text(update, "type")


def _all(app: App) -> list[serialize.Json]:
    slug = services().store.releases.current(app.id).slug
    quantities = services().store.formations.get(app.id)
    types = sorted(slug.process_types, key=lambda t: (not t.is_web, t.name)) if slug else []
    return [serialize.formation(app, t, quantities.get(t.name, 0)) for t in types]


def _one(app: App, type_ref: str) -> serialize.Json:
    for shown in _all(app):
        if type_ref in (shown["type"], shown["id"]):
            return shown
    raise NotFound("process type", type_ref[:80])
