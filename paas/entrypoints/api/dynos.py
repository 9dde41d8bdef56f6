"""Dynos: Heroku's word for processes. List, info, one-off runs, restart, stop."""

from __future__ import annotations

from flask import Blueprint, Response

from paas.domain.app import App
from paas.domain.process import Kind, Process, ProcessState
from paas.entrypoints.api import body, serialize, streams
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, find_app, services
from paas.errors import NotFound
from paas.pipeline import restart, run_once, status
from paas.pipeline.status import ProcessStatus

bp = Blueprint("dynos", __name__)


@bp.get("/apps/<ref>/dynos")
def index(ref: str) -> Response:
    app = find_app(ref)
    ids: dict[int, str | None] = {}
    return answer([_shown(app, found, ids) for found in status.processes(services(), app)])


@bp.get("/apps/<ref>/dynos/<dyno_ref>")
def show(ref: str, dyno_ref: str) -> Response:
    app = find_app(ref)
    for found in status.processes(services(), app):
        if dyno_ref in (found.process.name, serialize.dyno_id(found.process)):
            return answer(_shown(app, found, {}))
    raise NotFound("dyno", dyno_ref[:80])


@bp.post("/apps/<ref>/dynos")
def create(ref: str) -> Response:
    """`{"command", "attach"?, "env"?, "force_no_tty"?}`. Attached ones start when the client connects to `attach_url`."""
    app = find_app(ref)
    given = body.read()
    command = body.required_text(given, "command")
    env = body.table(given, "env")
    if not body.flag(given, "attach"):
        process = run_once.detached(services(), caller(), app, command, env=env)
        release = services().store.releases.get(app.id, str(process.release))
        shown = serialize.dyno(app, process, ProcessState.UP, process.created_at, release.id)
        return answer(shown, 201)
    tty = not body.flag(given, "force_no_tty")
    planned = run_once.plan(services(), caller(), app, command, env, tty=tty, stdin=True)
    secret = streams.pending_runs().add(app.id, caller().id, command, env, tty=tty, index=planned.index)
    now = services().clock.now()
    release = services().store.releases.current(app.id)
    waiting = Process("", app.id, Kind.RUN, "run", planned.index, release.version, False, now, command=command)
    url = streams.run_url(secret)
    return answer(serialize.dyno(app, waiting, ProcessState.STARTING, now, release.id, url), 201)


@bp.delete("/apps/<ref>/dynos")
def restart_all(ref: str) -> Response:
    restart.restart(services(), caller(), find_app(ref))
    return answer({}, 202)


@bp.delete("/apps/<ref>/dynos/<dyno_ref>")
@bp.delete("/apps/<ref>/formations/<dyno_ref>")
def restart_some(ref: str, dyno_ref: str) -> Response:
    app = find_app(ref)
    restart.restart(services(), caller(), app, _name(app, dyno_ref))
    return answer({}, 202)


@bp.post("/apps/<ref>/dynos/<dyno_ref>/actions/stop")
@bp.post("/apps/<ref>/formations/<dyno_ref>/actions/stop")
def stop(ref: str, dyno_ref: str) -> Response:
    app = find_app(ref)
    restart.stop(services(), caller(), app, _name(app, dyno_ref))
    return answer({}, 202)


def _name(app: App, dyno_ref: str) -> str:
    """A process's name by its id; what is no id is a name already."""
    if len(dyno_ref) != 36:
        return dyno_ref[:80]
    for process in services().engine.list(app.id):
        if serialize.dyno_id(process) == dyno_ref:
            return process.name
    raise NotFound("dyno", dyno_ref)


def _shown(app: App, found: ProcessStatus, release_ids: dict[int, str | None]) -> serialize.Json:
    version = found.process.release
    if version not in release_ids:
        try:
            release_ids[version] = services().store.releases.get(app.id, str(version)).id
        except NotFound:
            release_ids[version] = None
    return serialize.dyno(app, found.process, found.state, found.since, release_ids[version])
