"""Restart and stop: processes of the formation are replaced, one-off ones end."""

from __future__ import annotations

import logging
import threading

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.process import Kind, Process
from paas.domain.user import User
from paas.errors import EngineUnavailable, NotFound
from paas.pipeline import doors

_log = logging.getLogger(__name__)


def restart(services: Services, user: User, app: App, process: str | None = None) -> None:
    """Replaces everything (None), one type ("web") or one process ("web.1"); a one-off process ("run.4821") is stopped.

    Raises `NotFound` for what the app doesn't have. Comes back before it is done.
    """
    doors.require(user, app)
    if process is None:
        _replace(services, user, app, None)
    elif not _stop_one_offs(services, user, app, process):
        _require_wanted(services, app, process)
        _replace(services, user, app, process)


def stop(services: Services, user: User, app: App, process: str) -> None:
    """Stops a one-off process for good. One of the formation is started again, as it is still wanted: scale it down to end it."""
    restart(services, user, app, process)


def _replace(services: Services, user: User, app: App, process: str | None) -> None:
    services.store.apps.request_restart(app.id, process, user.id)
    doors.changed(services, app, "processes", f"Restarting {process or 'all processes'} by user {user.email}")
    doors.ask(services.queue.converge, app.id)


def _require_wanted(services: Services, app: App, process: str) -> None:
    name, _, index = process.partition(".")
    quantity = services.store.formations.get(app.id).get(name)
    if quantity is None:
        raise NotFound("process type", name)
    if "." in process and not (index.isascii() and index.isdigit() and 1 <= int(index) <= quantity):
        raise NotFound("dyno", process)


def _stop_one_offs(services: Services, user: User, app: App, process: str) -> bool:
    """Stops the one-off processes of that name or type; False if there are none."""
    found = [
        p for p in services.engine.list(app.id) if p.kind is Kind.RUN and p.running and process in (p.name, p.type)
    ]
    for one in found:
        doors.changed(services, app, "processes", f"Stopping {one.name} by user {user.email}")
        # SIGTERM may take its 30 s, longer than anyone waits for an answer. Lost with this process: then asked for again.
        threading.Thread(target=_stop, args=(services, app, one), name=f"stop-{one.name}", daemon=True).start()
    return bool(found)


def _stop(services: Services, app: App, process: Process) -> None:
    try:
        services.engine.stop(process.id, services.settings.stop_grace)
    except EngineUnavailable:
        _log.warning("%s of %s was not stopped: the engine does not answer", process.name, app.name)
    services.signals.notify(app.id, "processes")
