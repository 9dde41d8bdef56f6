"""Log sessions and build output as clients read them, over the test client; terminals are in `test_terminal`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from paas.domain.app import App
from paas.domain.user import User
from paas.entrypoints.api import signed
from paas.entrypoints.api.limits import MAX_STREAMS
from paas.ports.logs import LogLine
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.api.conftest import Call

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def written(services: Fakes, app: App) -> None:
    """Four lines in the app's log."""
    texts = [
        ("app", "web.1", "one"),
        ("heroku", "router", "two"),
        ("app", "web.2", "three"),
        ("app", "worker.1", "four"),
    ]
    services.app_logs.append(app.id, [LogLine(AT, source, process, text) for source, process, text in texts])


@pytest.fixture
def open_log(call: Call) -> Callable[..., str]:
    """The path of a new log session."""

    def open_log(**wanted: Any) -> str:
        response = call("POST", "/apps/shop/log-sessions", wanted)
        assert response.json is not None
        assert response.status_code == 201
        return str(urlsplit(response.json["logplex_url"]).path)

    return open_log


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        ({}, ["one", "two", "three", "four"]),
        ({"lines": 2}, ["three", "four"]),
        ({"lines": "1"}, ["four"]),
        ({"lines": 0}, []),
        ({"source": "heroku"}, ["two"]),
        ({"dyno": "web"}, ["one", "three"]),
        ({"dyno": "web.2"}, ["three"]),
        ({"dyno_name": "worker.1", "source": "app"}, ["four"]),
    ],
)
@pytest.mark.usefixtures("written")
def test_a_session_shows_what_was_asked_for_and_ends(
    as_user: Callable[[None], Call], open_log: Callable[..., str], wanted: dict[str, Any], texts: list[str]
) -> None:
    response = as_user(None)("GET", open_log(**wanted))

    assert response.mimetype == "text/plain"
    assert [line.split(": ", 1)[1] for line in response.text.splitlines()] == texts


@pytest.mark.usefixtures("written")
def test_event_streams_have_ids_and_whole_lines(call: Call, open_log: Callable[..., str]) -> None:
    response = call("GET", open_log(lines=1), Accept="text/event-stream")

    assert response.mimetype == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.text == "id: 4-0\ndata: 2026-01-01T00:00:00.000000+00:00 app[worker.1]: four\n\n"


def test_an_app_can_not_forge_events(call: Call, services: Fakes, app: App, open_log: Callable[..., str]) -> None:
    services.app_logs.append(app.id, [LogLine(AT, "app", "web.1", "a\rid: 9\n\ndata: b")])

    lines = call("GET", open_log(), Accept="text/event-stream").text.splitlines()

    assert [line for line in lines if not line.startswith("data: ")] == ["id: 1-0", ""]


def events(api: Flask, path: str, **headers: str) -> Iterator[str]:
    """What an event stream sends, piece by piece."""
    response = api.test_client().get(path, headers={"Accept": "text/event-stream", **headers}, buffered=False)
    assert response.status_code == 200
    return (piece.decode() for piece in response.response if piece)  # type: ignore[union-attr]


@pytest.mark.usefixtures("written")
def test_a_tail_goes_on_where_the_backlog_ends(
    api: Flask, services: Fakes, app: App, open_log: Callable[..., str]
) -> None:
    stream = events(api, open_log(lines=1, tail=True, dyno="web"))

    first = next(stream)
    services.app_logs.append(app.id, [LogLine(AT, "app", "worker.1", "no"), LogLine(AT, "app", "web.3", "five")])

    assert "three" in first
    assert "five" in next(stream)


@pytest.mark.usefixtures("written")
def test_a_client_that_comes_back_gets_what_it_missed(api: Flask, open_log: Callable[..., str]) -> None:
    path = open_log(tail=True)

    assert [
        piece.split(": ")[-1].strip() for piece in itertools.islice(events(api, path, **{"Last-Event-ID": "2-0"}), 2)
    ] == ["three", "four"]
    assert "one" in next(events(api, path, **{"Last-Event-ID": "rubbish"}))


@pytest.mark.usefixtures("written")
def test_a_client_that_has_all_is_told_to_stay_away(call: Call, open_log: Callable[..., str]) -> None:
    assert call("GET", open_log(), Last_Event_ID="4-0").status_code == 204


def test_a_url_is_for_one_kind_of_stream_and_not_for_ever(
    call: Call, open_log: Callable[..., str], app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = open_log()

    assert call("GET", path.replace("/log/", "/build/")).status_code == 404
    assert call("GET", path[:-1]).status_code == 404
    monkeypatch.setattr(signed, "MAX_AGE", -1)
    assert call("GET", path).status_code == 404


def test_a_url_dies_with_its_app_and_its_user(
    call: Call, services: Fakes, app: App, owner: User, admin: User, as_user: Callable[[User], Call]
) -> None:
    made = as_user(admin)("POST", "/apps/shop/log-sessions", {}).json
    assert made is not None
    path = urlsplit(made["logplex_url"]).path
    services.store.users.add("second@example.org", "", is_admin=True)
    services.store.users.remove(admin.id)
    assert call("GET", path).status_code == 404

    made = call("POST", "/apps/shop/log-sessions", {}).json
    assert made is not None
    services.store.apps.remove(app.id, owner.id)
    assert call("GET", urlsplit(made["logplex_url"]).path).status_code == 404


def test_streams_leave_threads_for_the_rest(api: Flask, call: Call, open_log: Callable[..., str], app: App) -> None:
    path = open_log(tail=True)
    client = api.test_client()
    taken = [client.get(path, buffered=False) for _ in range(MAX_STREAMS)]

    refused = call("GET", path)
    taken[0].close()
    again = client.get(path, buffered=False)

    assert {response.status_code for response in taken} == {200}
    assert (refused.status_code, refused.json and refused.json["id"]) == (503, "too_many_streams")
    assert again.status_code == 200
    for response in (*taken, again):
        response.close()


def test_addresses_are_as_the_client_came(api: Flask, call: Call, app: App) -> None:
    response = call("POST", "/apps/shop/log-sessions", {}, Host="localhost:5443", X_Forwarded_Proto="https")

    assert response.json is not None
    assert response.json["logplex_url"].startswith("https://localhost:5443/streams/log/")
