"""HAProxy's own lines about real requests, as app log lines."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from paas.adapters.haproxy.log_lines import parse
from paas.domain.route import RouteState, Server
from tests.haproxy import RunningRouter, Web, free_port, route


class Lines:
    """The reading end of the router's log socket."""

    def __init__(self, running: RunningRouter) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(20)
        self._socket.bind(str(running.settings.router_log_socket))
        running.settings.router_log_socket.chmod(0o660)

    def next(self) -> tuple[str, str]:
        """The next line about a request to an app, without the times it took."""
        while (parsed := parse(self._socket.recv(8192).decode())) is None:
            pass
        app_id, text = parsed
        return app_id, re.sub(r"(connect|service)=\d+ms", r"\1=0ms", text)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def lines(running: RunningRouter) -> Iterator[Lines]:
    lines = Lines(running)
    yield lines
    lines.close()


ID = "0123456789abcdef0123"


def test_an_answered_request_is_told_of_as_on_heroku(running: RunningRouter, lines: Lines, app: Web) -> None:
    running.router.publish(route(app))

    running.get("shop.localhost", '/a/b?c="d"', headers={"X-Request-Id": ID, "X-Forwarded-For": "6.6.6.6"})

    assert lines.next() == (
        "app-a",
        rf'at=info method=GET path="/a/b?c=%22d%22" host=shop.localhost request_id={ID} fwd="6.6.6.6, 127.0.0.1" dyno=web.1 connect=0ms service=0ms status=200 bytes=125 protocol=http',
    )


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (RouteState.NO_WEB, 'at=error code=H14 desc="No web processes running"'),
        (RouteState.CRASHED, 'at=error code=H10 desc="App crashed"'),
        (RouteState.MAINTENANCE, 'at=error code=H80 desc="Maintenance mode"'),
    ],
)
def test_requests_that_no_server_got_are_told_of(
    running: RunningRouter, lines: Lines, state: RouteState, told: str
) -> None:
    running.router.publish(route(state=state))

    running.get("shop.localhost", headers={"X-Request-Id": ID})

    app_id, text = lines.next()
    assert app_id == "app-a"
    assert re.sub(r"bytes=\d+", "bytes=0", text) == (
        f'{told} method=GET path="/" host=shop.localhost request_id={ID} fwd="127.0.0.1" dyno= '
        "connect=0ms service=0ms status=503 bytes=0 protocol=http"
    )


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/hang", 'at=error code=H12 desc="Request timeout" method=GET'),
        ("/close", 'at=error code=H13 desc="Connection closed without response" method=GET'),
        ("/garbage", 'at=error code=H17 desc="Poorly formatted HTTP response" method=GET'),
    ],
)
def test_requests_that_an_app_failed_are_told_of(
    running: RunningRouter, lines: Lines, app: Web, path: str, told: str
) -> None:
    running.router.publish(route(app))

    running.get("shop.localhost", path)

    _, text = lines.next()
    assert text.startswith(told)
    assert " dyno=web.1 " in text
    assert " status=503 " in text


def test_an_answer_cut_off_in_the_middle_is_told_of(running: RunningRouter, lines: Lines, app: Web) -> None:
    running.router.publish(route(app))

    running.raw(b"GET /half HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")

    _, text = lines.next()
    assert text.startswith('at=error code=H18 desc="Server Request Interrupted"')


def test_a_refused_connection_is_told_of(running: RunningRouter, lines: Lines) -> None:
    running.router.publish(route(Server("web.1-dead", "127.0.0.1", free_port())))

    running.get("shop.localhost")

    _, text = lines.next()
    assert text.startswith('at=error code=H21 desc="Backend connection refused"')


def test_a_client_that_went_away_is_told_of(running: RunningRouter, lines: Lines, app: Web) -> None:
    running.router.publish(route(app))
    with socket.create_connection(("127.0.0.1", running.settings.http_port)) as client:
        client.sendall(b"GET /wait HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
        assert app.waiting.acquire(timeout=20)

    _, text = lines.next()

    assert text.startswith('at=error code=H27 desc="Client Request Interrupted"')
    assert " status=499 " in text


def test_only_apps_are_told_of_requests(running: RunningRouter, lines: Lines, app: Web, platform: Web) -> None:
    running.router.publish(route(app))

    running.get("api.localhost")
    running.get("nobody.localhost")
    running.raw(b"nonsense\r\n\r\n")
    running.get("shop.localhost", "/last")

    assert 'path="/last"' in lines.next()[1]


def test_what_clients_write_cannot_forge_a_line(running: RunningRouter, lines: Lines, app: Web) -> None:
    running.router.publish(route(app, hosts=("*.localhost",)))

    running.raw(
        b'GET /"%20status=200\\ HTTP/1.1\r\nHost: x.localhost\r\nConnection: close\r\n'
        b'X-Forwarded-For: 1.2.3.4" dyno="web.9\\\r\n\r\n'
    )

    _, text = lines.next()
    assert r'path="/%22%20status=200\\" host=x.localhost' in text
    assert r'fwd="1.2.3.4\" dyno=\"web.9\\, 127.0.0.1" dyno=web.1 ' in text
