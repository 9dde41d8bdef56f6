"""What the platform itself writes into an app's log. Best effort: a log that can't be written stops nothing."""

from __future__ import annotations

import contextlib

from paas.bootstrap import Services
from paas.errors import Transient
from paas.ports.logs import LogLine


def note(services: Services, app_id: str, process: str, text: str, *, source: str = "heroku") -> None:
    """One line. `process` is "web.1", "router", or "api" (whose source is "app", as on Heroku)."""
    source = "app" if process == "api" else source
    with contextlib.suppress(Transient):
        services.app_logs.append(app_id, [LogLine(services.clock.now(), source, process, text)])
