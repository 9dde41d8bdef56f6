"""Pushes under way in this process: what git_http.py starts, the hook asks about, and both must agree on.

One push of an app at a time, from the hook's question until git has moved the branch: otherwise a second push could be
built and deployed, and then be refused because the branch is no longer where it was.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.user import User
from paas.errors import AppBusy, LeaseTaken, PushOutdated

_WAIT = 3600.0  # how long a push waits for the one before it
_NOTHING = "0" * 40


@dataclass
class Push:
    """One `git push`, from the request to the end of receive-pack."""

    app: App
    user: User
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))  # known to the hook only
    build_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    ended: threading.Event = field(default_factory=threading.Event)
    turn: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


class Pushes:
    """All of this process. Gunicorn runs one process (with threads), so this is all of them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._open: dict[str, Push] = {}
        self._lock = threading.Lock()

    def begin(self, app: App, user: User) -> Push:
        """A new push; `end` must follow."""
        push = Push(app, user)
        with self._lock:
            self._open[push.key] = push
        return push

    def find(self, key: str) -> Push | None:
        """The push that this key was given to."""
        with self._lock:
            return self._open.get(key)

    def end(self, push: Push) -> None:
        """receive-pack has ended: the branch has moved, or never will. The next push may go on."""
        with self._lock:
            self._open.pop(push.key, None)
            push.ended.set()
            push.turn.close()

    def wait_for_turn(self, push: Push, branch: str, old: str) -> Iterator[str]:
        """Yields what the pusher is to be told while it waits. Raises `AppBusy`, and `PushOutdated` if the branch moved."""
        lease = f"push-{push.app.id}"
        try:
            self._take(push, lease, 0)
        except LeaseTaken:
            yield "-----> Another push to this app is under way; waiting until it has ended\n"
            try:
                self._take(push, lease, _WAIT)
            except LeaseTaken as exc:
                raise AppBusy(push.app.name, "another push") from exc
        if (self._services.repos.head(push.app.id, branch) or _NOTHING) != old:
            raise PushOutdated(branch)

    def _take(self, push: Push, lease: str, timeout: float) -> None:
        held = self._services.leases.take(lease, timeout)
        held.__enter__()
        with self._lock:
            if push.ended.is_set():  # the pusher is gone: nobody would let go of it
                held.__exit__(None, None, None)
                raise LeaseTaken(lease)
            push.turn.push(held.__exit__)
