"""Maintenance mode: the router answers for the app, its processes go on."""

from __future__ import annotations

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.user import User
from paas.pipeline import doors


def set_maintenance(services: Services, user: User, app: App, on: bool) -> App:
    """Switches it on or off. Idempotent."""
    doors.require(user, app)
    updated = services.store.apps.set_maintenance(app.id, on, user.id)
    doors.changed(services, updated, "app", f"{'Enable' if on else 'Disable'} maintenance mode by user {user.email}")
    doors.ask(services.queue.converge, app.id)
    return updated
