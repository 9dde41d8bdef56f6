"""Every engine starts, shows, stops and listens alike."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import pytest

from paas.domain.process import Kind, Process
from paas.errors import EngineUnavailable, NotFound, NotReady
from paas.ports.engine import Engine, OutputLine, ProcessSpec

WaitFor = Callable[..., None]
Spec = Callable[..., ProcessSpec]


def test_a_started_process_tells_what_it_was_started_as(engine: Engine, spec: Spec) -> None:
    started = engine.start(spec("runs", index=3))

    assert (started.app_id, started.kind, started.name, started.release) == ("app-a", Kind.FORMATION, "web.3", 7)
    assert (started.crashes, started.restart, started.command) == (2, 4, "runs")
    assert started.running
    assert started.address
    assert started.started_at
    assert started.started_at >= started.created_at
    assert (started.exit_code, started.finished_at, started.out_of_memory) == (None, None, False)
    assert engine.get(started.id) == started


def test_processes_are_listed_by_app_in_order_of_creation(engine: Engine, spec: Spec) -> None:
    first, second = engine.start(spec("runs", index=2)), engine.start(spec("runs", index=1))
    other = engine.start(spec("runs", app="app-b"))

    assert engine.list("app-a") == [first, second]
    assert engine.list("app-b") == [other]
    assert engine.list() == [first, second, other]
    assert engine.list("nobody") == []


def test_a_listing_shows_what_changed_since_the_last(engine: Engine, spec: Spec) -> None:
    process, other = engine.start(spec("runs")), engine.start(spec("runs", index=2))
    assert engine.list() == [process, other]

    engine.stop(process.id, 20, remove=False)

    assert [(p.running, p.exit_code, p.address) for p in engine.list()] == [
        (False, 143, None),
        (True, None, other.address),
    ]
    assert engine.list("app-a") == engine.list() == [engine.get(process.id), other]


def test_many_can_be_started_at_once(engine: Engine, spec: Spec) -> None:
    with ThreadPoolExecutor(6) as pool:
        started = list(pool.map(lambda i: engine.start(spec("runs", index=i)), range(1, 7)))

    assert len({p.id for p in started}) == 6
    assert len({p.address for p in started}) == 6
    assert {p.id for p in engine.list("app-a")} == {p.id for p in started}


def test_what_cannot_be_started_says_so_and_leaves_nothing(engine: Engine, spec: Spec) -> None:
    with pytest.raises(NotReady) as caught:
        engine.start(spec("never-starts"))

    assert (caught.value.process, caught.value.cause) == ("web.1", "failed to start")
    assert caught.value.detail
    assert engine.list("app-a") == []


def test_a_process_that_ended_keeps_its_exit_code_and_output(engine: Engine, spec: Spec) -> None:
    process = engine.start(spec("prints"))

    assert engine.wait(process.id, 20) == 3
    ended = engine.get(process.id)
    assert ended
    assert (ended.running, ended.exit_code, ended.address) == (False, 3, None)
    assert ended.finished_at
    assert _texts(engine, process) == ["one", "two"]
    assert _texts(engine, process, tail=1) == ["two"]
    assert _texts(engine, process, tail=0) == []


def test_output_can_be_read_from_a_moment_on(engine: Engine, spec: Spec) -> None:
    process = engine.start(spec("prints"))
    engine.wait(process.id, 20)
    lines = list(engine.output(process.id))

    again = list(engine.output(process.id, since=lines[-1].at))

    assert lines[-1] in again
    assert all(line.at >= lines[-1].at for line in again)


def test_following_output_ends_with_the_process(engine: Engine, spec: Spec) -> None:
    process = engine.start(spec("ignores-term"))
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(line.text for line in engine.output(process.id, follow=True)))
    reader.start()

    engine.stop(process.id, 0)
    reader.join(20)

    assert not reader.is_alive()
    assert seen == ["ready"]


def test_waiting_has_an_end(engine: Engine, spec: Spec) -> None:
    process = engine.start(spec("runs"))

    assert engine.wait(process.id, 0) is None
    assert engine.wait(process.id, 0.2) is None


def test_stopping_asks_first_and_removes(engine: Engine, spec: Spec) -> None:
    process = engine.start(spec("runs"))

    assert engine.stop(process.id, 20) == 143  # 128 + SIGTERM
    assert engine.get(process.id) is None
    assert engine.stop(process.id, 20) is None


def test_stopping_does_not_ask_twice(engine: Engine, spec: Spec, wait_for: WaitFor) -> None:
    process = engine.start(spec("ignores-term"))
    wait_for(lambda: _texts(engine, process) == ["ready"])

    assert engine.stop(process.id, 1) == 137  # 128 + SIGKILL


def test_a_stopped_process_may_stay_to_be_seen(engine: Engine, spec: Spec) -> None:
    process = engine.start(spec("runs"))

    assert engine.stop(process.id, 20, remove=False) == 143
    assert engine.stop(process.id, 20, remove=False) == 143

    kept = engine.get(process.id)
    assert kept
    assert (kept.running, kept.exit_code) == (False, 143)


def test_what_is_gone_is_gone(engine: Engine) -> None:
    assert engine.get("f" * 64) is None
    assert engine.stop("f" * 64, 1) is None
    assert list(engine.output("f" * 64, follow=True)) == []
    with pytest.raises(NotFound):
        engine.wait("f" * 64, 1)


def test_an_open_process_is_heard_from_its_first_byte(engine: Engine, spec: Spec) -> None:
    process, session = engine.open(spec("prints", stdin=True))

    with closing(session):
        assert _read_all(session.read) == b"one\ntwo\n"
    assert engine.wait(process.id, 20) == 3


def test_an_open_process_hears_us_until_we_close_its_input(engine: Engine, spec: Spec) -> None:
    process, session = engine.open(spec("echoes", stdin=True))

    with closing(session):
        session.write(b"hello\n")
        assert session.read(3) == b"hel"
        assert session.read(100) == b"lo\n"
        session.close_input()
        assert session.read(100) == b""
    assert engine.wait(process.id, 20) == 0


def test_a_terminal_is_given_and_resized(engine: Engine, spec: Spec) -> None:
    process, session = engine.open(spec("prints", stdin=True, tty=True))

    with closing(session):
        session.resize(50, 132)
        assert _read_all(session.read) == b"one\r\ntwo\r\n"
    assert engine.wait(process.id, 20) == 3


def test_letting_go_of_a_session_ends_nothing(engine: Engine, spec: Spec) -> None:
    process, session = engine.open(spec("runs", stdin=True))

    session.close()

    assert engine.wait(process.id, 0.2) is None


def test_events_tell_of_starts_and_ends_from_now_on(engine: Engine, spec: Spec) -> None:
    engine.start(spec("runs", index=9))
    events = engine.events()
    process = engine.start(spec("prints"))
    engine.wait(process.id, 20)

    seen = list(islice(events, 2))

    assert [(e.action, e.process_id, e.app_id, e.exit_code) for e in seen] == [
        ("start", process.id, "app-a", None),
        ("die", process.id, "app-a", 3),
    ]
    _close(events)


def test_a_forgotten_app_leaves_nothing_and_takes_nothing_along(engine: Engine, spec: Spec) -> None:
    engine.start(spec("runs"))
    other = engine.start(spec("runs", app="app-b"))

    engine.forget("app-a")
    engine.forget("app-a")

    assert engine.list() == [other]


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the SDK's, when it can't connect
def test_an_engine_that_is_down_says_so(dead_engine: Engine, spec: Spec) -> None:
    calls: list[Callable[[], object]] = [
        lambda: dead_engine.start(spec("runs")),
        lambda: dead_engine.open(spec("runs")),
        dead_engine.list,
        lambda: dead_engine.get("f" * 64),
        lambda: dead_engine.wait("f" * 64, 1),
        lambda: dead_engine.stop("f" * 64, 1),
        lambda: list(dead_engine.output("f" * 64)),
        dead_engine.events,
        lambda: dead_engine.forget("x"),
    ]
    for call in calls:
        with pytest.raises(EngineUnavailable):
            call()
    gc.collect()  # while the warnings are filtered


def _texts(engine: Engine, process: Process, tail: int | None = None) -> list[str]:
    lines: list[OutputLine] = list(engine.output(process.id, tail=tail))
    return [line.text for line in lines]


def _read_all(read: Callable[[int], bytes]) -> bytes:
    return b"".join(iter(lambda: read(4096), b""))


def _close(events: object) -> None:
    assert hasattr(events, "close")
    events.close()
