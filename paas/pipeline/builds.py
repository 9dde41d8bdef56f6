"""Builds that were not pushed: from a tarball somewhere on the web."""

from __future__ import annotations

import uuid

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.build import Build, BuildStatus
from paas.domain.user import User
from paas.errors import BuildEnded, NotFound
from paas.pipeline import doors, fetch


def from_url(services: Services, user: User, app: App, url: str, version: str = "") -> Build:
    """The pending build. A worker fetches the tarball: the web process never reads what others send. Raises `Invalid`."""
    doors.require(user, app)
    fetch.check_url(url)
    build = services.store.builds.add(
        Build(
            id=str(uuid.uuid4()),
            app_id=app.id,
            user_id=user.id,
            status=BuildStatus.PENDING,
            created_at=services.clock.now(),
            source_version=version[:200],
            source_description=fetch.shown(url),
            source_url=url,
        )
    )
    doors.changed(services, app, "builds")
    doors.ask(services.queue.build, build.id)
    return build


def cancel(services: Services, user: User, app: App, build_id: str) -> Build:
    """Stops a build; its worker sees it within moments. Raises `NotFound`, and `BuildEnded` if it has ended."""
    build = get(services, user, app, build_id)
    if build.status.is_final:
        raise BuildEnded(build.id, build.status.value, build.attempt)
    cancelled = services.store.builds.finish(build.id, BuildStatus.CANCELLED, failure=f"cancelled by {user.email}")
    if build.status is BuildStatus.PENDING:
        services.build_logs.close(build.id)  # no worker will: followers of the log would wait for ever
    doors.changed(services, app, "builds", f"Build cancelled by user {user.email}")
    return cancelled


def get(services: Services, user: User, app: App, build_id: str) -> Build:
    """One of the app's builds. Raises `NotFound`, also for a build of another app."""
    doors.require(user, app)
    build = services.store.builds.get(build_id)
    if build.app_id != app.id:
        raise NotFound("build", build_id)
    return build
