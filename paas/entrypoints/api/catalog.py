"""Catalog: regions and stacks (one each), and what is not here yet, as the empty lists that clients cope with."""

from __future__ import annotations

from flask import Blueprint, Response

from paas.domain.app import App
from paas.entrypoints.api import serialize
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import find_app
from paas.errors import NotFound

bp = Blueprint("catalog", __name__)

_SINCE = "2026-01-01T00:00:00Z"
_STACK = App.stack


@bp.get("/regions")
def regions() -> Response:
    return answer([_region()])


@bp.get("/regions/<ref>")
def region(ref: str) -> Response:
    return _named(_region(), "region", ref)


@bp.get("/stacks")
def stacks() -> Response:
    return answer([_stack()])


@bp.get("/stacks/<ref>")
def stack(ref: str) -> Response:
    return _named(_stack(), "stack", ref)


@bp.get("/apps/<ref>/available-stacks")
def available_stacks(ref: str) -> Response:
    find_app(ref)
    return answer([_stack()])


@bp.get("/apps/<ref>/addons")
@bp.get("/apps/<ref>/addon-attachments")
@bp.get("/apps/<ref>/buildpack-installations")
@bp.get("/apps/<ref>/features")
@bp.get("/apps/<ref>/log-drains")
@bp.get("/apps/<ref>/sni-endpoints")
@bp.get("/apps/<ref>/webhooks")
def nothing_of_app(ref: str) -> Response:
    find_app(ref)
    return answer([])


@bp.get("/account/app-transfers")
@bp.get("/account/features")
@bp.get("/account/keys")
@bp.get("/addon-attachments")
@bp.get("/addons")
@bp.get("/pipelines")
@bp.get("/spaces")
@bp.get("/teams")
def nothing() -> Response:
    return answer([])


@bp.get("/apps/<ref>/pipeline-couplings")
def no_coupling(ref: str) -> Response:
    raise NotFound("pipeline_coupling", find_app(ref).name)


def _named(item: serialize.Json, kind: str, ref: str) -> Response:
    if ref not in (item["id"], item["name"]):
        raise NotFound(kind, ref[:80])
    return answer(item)


def _region() -> serialize.Json:
    return {
        "country": "",
        "created_at": _SINCE,
        "description": "This server",
        "id": serialize.fixed_id("region", serialize.REGION),
        "locale": "",
        "name": serialize.REGION,
        "private_capable": False,
        "provider": {"name": "paas", "region": serialize.REGION},
        "updated_at": _SINCE,
    }


def _stack() -> serialize.Json:
    return {
        **serialize.stack_ref(_STACK),
        "created_at": _SINCE,
        "default": True,
        "state": "public",
        "updated_at": _SINCE,
    }
