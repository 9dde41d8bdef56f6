"""Live pages: one stream of server-sent events per page, which brings the fragments that changed.

A page is rendered whole, so a stream that is late, full or lost costs freshness and nothing else. Each holds one of the
web process's threads: their number is bounded, and they end with their session, their app, or after an hour (the page
then asks again by itself).
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from flask import Blueprint, Response, request, session, stream_with_context
from markupsafe import Markup

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.user import User
from paas.entrypoints.console import context, fragments, markup
from paas.entrypoints.console.feed import Feed
from paas.entrypoints.console.page import AppPage
from paas.entrypoints.console.session import holder
from paas.errors import NotFound, TooManyStreams, Transient
from paas.pipeline import apps
from paas.ports.logs import LogLine

MAX_STREAMS = 12  # of the web process's 64 threads, of which the API's streams may take 48
MAX_STREAMS_OF_USER = 6
HEARTBEAT = 10.0  # seconds: below every idle timeout on the way
MOVING = 2.0  # seconds between two looks while something starts, stops or builds: a signal may be lost
LONGEST = 3600.0
FIRST = 0.5  # seconds to the second look: something may have changed before the listener listened
_RETRY = "retry: 1500\n\n"
_HEARTBEAT = ": still here\n\n"
_END = "event: end\ndata: .\n\n"
_CURSOR = re.compile(r"(?P<log>[\w-]{0,64})~(?P<build>[\w-]{0,64})~(?P<offset>\d{1,12}|)")

blueprint = Blueprint("events", __name__)


@dataclass(frozen=True)
class Cursor:
    """How far a page is: the last line of the log, the newest build, and how many bytes of its log the page shows (None:
    it doesn't show that log, as the build was over before)."""

    log: str = ""
    build: str = ""
    offset: int | None = None

    def __str__(self) -> str:
        return f"{self.log}~{self.build}~{'' if self.offset is None else self.offset}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """None for what we didn't write."""
        match = _CURSOR.fullmatch(text)
        return cls(match["log"], match["build"], int(match["offset"]) if match["offset"] else None) if match else None


def cursor_of(page: AppPage) -> Cursor:
    """Where the stream of a page has to begin."""
    log = page.log[-1].id if page.log else ""
    if page.build is None:
        return Cursor(log)
    return Cursor(log, page.build.id, len(page.build_log.encode()) if page.build.is_running else None)


class Slots:
    """How many streams there may be, in all and of one user."""

    def __init__(self, limit: int = MAX_STREAMS, limit_of_user: int = MAX_STREAMS_OF_USER) -> None:
        self._limit, self._limit_of_user = limit, limit_of_user
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, user_id: str) -> Callable[[], None]:
        """A function that gives the slot back, once. Raises `TooManyStreams`."""
        with self._lock:
            if self._taken.total() >= self._limit or self._taken[user_id] >= self._limit_of_user:
                raise TooManyStreams(self._limit)
            self._taken[user_id] += 1

        def give_back() -> None:
            with self._lock:
                self._taken[user_id] -= 1

        return give_back


_slots = Slots()


@blueprint.get("/events")
def follow_list() -> Response:
    """The list of apps."""
    services, user = context.services(), context.user()
    return _respond(list_events(services, _still_there(services), https=request.is_secure), user)


@blueprint.get("/apps/<ref>/events")
def follow_app(ref: str) -> Response:
    """One app's page."""
    services, user = context.services(), context.user()
    found = apps.find(services, user, ref)
    asked = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    cursor = Cursor.parse(asked) or cursor_of(AppPage(services, found, https=request.is_secure))
    return _respond(AppEvents(services, found, _still_there(services), cursor, https=request.is_secure), user)


def list_events(services: Services, still_there: Callable[[], User | None], *, https: bool) -> Iterator[str]:
    """The list of the user's apps. A signal has its own app looked at again; those that move and, now and then, all are too."""
    feed = Feed()
    feed.add("signal", lambda: services.signals.listen(None, heartbeat=HEARTBEAT))
    end = services.clock.monotonic() + LONGEST
    known: dict[str, AppPage] = {}
    sent, wait, due = "", FIRST, 0.0
    try:
        yield _RETRY
        while (now := services.clock.monotonic()) < end:
            user = still_there()
            if user is None:
                yield _END
                return
            if now >= due:
                known, due, wait = {}, now + wait, HEARTBEAT
            pages = fragments.pages_of(services, user, https=https, known=known)
            html = fragments.app_list(pages)
            yield _HEARTBEAT if html == sent else _event(html)
            sent, known = html, {page.app.id: page for page in pages if page.is_settled}
            items = feed.batch(max(min(due - now, HEARTBEAT if len(known) == len(pages) else MOVING), 0.1))
            if _failed(items):
                return
            for _, signal in items:
                known.pop(signal[0] if signal else "", None)
    except (NotFound, Transient):
        return  # an app went away while it was looked at, or a part does not answer: the page asks again
    finally:
        feed.close()


class AppEvents:
    """The stream of one app's page."""

    def __init__(
        self, services: Services, app: App, still_there: Callable[[], User | None], cursor: Cursor, *, https: bool
    ) -> None:
        self._services = services
        self._app = app
        self._still_there = still_there
        self._https = https
        self._cursor = cursor
        self._feed = Feed()
        self._sent: dict[str, bytes] = {}
        self._is_moving = True
        self._partial = ""  # of the build's log: a line is shown when it is whole

    def __iter__(self) -> Iterator[str]:
        services, cursor, clock = self._services, self._cursor, self._services.clock
        self._feed.add("signal", lambda: services.signals.listen(self._app.id, heartbeat=HEARTBEAT))
        self._feed.add("log", lambda: services.app_logs.follow(self._app.id, cursor.log, heartbeat=HEARTBEAT))
        if cursor.build and cursor.offset is not None:
            self._follow_build(cursor.build, cursor.offset)
        end = clock.monotonic() + LONGEST
        wait, due, news, signalled = FIRST, 0.0, Markup(""), True
        try:
            yield _RETRY
            while (now := clock.monotonic()) < end:
                user = self._still_there()
                if user is None:
                    yield _END
                    return
                changed = Markup("")
                if signalled or now >= due:
                    changed = self._look(user)
                    due, wait = now + wait, MOVING if self._is_moving else HEARTBEAT
                html = news + changed  # a new build's empty log comes after the last lines of the one before
                yield _event(html, str(self._cursor)) if html else _HEARTBEAT
                items = self._feed.batch(max(due - now, 0.1))
                if _failed(items):
                    return
                news, signalled = self._news(items), any(name == "signal" for name, _ in items)
        except NotFound:
            yield _END
        except Transient:
            return
        finally:
            self._feed.close()

    def _look(self, user: User) -> Markup:
        """The fragments that changed since they were last sent. Raises `NotFound` when the app is gone."""
        page = AppPage(self._services, apps.find(self._services, user, self._app.id), https=self._https)
        changed = [html for name in fragments.APP if self._is_new(name, html := fragments.app(page, name))]
        self._is_moving = not page.is_settled
        if page.build and page.build.id != self._cursor.build:
            changed.append(fragments.build_log(page.build.id))
            self._cursor = replace(self._cursor, build=page.build.id, offset=0)
            self._partial = ""
            self._follow_build(page.build.id, 0)
        return Markup("\n").join(changed)

    def _is_new(self, name: str, html: str) -> bool:
        digest = hashlib.blake2b(html.encode(), digest_size=16).digest()
        known = self._sent.get(name)
        self._sent[name] = digest
        return digest != known

    def _news(self, items: Iterable[tuple[str, object]]) -> Markup:
        """New lines of the app's log and of the build's."""
        lines = [item for _, item in items if isinstance(item, LogLine)]
        if lines:
            self._cursor = replace(self._cursor, log=lines[-1].id)
        of_build = [item for name, item in items if name == f"build {self._cursor.build}"]
        text = self._partial + "".join(item for item in of_build if isinstance(item, str))
        end = len(text) if None in of_build else text.rfind("\n") + 1
        whole, self._partial = text[:end], text[end:]
        if whole:
            self._cursor = replace(self._cursor, offset=(self._cursor.offset or 0) + len(whole.encode()))
        return fragments.log_tail(lines) + fragments.appended("build-log", markup.build_lines(whole))

    def _follow_build(self, build_id: str, offset: int) -> None:
        self._feed.add(
            f"build {build_id}", lambda: self._services.build_logs.follow(build_id, offset, heartbeat=HEARTBEAT)
        )


def _respond(events: Iterable[str], user: User) -> Response:
    give_back = _slots.take(user.id)
    response = Response(stream_with_context(iter(events)), mimetype="text/event-stream")
    response.call_on_close(give_back)
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _still_there(services: Services) -> Callable[[], User | None]:
    held = dict(session)
    return lambda: holder(services, held)


def _event(html: str, cursor: str = "") -> str:
    """An event in the format of the HTML Standard, 9.2.6: a line of its own for each line of data."""
    data = "".join(f"data: {line}\n" for line in html.replace("\r", "").split("\n"))
    return (f"id: {cursor}\n" if cursor else "") + f"event: update\n{data}\n"


def _failed(items: Iterable[tuple[str, object]]) -> bool:
    """Whether a source broke off. The stream ends then; the page asks again, and sees how things are."""
    return any(isinstance(item, Exception) for _, item in items)
