"""Push: the first stage. A pushed tree becomes a build row; a worker then carries it all the way to live."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Mapping

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.build import Build, BuildStatus
from paas.domain.release import Release
from paas.domain.user import User
from paas.errors import LeaseTaken, PaasError, QueueUnavailable
from paas.pipeline import build as building
from paas.pipeline import deploy, journal
from paas.pipeline import release as releasing
from paas.ports.builder import Say


def accept(services: Services, user: User, app: App, build_id: str, commit: str, subject: str) -> Build:
    """The build row of a push whose archive is in place; a worker is asked for. Its log can be followed from now on."""
    row = Build(
        id=build_id,
        app_id=app.id,
        user_id=user.id,
        status=BuildStatus.PENDING,
        created_at=services.clock.now(),
        source_version=commit,
        source_description=subject,
    )
    services.store.builds.add(row)
    services.signals.notify(app.id, "builds")
    try:
        services.queue.build(build_id)
    except QueueUnavailable:
        services.build_logs.append(build_id, "       The queue does not answer; the build starts when it is back.\n")
    return row


def lease(app_id: str) -> str:
    """Who holds it builds the app: one build at a time."""
    return f"build-{app_id}"


def carry(services: Services, build_id: str, say: Say) -> Release | None:
    """Builds, releases, runs and routes. The live release, or None if another worker is at it or it has ended.

    Raises what made it fail; the row is finished then (see `give_up`). May be called again after its worker died.
    """
    row = services.store.builds.get(build_id)
    if row.status.is_final:
        return None
    app = services.store.apps.get(row.app_id)
    try:
        with services.leases.take(lease(app.id), timeout=0):
            return _carry(services, app, row, say)
    except LeaseTaken as exc:
        if exc.name != lease(app.id):
            raise
        return None  # whoever holds it asks for the app's next build when done


def give_up(services: Services, build_id: str, error: PaasError, status: BuildStatus = BuildStatus.FAILED) -> None:
    """Writes down that a build failed, and why, in one line."""
    row = services.store.builds.finish(build_id, status, failure=str(error))
    journal.note(services, row.app_id, "api", "Build failed -- check your build logs")
    services.signals.notify(row.app_id, "builds")
    with contextlib.suppress(PaasError):
        services.builder.discard(build_id)


def ask_for_next(services: Services, app_id: str) -> None:
    """Asks a worker for the app's oldest waiting build, if there is one."""
    waiting = [b for b in services.store.builds.unfinished() if b.app_id == app_id and b.status is BuildStatus.PENDING]
    if waiting:
        services.queue.build(waiting[0].id)


def _carry(services: Services, app: App, row: Build, say: Say) -> Release:
    timings: dict[str, float] = {}
    begun = time.perf_counter()
    row = services.store.builds.start(row.id)
    services.signals.notify(app.id, "builds")
    user = services.store.users.get(row.user_id)
    if row.attempt == 1:
        journal.note(services, app.id, "api", f"Build started by user {user.email}")
    else:
        say("-----> The worker of this build was lost; starting again\n")
        services.builder.discard(row.id)

    built = building.build(services, app, row, say, lambda: _is_cancelled(services, row.id))
    timings.update(built.timings)
    timings["whole build"] = time.perf_counter() - begun

    with services.leases.take(deploy.lease(app.id), timeout=services.settings.release_timeout):
        deploy.fail_orphans(services, app.id)
        say("-----> Launching...\n")
        release = releasing.make(services, app, row, built.slug)
        release = deploy.deploy(services, app, release, say, timings.__setitem__)

    services.store.builds.finish(
        row.id,
        BuildStatus.SUCCEEDED,
        image=built.slug.image,
        release_id=release.id,
        buildpacks=built.buildpacks,
    )
    journal.note(services, app.id, "api", f"Deploy {row.source_version[:8]} by user {user.email}")
    journal.note(services, app.id, "api", "Build succeeded")
    services.signals.notify(app.id, "builds")
    say(f"       Released v{release.version}\n")
    say(_where(services, app, release))
    timings["total"] = time.perf_counter() - begun
    if services.settings.timings:
        say(_table(timings))
    return release


def tidy(services: Services, row: Build) -> None:
    """After the pusher was answered: the archive goes, and images beyond the kept releases."""
    shutil.rmtree(services.settings.builds_dir / row.id / "work", ignore_errors=True)
    (services.settings.builds_dir / row.id / building.SOURCE).unlink(missing_ok=True)
    releases = [r for r in services.store.releases.list(row.app_id) if r.slug is not None]
    kept = {r.version for r in releases[: services.settings.keep_releases]}
    services.images.collect(row.app_id, kept | {services.store.releases.current(row.app_id).version})
    services.repos.tidy(row.app_id)


def _is_cancelled(services: Services, build_id: str) -> bool:
    return services.store.builds.get(build_id).status is BuildStatus.CANCELLED


def _where(services: Services, app: App, release: Release) -> str:
    types = {t.name for t in release.slug.process_types} if release.slug else set()
    if "web" in types:
        return f"       {services.settings.url(app.name)} deployed to {services.settings.domain}\n"
    others = ", ".join(sorted(types)) or "none"
    return f"       No web process; process types: {others}\n       Start one with `paas scale -a {app.name} {next(iter(sorted(types)), 'worker')}=1`\n"


def _table(timings: Mapping[str, float]) -> str:
    rows = "".join(f"       {step:<18}{seconds * 1000:7.0f} ms\n" for step, seconds in timings.items())
    return f"-----> Timings\n{rows}"
