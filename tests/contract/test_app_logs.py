"""Every app log keeps the newest lines, finds them by process, and can be followed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from paas.adapters.redis_client import connect
from paas.adapters.redis_logs import RedisAppLogs
from paas.config import Settings
from paas.errors import Invalid, QueueUnavailable
from paas.ports.logs import AppLogs, LogLine

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_the_newest_lines_come_oldest_first(app_logs: AppLogs) -> None:
    app_logs.append("app", [_line(n) for n in range(5)])
    app_logs.append("other", [_line(99)])

    assert _texts(app_logs.tail("app", 3)) == ["2", "3", "4"]
    assert _texts(app_logs.tail("app", 100)) == ["0", "1", "2", "3", "4"]
    assert app_logs.tail("app", 0) == []
    assert app_logs.tail("nobody", 10) == []


def test_lines_come_back_as_they_were(app_logs: AppLogs) -> None:
    line = LogLine(START + timedelta(microseconds=123456), "heroku", "router", 'at=info path="/ä\x1b[0m" \U0001f600')

    app_logs.append("app", [line])

    (read,) = app_logs.tail("app", 1)
    assert read.render() == line.render()
    assert read.id


def test_lines_are_found_by_source_and_process(app_logs: AppLogs) -> None:
    made = [("app", "web.1"), ("app", "web.2"), ("heroku", "web.1"), ("app", "webber.1"), ("heroku", "router")]
    app_logs.append("app", [LogLine(START, source, process, f"{source} {process}") for source, process in made])

    assert _texts(app_logs.tail("app", 9, process="web")) == ["app web.1", "app web.2", "heroku web.1"]
    assert _texts(app_logs.tail("app", 9, process="web.1")) == ["app web.1", "heroku web.1"]
    assert _texts(app_logs.tail("app", 9, source="heroku")) == ["heroku web.1", "heroku router"]
    assert _texts(app_logs.tail("app", 1, source="app", process="web")) == ["app web.2"]


def test_long_texts_are_split_between_characters(app_logs: AppLogs) -> None:
    text = "a" * 9_999 + "é" * 6_000

    app_logs.append("app", [_line(0, text)])

    pieces = _texts(app_logs.tail("app", 10))
    assert "".join(pieces) == text
    assert [len(p.encode()) for p in pieces] == [9_999, 10_000, 2_000]


def test_old_lines_make_room(app_logs: AppLogs) -> None:
    for start in range(0, 3000, 500):
        app_logs.append("app", [_line(n) for n in range(start, start + 500)])

    kept = _texts(app_logs.tail("app", 10_000))
    assert 1500 <= len(kept) < 1700
    assert kept[-1] == "2999"


def test_following_goes_on_after_what_was_seen(app_logs: AppLogs) -> None:
    app_logs.append("app", [_line(n) for n in range(4)])
    second = app_logs.tail("app", 3)[0]

    assert _texts(islice(app_logs.follow("app", ""), 4)) == ["0", "1", "2", "3"]
    assert _texts(islice(app_logs.follow("app", second.id), 2)) == ["2", "3"]


def test_following_from_now_on_counts_from_the_call(app_logs: AppLogs) -> None:
    app_logs.append("app", [_line(0)])
    follower = app_logs.follow("app", "$")

    app_logs.append("app", [_line(1)])

    assert _texts(islice(follower, 1)) == ["1"]


def test_following_waits_and_gives_a_sign_of_life(app_logs: AppLogs) -> None:
    follower = app_logs.follow("app", "$", heartbeat=0.05)
    assert next(follower) is None
    assert next(follower) is None

    writer = threading.Timer(0.02, lambda: app_logs.append("app", [_line(7)]))
    writer.start()

    assert next(line.text for line in follower if line) == "7"
    writer.join()


def test_a_dropped_log_is_empty(app_logs: AppLogs) -> None:
    app_logs.append("app", [_line(0)])

    app_logs.drop("app")
    app_logs.drop("app")

    assert app_logs.tail("app", 10) == []


@pytest.mark.parametrize("after", ["x", "1-2-3", "-1", "$$", "1; FLUSHALL", "1" * 30])
def test_a_position_that_is_none_is_refused(app_logs: AppLogs, after: str) -> None:
    with pytest.raises(Invalid):
        app_logs.follow("app", after)


def test_without_redis_the_log_says_so(settings: Settings) -> None:
    logs = RedisAppLogs(connect(settings.run_dir / "nobody-listens.sock", text=True), "t")

    with pytest.raises(QueueUnavailable):
        logs.append("app", [_line(0)])
    with pytest.raises(QueueUnavailable):
        logs.tail("app", 1)
    with pytest.raises(QueueUnavailable):
        logs.follow("app", "$")
    with pytest.raises(QueueUnavailable):
        next(logs.follow("app", ""))
    with pytest.raises(QueueUnavailable):
        logs.drop("app")


def _line(number: int, text: str = "") -> LogLine:
    return LogLine(START, "app", "web.1", text or str(number))


def _texts(lines: object) -> list[str]:
    return [line.text for line in lines]  # type: ignore[attr-defined]
