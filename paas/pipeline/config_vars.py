"""Config vars: each change is a release of its own."""

from __future__ import annotations

from collections.abc import Mapping

from paas.bootstrap import Services
from paas.domain import config_vars as rules
from paas.domain.app import App
from paas.domain.user import User
from paas.pipeline import doors


def update(services: Services, user: User, app: App, changes: Mapping[str, str | None]) -> dict[str, str]:
    """Merges the changes (None removes a key); the whole config after it. Raises `Invalid`.

    The release that carries it is pending when this returns; nothing is released if nothing changed.
    """
    doors.require(user, app)
    rules.check_change(services.store.configs.get(app.id), changes)
    release = services.store.configs.update(app.id, changes, user.id)
    if release is not None:
        doors.changed(services, app, "config", f"{rules.describe_change(changes)} by user {user.email}")
        services.signals.notify(app.id, "releases")
        doors.ask(services.queue.release, release.id)
    return services.store.configs.get(app.id)
