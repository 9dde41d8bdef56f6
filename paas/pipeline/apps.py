"""Apps: create, find, rename, destroy."""

from __future__ import annotations

import contextlib
import logging
import re
import secrets

from paas.bootstrap import Services
from paas.domain.app import App, check_app_name
from paas.domain.user import User
from paas.errors import NameTaken, NotFound, Transient
from paas.pipeline import doors

_log = logging.getLogger(__name__)
_REF = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # a name or a UUID; nothing else is worth a query
_GENERATED_TRIES = 10

_FIRST = ("amber", "brisk", "calm", "clear", "cool", "crisp", "early", "fair", "fresh", "gentle", "glad", "green", "keen", "kind",
          "late", "light", "lucky", "merry", "mild", "neat", "noble", "proud", "quick", "quiet", "rapid", "sharp", "silent", "sunny",
          "swift", "warm", "wild", "young")  # fmt: skip
_SECOND = ("bay", "birch", "brook", "cedar", "cliff", "cloud", "coast", "creek", "dawn", "dune", "fern", "field", "fjord", "forest",
           "garden", "glade", "grove", "harbor", "hill", "island", "lake", "leaf", "meadow", "moon", "peak", "pine", "rain", "reef",
           "ridge", "river", "shore", "valley")  # fmt: skip


def create(services: Services, user: User, name: str | None) -> App:
    """A new app of the user's; without a name, one is made up. Raises `Invalid`, `NameTaken`."""
    app = _add_named(services, user, name) if name is not None else _add_generated(services, user)
    doors.changed(services, app, "app", f"Release v1 created by user {user.email}")
    doors.ask(services.queue.converge, app.id)  # its host answers "nothing deployed yet", not "no such app"
    return app


def find(services: Services, user: User, ref: str) -> App:
    """By name or id. Raises `NotFound`, also for an app that the user may not use."""
    if not isinstance(ref, str) or not _REF.fullmatch(ref):
        raise NotFound("app", str(ref)[:80])
    app = services.store.apps.get(ref)
    doors.require(user, app)
    return app


def rename(services: Services, user: User, app: App, name: str) -> App:
    """Its first host name changes with it; the repository and what runs stay. Raises `Invalid`, `NameTaken`."""
    doors.require(user, app)
    renamed = services.store.apps.rename(app.id, check_app_name(name), user.id)
    doors.changed(services, renamed, "app", f"Renamed from {app.name} to {renamed.name} by user {user.email}")
    doors.ask(services.queue.converge, app.id)
    return renamed


def destroy(services: Services, user: User, app: App) -> None:
    """The app and all that is its own, for good.

    The row goes first: from then on nobody can change, push to or start the app, whatever becomes of this call.
    """
    doors.require(user, app)
    services.store.apps.remove(app.id, user.id)
    services.signals.notify(app.id, "app")
    purge(services, app.id)


def purge(services: Services, app_id: str) -> None:
    """Removes what a deleted app left outside the store. Idempotent; a part that is down does not stop the others.

    The containers, and the images that they hold, go last: as long as one is there, the controller sees an app without
    a row and calls this again.
    """
    for remove in (
        lambda: services.router.withdraw(app_id),
        lambda: services.repos.remove(app_id),
        lambda: services.app_logs.drop(app_id),
        lambda: services.builder.forget(app_id),
        lambda: services.engine.forget(app_id),
        lambda: services.images.collect(app_id, set()),
    ):
        try:
            remove()
        except Transient as exc:
            _log.warning("what app %s left is not all removed yet: %s", app_id, type(exc).__name__)


def _add_named(services: Services, user: User, name: str) -> App:
    return services.store.apps.add(check_app_name(name), user.id)


def _add_generated(services: Services, user: User) -> App:
    for _ in range(_GENERATED_TRIES):
        with contextlib.suppress(NameTaken):
            return services.store.apps.add(_generated_name(), user.id)
    return services.store.apps.add(_generated_name(), user.id)


def _generated_name() -> str:
    return f"{secrets.choice(_FIRST)}-{secrets.choice(_SECOND)}-{secrets.randbelow(90000) + 10000}"
