"""Domains: host names of an app's own, next to the one it has by its name."""

from __future__ import annotations

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.route import check_hostname
from paas.domain.user import User
from paas.errors import NotFound
from paas.pipeline import doors


def add(services: Services, user: User, app: App, hostname: str) -> str:
    """The host name as it is kept (lower case). Raises `Invalid`, `DomainTaken`."""
    doors.require(user, app)
    name = check_hostname(hostname, services.settings.domain)
    services.store.domains.add(app.id, name, user.id)
    doors.changed(services, app, "app", f"Add domain {name} by user {user.email}")
    doors.ask(services.queue.converge, app.id)
    return name


def remove(services: Services, user: User, app: App, hostname: str) -> None:
    """Raises `NotFound`."""
    doors.require(user, app)
    name = hostname.lower()
    if name not in services.store.domains.list(app.id):
        raise NotFound("domain", hostname[:253])
    services.store.domains.remove(app.id, name, user.id)
    doors.changed(services, app, "app", f"Remove domain {name} by user {user.email}")
    doors.ask(services.queue.converge, app.id)
