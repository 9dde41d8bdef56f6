"""Streams: app logs, build and release output, and one-off processes, each at a URL that holds its own secret.

Plain streams carry a NUL byte now and then, as Heroku's build output does: writing is how we learn that a client has gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, cast

from flask import Blueprint, Response, current_app, request, url_for

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.build import Build
from paas.domain.release import Release, ReleaseStatus
from paas.domain.user import User
from paas.entrypoints.api import signed, terminal
from paas.entrypoints.api.context import caller, services
from paas.entrypoints.api.limits import StreamSlots
from paas.entrypoints.api.runs import PendingRuns
from paas.entrypoints.messages import api_body
from paas.errors import NotFound, PaasError
from paas.pipeline import apps, run_once
from paas.ports.logs import LogLine

bp = Blueprint("streams", __name__)

MAX_LINES = 1500
_HEARTBEAT = "\0"
_LINE_ENDS = re.compile(r"\r\n|\r|\n")  # any of them ends a line of an event stream
_STREAM_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")


def slots() -> StreamSlots:
    return cast(StreamSlots, current_app.extensions["paas.streams"])


def pending_runs() -> PendingRuns:
    return cast(PendingRuns, current_app.extensions["paas.runs"])


# --- addresses -------------------------------------------------------------------------------------------------


def log_url(app: App, *, lines: int, tail: bool, source: str | None, process: str | None) -> str:
    data = {"app": app.id, "user": caller().id, "lines": lines, "tail": tail, "source": source, "process": process}
    return _url("log", data)


def build_url(build: Build) -> str:
    return _url("build", {"app": build.app_id, "user": caller().id, "build": build.id})


def release_url(release: Release) -> str:
    return _url("release", {"app": release.app_id, "user": caller().id, "release": release.id})


def run_url(secret: str) -> str:
    return url_for("streams.run", token=secret, _external=True, _scheme="wss" if request.is_secure else "ws")


def _url(kind: str, data: dict[str, Any]) -> str:
    return url_for(f"streams.{kind}", token=signed.seal(kind, data), _external=True)


# --- views -----------------------------------------------------------------------------------------------------


@bp.get("/streams/log/<token>")
def log(token: str) -> Response:
    """Server-sent events if asked for, else plain lines. Ends after the backlog unless it is a tail."""
    data = signed.unseal("log", token)
    _, app = _actors(data)
    events = "text/event-stream" in request.headers.get("Accept", "")
    seen = request.headers.get("Last-Event-ID", "")
    if not _STREAM_ID.fullmatch(seen):
        seen = ""
    if seen and not data["tail"]:
        return Response(status=204)  # all of it was sent: tells an event source not to come back
    lines = _log_lines(services(), app, data, seen)
    if events:
        return _stream((_event(line) for line in lines), "text/event-stream")
    return _stream((line.render() + "\n" if line else _HEARTBEAT for line in lines), "text/plain")


@bp.get("/streams/build/<token>")
def build(token: str) -> Response:
    """The build's log from its start, until it ends."""
    data = signed.unseal("build", token)
    _actors(data)
    return _stream(_build_output(services(), services().store.builds.get(data["build"])), "text/plain")


@bp.get("/streams/release/<token>")
def release(token: str) -> Response:
    """What the release command printed; 404 until it has ended, which clients take as "not yet"."""
    data = signed.unseal("release", token)
    _actors(data)
    made = services().store.releases.by_id(data["release"])
    if made.status is ReleaseStatus.PENDING:
        raise NotFound("release output", f"v{made.version}")
    return _stream(iter([made.output]), "text/plain")


@bp.route("/streams/run/<token>", websocket=True)
def run(token: str) -> Response:
    """The terminal of a one-off process, which starts when the client has connected (see `terminal`). Good once."""
    wanted = pending_runs().take(token)
    user, app = _actors({"user": wanted.user_id, "app": wanted.app_id})
    slots().take()
    try:
        connection = terminal.accept(request.environ)
        try:
            process, session = run_once.open(
                services(), user, app, wanted.command, tty=wanted.tty, env=wanted.env, index=wanted.index
            )
        except PaasError as exc:
            connection.finish(json.dumps({"error": api_body(exc)}))
            return connection.response()
    except BaseException:
        slots().give_back()
        raise
    terminal.serve(services(), app, connection, process, session, let_go=slots().give_back)
    return connection.response()


# --- what flows ------------------------------------------------------------------------------------------------


def _actors(data: dict[str, Any]) -> tuple[User, App]:
    """Whoever the URL was made for, and the app: both must still be there, and belong together."""
    user = services().store.users.get(data["user"])
    return user, apps.find(services(), user, data["app"])


def _log_lines(services: Services, app: App, data: dict[str, Any], seen: str) -> Iterator[LogLine | None]:
    """The backlog, then, for a tail, what comes; None is a heartbeat."""
    source, process = data["source"], data["process"]
    if not seen:
        backlog = services.app_logs.tail(app.id, data["lines"], source=source, process=process) if data["lines"] else []
        yield from backlog
        # Nothing that fits so far: then from the start, which costs little and misses nothing in between.
        newest = backlog if data["lines"] else services.app_logs.tail(app.id, 1)
        seen = newest[-1].id if newest else ""
    if not data["tail"]:
        return
    for line in services.app_logs.follow(app.id, seen):
        if line is None:
            try:
                services.store.apps.get(app.id)
            except NotFound:
                return
            yield None
        elif _fits(line, source, process):
            yield line


def _fits(line: LogLine, source: str | None, process: str | None) -> bool:
    return source in (None, line.source) and process in (None, line.process, line.process.partition(".")[0])


def _event(line: LogLine | None) -> str:
    """One server-sent event (WHATWG HTML, 9.2); a comment as heartbeat."""
    if line is None:
        return ":\n\n"
    text = "".join(f"data: {part}\n" for part in _LINE_ENDS.split(line.render()))
    return f"id: {line.id}\n{text}\n"


def _build_output(services: Services, made: Build) -> Iterator[str]:
    for text in services.build_logs.follow(made.id):
        if not text and services.store.builds.get(made.id).status.is_final:
            return  # its worker died before it closed the log
        yield text or _HEARTBEAT


def _stream(chunks: Iterator[str], mimetype: str) -> Response:
    """Sends as it comes. Takes a slot for as long as the client reads. Raises `TooManyStreams`."""
    taken = slots()
    taken.take()
    # The empty piece sends the headers at once: a client should not have to wait for the first line to know that it is on.
    body = (chunk.encode("utf-8", "replace") for chunk in chain([""], chunks))
    response = Response(body, mimetype=mimetype)
    response.call_on_close(taken.give_back)
    response.headers["Cache-Control"] = "no-cache, no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
