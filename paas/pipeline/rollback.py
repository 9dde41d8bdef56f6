"""Rollback: a new release with the code and the config of an old one."""

from __future__ import annotations

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.release import Release, ReleaseStatus
from paas.domain.user import User
from paas.errors import RollbackRefused
from paas.pipeline import doors


def rollback(services: Services, user: User, app: App, ref: str) -> Release:
    """The pending release. `ref` is an id, "3" or "v3". Raises `NotFound`, `RollbackRefused`, `EngineUnavailable`."""
    doors.require(user, app)
    old = services.store.releases.get(app.id, ref)
    if old.status is not ReleaseStatus.SUCCEEDED:
        raise RollbackRefused(old.version, old.status.value)
    if old.slug is None:
        raise RollbackRefused(old.version, "no code")
    if not services.images.exists(old.slug.image):
        raise RollbackRefused(old.version, "image gone")
    release = services.store.releases.add(
        app.id, f"Rollback to v{old.version}", user.id, slug=old.slug, config=old.config
    )
    # Tagged under its new number at once: retention goes by release, and must not take the image meanwhile.
    services.images.keep(old.slug.image, app.id, release.version)
    doors.changed(services, app, "releases", f"Rollback to v{old.version} by user {user.email}")
    doors.ask(services.queue.release, release.id)
    return release
