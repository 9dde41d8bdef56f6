"""What the queue's workers run: ids come in, the store says the rest. Each job may be run twice, and killed at any line."""

from __future__ import annotations

import contextlib
import logging
from functools import cache

from paas import bootstrap, config
from paas.bootstrap import Services
from paas.domain.build import BuildStatus
from paas.entrypoints import messages
from paas.errors import BuildCancelled, LeaseTaken, NotFound, PaasError, PlatformFault, UserError
from paas.pipeline import converge as converging
from paas.pipeline import deploy, push

log = logging.getLogger(__name__)


@cache
def services() -> Services:
    """One set per process (and its forks)."""
    return bootstrap.connect(config.load())


def build(build_id: str) -> None:
    """Carries a build all the way to live, or writes down why it isn't."""
    s = services()

    def say(text: str) -> None:
        s.build_logs.append(build_id, text)

    row = s.store.builds.get(build_id)
    try:
        if push.carry(s, build_id, say) is None:
            return
    except Exception as exc:
        error = exc if isinstance(exc, PaasError) else PlatformFault(f"build {build_id}: {exc!r}")
        if not isinstance(error, UserError):
            log.exception("build %s", build_id)
        say(messages.render_push(error))
        push.give_up(
            s, build_id, error, BuildStatus.CANCELLED if isinstance(exc, BuildCancelled) else BuildStatus.FAILED
        )
    s.build_logs.close(build_id)
    with contextlib.suppress(PaasError):
        push.ask_for_next(s, row.app_id)
        _carry_pending(row.app_id)
        push.tidy(s, row)


def converge(app_id: str) -> None:
    """Brings the app to what is wanted. When it crashes later is the controller's to notice."""
    converging.converge(services(), app_id)


def release(release_id: str) -> None:
    """Carries a config change or a rollback live, after those before it; whoever deploys the app now goes on with it."""
    with contextlib.suppress(NotFound):
        _carry_pending(services().store.releases.by_id(release_id).app_id)


def _carry_pending(app_id: str) -> None:
    with contextlib.suppress(LeaseTaken, NotFound):
        deploy.carry_pending(services(), app_id)


def preload() -> None:
    """Imports what jobs need, before the workers fork."""
    services()
