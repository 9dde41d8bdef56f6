"""Converge: brings what runs of an app to what is wanted, from any state. Idempotent; may be killed at any line.

The store says what is wanted, the engine what runs, the router what gets requests; the difference is a `Plan`. New
processes are started and waited for, the router is switched, and what is surplus is left to the controller, which drains
and stops it (`route.retire`): so a slow goodbye never holds up the next change.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass

from paas.bootstrap import Services
from paas.domain import plan as planning
from paas.domain.app import App
from paas.domain.formation import HealthCheck
from paas.domain.plan import Plan, Wanted
from paas.domain.process import Process
from paas.domain.release import Release
from paas.domain.route import Route
from paas.errors import LeaseTaken, NotFound
from paas.pipeline import journal, route, run

RETRY_START = 30.0  # seconds until a slot whose container could not even be started is tried again


@dataclass(frozen=True)
class View:
    """One look at an app from all sides."""

    app: App
    release: Release
    wanted: Wanted
    processes: tuple[Process, ...]
    route: Route | None
    plan: Plan


def look(services: Services, app_id: str, known: Sequence[Process] | None = None) -> View:
    """Reads store, engine (unless its answer is `known`) and router record. Raises `NotFound` for a deleted app."""
    # The engine first: what a deploy starts after this line is then not mistaken for something left over.
    processes = tuple(services.engine.list(app_id) if known is None else known)
    published = services.router.published(app_id)
    app = services.store.apps.get(app_id)
    release = services.store.releases.current(app_id)
    formation = services.store.formations.get(app_id) if release.slug else {}
    wanted = Wanted(release.version, formation, services.store.apps.restart_marks(app_id))
    plan = planning.make(wanted, processes, published, services.clock.now())
    return View(app, release, wanted, processes, published, plan)


def converge(services: Services, app_id: str) -> float | None:
    """Brings the app to what is wanted. Returns the seconds after which a crashed process is due to be started again.

    Does nothing when somebody else is at it: they look once more after letting go, so nothing is missed.
    """
    try:
        while True:
            with services.leases.take(lease(app_id), timeout=0):
                due = _converge(services, app_id)
            # Somebody may have asked, and left because the lease was taken, just before it was let go.
            if due == RETRY_START or is_settled(services, look(services, app_id)):
                return due
    except (LeaseTaken, NotFound):
        return None


def lease(app_id: str) -> str:
    """Who holds it may start, publish and dispose of the app's processes."""
    return f"app-{app_id}"


def is_settled(services: Services, view: View) -> bool:
    """Whether there is nothing for `converge` to do: what is wanted runs, and the router knows."""
    servers = planning.servers(view.plan, _published_ids(view), view.route)
    described = route.describe(services, view.app, servers, view.wanted.formation.get("web", 0))
    waiting = any(p.type == "web" and not planning.is_published(p, view.route) for p in view.plan.keep)
    return not view.plan.start and not waiting and _same(described, view.route)


def _converge(services: Services, app_id: str) -> float | None:
    """With the lease held: start, wait, switch, and again until nothing is left to do."""
    refused = False
    while True:
        view = look(services, app_id)
        # What stands is published at once: hosts or maintenance may be all that changed.
        _publish(services, view, _published_ids(view))
        if view.plan.start and not refused:
            _, failed = run.start(services, view.app, view.release, view.plan.start)
            for failure in failed:
                journal.note(services, app_id, failure.process, f"Could not be started: {failure.detail}")
            refused = bool(failed)
            services.signals.notify(app_id, "processes")
            view = look(services, app_id)
        changed = _await_ready(services, view)
        services.signals.notify(app_id, "processes")
        if refused:
            return RETRY_START
        if not changed:
            return view.plan.due_in


def _await_ready(services: Services, view: View) -> bool:
    """Waits for all wanted web processes, publishing each as it gets ready. True: look again, something changed."""
    ready = _published_ids(view)
    waiting = [p for p in view.plan.keep if p.type == "web" and p.id not in ready]
    if not waiting:
        return False
    generation = view.app.generation

    def interrupted() -> bool:
        return services.store.apps.get(view.app.id).generation != generation

    failed = False
    with ThreadPoolExecutor(len(waiting), thread_name_prefix="ready") as pool:
        pending = {
            pool.submit(run.wait_until_ready, services, view.app, view.release, process, interrupted)
            for process in waiting
        }
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for outcome in (future.result() for future in done):
                if outcome.failure is None:
                    ready |= {outcome.process.id} if _is_up(services, view, outcome.process) else set()
                    continue
                failed = True
                if outcome.failure.cause != "exited":
                    # Too slow (R10): it stays to be seen as crashed, and is started again after its delay.
                    services.engine.stop(outcome.process.id, 2.0, remove=False)
            _publish(services, view, ready)
            services.signals.notify(view.app.id, "processes")
    return failed or interrupted()


def _is_up(services: Services, view: View, process: Process) -> bool:
    if run.probe(process, view.release.slug.health if view.release.slug else HealthCheck()) is not None:
        return False  # the wait was interrupted before it was ready
    journal.note(services, view.app.id, process.name, "State changed from starting to up")
    return True


def _publish(services: Services, view: View, ready: frozenset[str]) -> None:
    servers = planning.servers(view.plan, ready, view.route)
    route.switch(services, view.app, servers, view.wanted.formation.get("web", 0))


def _published_ids(view: View) -> frozenset[str]:
    return frozenset(p.id for p in view.processes if planning.is_published(p, view.route))


def _same(described: Route, published: Route | None) -> bool:
    if published is None:
        return False
    return (set(described.servers), set(described.hosts), described.state) == (
        set(published.servers),
        set(published.hosts),
        published.state,
    )
