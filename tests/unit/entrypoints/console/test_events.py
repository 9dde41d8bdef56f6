"""Live pages: what a stream brings, where it begins, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from paas.domain.app import App
from paas.domain.build import Build, BuildStatus
from paas.domain.formation import Scale
from paas.domain.release import Release
from paas.domain.user import User
from paas.entrypoints.console import events
from paas.entrypoints.console.events import Cursor, Slots
from paas.errors import TooManyStreams
from paas.pipeline import apps, scale
from paas.ports.logs import LogLine
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.console.conftest import Browser


class Stream:
    """An open stream, read event by event."""

    def __init__(self, browser: Browser, path: str, **headers: str) -> None:
        self.response = browser.get(path, Accept="text/event-stream", **headers)
        assert self.response.mimetype == "text/event-stream"
        self._chunks: Iterator[bytes] = iter(self.response.response)  # type: ignore[arg-type]

    def until(self, text: str) -> str:
        """The first event with that text in it."""
        for chunk in self._chunks:
            event = chunk.decode() if isinstance(chunk, bytes) else chunk
            if text in event:
                return event
        raise AssertionError(f"the stream ended without {text!r}")

    def rest(self) -> str:
        return "".join(c.decode() if isinstance(c, bytes) else c for c in self._chunks)

    def close(self) -> None:
        self.response.close()


@pytest.fixture
def stream(browser: Browser) -> Iterator[Callable[..., Stream]]:
    opened: list[Stream] = []

    def stream(path: str, **headers: str) -> Stream:
        opened.append(Stream(browser, path, **headers))
        return opened[-1]

    yield stream
    for one in opened:
        one.close()


@pytest.fixture
def build(services: Fakes, app: App, owner: User) -> Build:
    return services.store.builds.add(Build("b1", app.id, owner.id, BuildStatus.PENDING, services.clock.now()))


def log(services: Fakes, app: App, text: str) -> None:
    services.app_logs.append(app.id, [LogLine(services.clock.now(), "app", "web.1", text)])


def test_a_change_made_elsewhere_comes_as_the_fragments_that_changed(
    stream: Callable[..., Stream], services: Fakes, app: App, owner: User, deploy: Callable[..., Release]
) -> None:
    deploy()
    page = stream("/apps/shop/events")
    page.until('id="processes"')

    scale.scale(services, owner, app, [Scale("web", 5)])
    event = page.until("0 of 5 up")

    assert event.startswith("id: ")
    assert "event: update\n" in event
    assert 'hx-swap-oob="morph"' in event
    assert 'id="config"' not in event
    assert all(line.partition(":")[0] in ("id", "event", "data") for line in event.strip().split("\n"))


def test_new_log_lines_are_put_at_the_end_once(stream: Callable[..., Stream], services: Fakes, app: App) -> None:
    log(services, app, "before the page")
    page = stream("/apps/shop/events")
    page.until('id="header"')

    log(services, app, "after the page")
    event = page.until("after the page")

    assert 'hx-swap-oob="beforeend:#log"' in event
    assert "before the page" not in event


def test_a_stream_goes_on_where_the_last_one_broke_off(
    stream: Callable[..., Stream], services: Fakes, app: App, build: Build
) -> None:
    services.build_logs.append("b1", "-----> alpha\n")
    log(services, app, "seen")
    first = stream("/apps/shop/events?after=~b1~0")
    last_id = first.until("alpha").split("\n")[0].removeprefix("id: ")
    first.close()

    services.build_logs.append("b1", "-----> beta\n")
    log(services, app, "new")
    again = stream("/apps/shop/events?after=~b1~0", Last_Event_ID=last_id)
    event = again.until("beta")

    assert "alpha" not in event


def test_a_build_brings_an_empty_log_and_then_its_lines(
    stream: Callable[..., Stream], services: Fakes, app: App, owner: User
) -> None:
    page = stream("/apps/shop/events")
    page.until('id="header"')

    services.store.builds.add(Build("b2", app.id, owner.id, BuildStatus.PENDING, services.clock.now()))
    services.signals.notify(app.id, "builds")
    begun = page.until('data-build="b2"')
    services.build_logs.append("b2", "-----> Python app det")
    services.build_logs.append("b2", "ected\n")
    lines = page.until("detected")

    services.build_logs.append("b2", "no newline at the end")
    services.build_logs.close("b2")
    page.until("no newline at the end")
    assert 'hx-swap-oob="outerHTML"' in begun
    assert '<span class="b-step">-----&gt; Python app detected' in lines


def test_the_log_of_a_build_that_was_over_before_is_not_sent(
    stream: Callable[..., Stream], services: Fakes, app: App, build: Build
) -> None:
    services.build_logs.append("b1", "-----> old news\n")
    services.build_logs.close("b1")
    services.store.builds.finish("b1", BuildStatus.FAILED, failure="no")
    page = stream("/apps/shop/events")
    page.until('id="header"')

    log(services, app, "fresh")

    assert "old news" not in page.until("fresh")


def test_logging_out_ends_the_stream(
    stream: Callable[..., Stream], browser: Browser, app: App, services: Fakes
) -> None:
    page = stream("/apps/shop/events")
    page.until('id="header"')

    browser.post("/logout")
    log(services, app, "for nobody's eyes")
    rest = page.rest()

    assert rest.endswith("event: end\ndata: .\n\n")
    assert "nobody" not in rest


def test_deleting_the_app_ends_the_stream(
    stream: Callable[..., Stream], services: Fakes, app: App, owner: User
) -> None:
    page = stream("/apps/shop/events")
    page.until('id="header"')

    apps.destroy(services, owner, app)

    assert page.rest().endswith("event: end\ndata: .\n\n")


def test_the_list_of_apps_is_live(stream: Callable[..., Stream], services: Fakes, owner: User, stranger: User) -> None:
    page = stream("/events")
    page.until("No apps yet")

    apps.create(services, stranger, "not-yours")
    apps.create(services, owner, "yours")
    event = page.until("yours")

    assert "not-yours" not in event


def test_a_stranger_is_told_to_load_the_page_again(as_user: Callable[[User | None], Browser]) -> None:
    assert Stream(as_user(None), "/events").rest() == "event: end\ndata: .\n\n"


def test_nobody_gets_more_streams_than_there_are() -> None:
    slots = Slots(limit=3, limit_of_user=2)
    give_back = slots.take("ada")
    slots.take("ada")
    with pytest.raises(TooManyStreams):
        slots.take("ada")
    slots.take("bob")
    with pytest.raises(TooManyStreams):
        slots.take("eve")

    give_back()
    slots.take("eve")


def test_a_closed_stream_gives_its_slot_back(stream: Callable[..., Stream], app: App) -> None:
    for _ in range(events.MAX_STREAMS_OF_USER + 1):
        stream("/apps/shop/events").close()


@pytest.mark.parametrize(
    "cursor", [Cursor(), Cursor("17-0"), Cursor("17-0", "b1"), Cursor("", "b1", 0), Cursor("17-0", "b1", 99)]
)
def test_a_cursor_can_be_sent_and_read(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "1", "a~b", "a~b~c", "a\n~b~1", "../x~b~1", "a~b~" + "9" * 13])
def test_anything_else_is_no_cursor(text: str) -> None:
    assert Cursor.parse(text) is None
