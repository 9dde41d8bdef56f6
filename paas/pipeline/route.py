"""Route: the last stage. Sends requests to the new processes, then drains and stops the old ones."""

from __future__ import annotations

from collections.abc import Sequence

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.plan import server_of
from paas.domain.process import Process
from paas.domain.route import Route, RouteState, Server
from paas.errors import LeaseTaken, RouterUnavailable
from paas.pipeline import journal


def switch(services: Services, app: App, servers: Sequence[Server], wanted_web: int) -> None:
    """From the return on, new requests go to exactly these servers. Does nothing if they already do."""
    route = describe(services, app, servers, wanted_web)
    if route != services.router.published(app.id):
        services.router.publish(route)


def describe(services: Services, app: App, servers: Sequence[Server], wanted_web: int) -> Route:
    """The app's route as the store wants it, with these servers."""
    hosts = (f"{app.name}.{services.settings.domain}", *services.store.domains.list(app.id))
    return Route(app.id, app.name, hosts, tuple(servers), _state(app, servers, wanted_web))


def retire(services: Services, process: Process) -> None:
    """Drains a process that gets no new requests any more, then SIGTERM, grace, SIGKILL. One at a time does it."""
    try:
        with services.leases.take(f"retire-{process.id[:12]}", timeout=0):
            _retire(services, process)
    except LeaseTaken:
        return


def _retire(services: Services, process: Process) -> None:
    settings = services.settings
    if process.running and process.type == "web":
        try:
            services.router.drained(process.app_id, [server_of(process).name], settings.drain_timeout)
        except RouterUnavailable:
            # Without a router there are no requests in flight either.
            journal.note(services, process.app_id, process.name, "Router does not answer; stopping without drain")
    if process.running:
        journal.note(services, process.app_id, process.name, "Stopping all processes with SIGTERM")
    code = services.engine.stop(process.id, settings.stop_grace)
    if process.running and code is not None:
        journal.note(services, process.app_id, process.name, f"Process exited with status {code}")
    services.signals.notify(process.app_id, "processes")


def _state(app: App, servers: Sequence[Server], wanted_web: int) -> RouteState:
    if app.maintenance:
        return RouteState.MAINTENANCE
    if servers:
        return RouteState.SERVING
    return RouteState.CRASHED if wanted_web else RouteState.NO_WEB
