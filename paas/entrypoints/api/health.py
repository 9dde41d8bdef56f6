"""GET /health: whether this process answers and reaches its store. The one endpoint without a token."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response

from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import services
from paas.errors import NotFound

bp = Blueprint("health", __name__)


@bp.get("/health")
def show() -> Response:
    with suppress(NotFound):
        services().store.apps.get("health")  # raises StoreBusy, which answers 503
    return answer({"status": "ok"})
