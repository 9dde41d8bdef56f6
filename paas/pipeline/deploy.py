"""Deploy: walks one pending release through release, run and route. What runs is not touched until the new is ready."""

from __future__ import annotations

import time
from collections.abc import Callable

from paas.bootstrap import Services
from paas.domain import plan as planning
from paas.domain.app import App
from paas.domain.plan import Wanted
from paas.domain.release import Release, ReleaseStatus
from paas.errors import NotFound, NotReady, ReleaseCommandFailed
from paas.pipeline import converge, journal, route, run
from paas.pipeline import release as releasing
from paas.ports.builder import Say

Mark = Callable[[str, float], None]
"""Takes a step's name and its seconds."""


def lease(app_id: str) -> str:
    """Who holds it carries releases of the app live; one at a time, in order."""
    return f"deploy-{app_id}"


def deploy(
    services: Services, app: App, release: Release, say: Say, mark: Mark = lambda _step, _seconds: None
) -> Release:
    """The release, live. Raises `ReleaseCommandFailed` or `NotReady`; the release is failed then, and the old one runs on.

    The caller holds `lease(app.id)`.
    """
    begun = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal begun
        now = time.perf_counter()
        mark(step, now - begun)
        begun = now

    try:
        output = releasing.run_command(services, app, release, say)
        lap("release command")

        with services.leases.take(converge.lease(app.id), timeout=services.settings.boot_timeout + 30.0):
            wanted = _wanted(services, app, release)
            started = run.start_and_wait(services, app, release, wanted.slots()) if release.slug else []
            lap("start")

            release = services.store.releases.finish(release.id, ReleaseStatus.SUCCEEDED, output)
            servers = [planning.server_of(p) for p in started if p.type == "web"]
            route.switch(services, services.store.apps.get(app.id), servers, wanted.formation.get("web", 0))
            lap("switch")
    except ReleaseCommandFailed as exc:
        releasing.fail(services, release, "\n".join(exc.lines))
        raise
    except NotReady:
        releasing.fail(services, release)
        raise
    for process in started:
        journal.note(services, app.id, process.name, "State changed from starting to up")
    journal.note(services, app.id, "api", f"Release v{release.version} created by user {_email(services, release)}")
    services.signals.notify(app.id, "releases")
    services.queue.converge(app.id)
    return release


def carry_pending(services: Services, app_id: str) -> None:
    """Carries the app's pending config changes and rollbacks live, in order. One that fails is marked so; the rest go on.

    Does nothing while a deploy of the app is under way: whoever ends it asks again.
    """
    with services.leases.take(lease(app_id), timeout=0):
        app = services.store.apps.get(app_id)
        fail_orphans(services, app_id)
        for listed in [r for r in services.store.releases.pending() if r.app_id == app_id]:
            # Read again: the one before may have handed its image on.
            release = services.store.releases.by_id(listed.id)
            try:
                deploy(services, app, release, lambda _text: None)
            except (ReleaseCommandFailed, NotReady) as exc:
                journal.note(services, app_id, "api", f"Release v{release.version} failed: {exc}")


def fail_orphans(services: Services, app_id: str) -> None:
    """Fails what builds left pending when their worker died: a build that lives holds `lease(app_id)`, as the caller does now."""
    for release in services.store.releases.pending():
        if release.app_id == app_id and release.build_id:
            releasing.fail(services, release, "The worker that carried this release was lost.")


def _wanted(services: Services, app: App, release: Release) -> Wanted:
    """The formation that this release is to start with."""
    if release.slug is None:
        return Wanted(release.version)
    formation = services.store.formations.get(app.id, release)
    return Wanted(release.version, formation, services.store.apps.restart_marks(app.id))


def _email(services: Services, release: Release) -> str:
    try:
        return services.store.users.get(release.user_id).email
    except NotFound:
        return "who has left"
