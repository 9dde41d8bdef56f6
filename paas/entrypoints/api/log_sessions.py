"""Log sessions: a URL under which an app's log can be read for a while."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response

from paas.entrypoints.api import body, serialize, streams
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import find_app, services

bp = Blueprint("log_sessions", __name__)


@bp.post("/apps/<ref>/log-sessions")
def create(ref: str) -> Response:
    """`{"lines"?, "tail"?, "source"?, "dyno"?}`; dyno "web" stands for all of that type, "web.1" for one."""
    app = find_app(ref)
    given = body.read()
    url = streams.log_url(
        app,
        lines=body.number(given, "lines", 100, low=0, high=streams.MAX_LINES),
        tail=body.flag(given, "tail") or False,
        source=body.text(given, "source") or None,
        # Three names for it, by the age of the client.
        process=body.text(given, "dyno") or body.text(given, "dyno_name") or body.text(given, "type") or None,
    )
    return answer(serialize.log_session(str(uuid.uuid4()), url, services().clock.now()), 201)
