"""What every door does before and after it writes what is wanted: ask who comes, then tell pages, log and queue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.user import User, may_use
from paas.errors import NotFound, QueueUnavailable
from paas.pipeline import journal

_log = logging.getLogger(__name__)

postponed: ContextVar[bool] = ContextVar("postponed", default=False)
"""Whether a change of this request was written but could not be queued: the controller will do it, a little later."""


def require(user: User, app: App) -> None:
    """Raises `NotFound` for other people's apps: that an app exists is their business too."""
    if not may_use(user, app):
        raise NotFound("app", app.name)


def changed(services: Services, app: App, what: str, line: str = "") -> None:
    """Tells open pages what changed, and the app's log with a line of the platform's. Best effort."""
    services.signals.notify(app.id, what)
    if line:
        journal.note(services, app.id, "api", line)


def ask(request: Callable[[str], None], ref: str) -> None:
    """Asks the queue. What was written stands even if the queue is down, so that fails nothing: see `postponed`."""
    try:
        request(ref)
    except QueueUnavailable:
        _log.warning("the queue does not answer; the controller will pick up %s", ref)
        postponed.set(True)
