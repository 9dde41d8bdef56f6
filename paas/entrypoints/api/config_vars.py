"""Config vars: all of them, and a merge of changes."""

from __future__ import annotations

from flask import Blueprint, Response

from paas.entrypoints.api import body
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, find_app, services
from paas.pipeline import config_vars

bp = Blueprint("config_vars", __name__)


@bp.get("/apps/<ref>/config-vars")
def show(ref: str) -> Response:
    return answer(services().store.configs.get(find_app(ref).id))


@bp.patch("/apps/<ref>/config-vars")
def update(ref: str) -> Response:
    """null removes a key. The answer is the whole config."""
    return answer(config_vars.update(services(), caller(), find_app(ref), body.read()))
