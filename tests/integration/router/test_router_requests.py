"""What becomes of a request: where it goes, what is added to it, what the answer is when no app answers."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import subprocess
from collections.abc import Callable

import pytest

from paas.domain.route import Server
from tests.haproxy import RunningRouter, Web, free_port, route


def received(running: RunningRouter, headers: dict[str, str], host: str = "shop.localhost") -> dict[str, str]:
    """The headers that the app gets, lower-cased; several of a name joined as WSGI does."""
    pairs = json.loads(running.get(host, "/headers", headers=headers).text)
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name.lower()] = f"{joined[name.lower()]}, {value}" if name.lower() in joined else value
    return joined


def test_the_app_is_told_who_asked_how_and_when(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))

    headers = received(running, {})

    assert headers["host"] == "shop.localhost"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(running.settings.http_port)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["x-request-id"])
    assert re.fullmatch(r"[0-9]{13}", headers["x-request-start"])
    assert headers["via"] == "1.1 paas"


def test_a_client_cannot_pretend_to_be_the_router(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))

    headers = received(
        running,
        {
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Port": "443",
            "X-Forwarded-For": "6.6.6.6",
            "X_Forwarded_For": "7.7.7.7",
            "X-Request-Start": "1",
        },
    )

    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(running.settings.http_port)
    assert headers["x-forwarded-for"] == "6.6.6.6, 127.0.0.1"
    assert "x_forwarded_for" not in headers
    assert headers["x-request-start"] != "1"


@pytest.mark.parametrize(
    ("sent", "is_kept"),
    [
        ("a1b2c3d4-e5f6-7890-abcd-ef0123456789", True),
        ("short", False),
        ("x" * 201, False),
        ('with "quotes" and spaces', False),
        ("a1b2c3d4-e5f6-7890-abcd-ef0123456789, <script>", False),
    ],
)  # fmt: skip
def test_a_safe_request_id_of_the_client_is_kept(running: RunningRouter, app: Web, sent: str, is_kept: bool) -> None:
    running.router.publish(route(app))

    headers = received(running, {"X-Request-Id": sent})

    assert (headers["x-request-id"] == sent) is is_kept


@pytest.mark.parametrize("host", ["SHOP.localhost", "shop.localhost:1234", "shop.localhost.", "shop.localhost.:80"])
def test_a_host_is_known_in_all_its_spellings(running: RunningRouter, app: Web, host: str) -> None:
    running.router.publish(route(app))

    assert running.get(host).text == app.name


def test_a_wildcard_domain_serves_names_right_below_it(running: RunningRouter, app: Web, other: Web) -> None:
    running.router.publish(route(app, hosts=("*.example.com",)))
    running.router.publish(route(other, app="app-b", hosts=("own.example.com",)))

    assert running.get("any.example.com").text == app.name
    assert running.get("own.example.com").text == other.name
    assert running.get("example.com").error == "404"
    assert running.get("a.b.example.com").error == "404"


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "api.localhost", "git.localhost", "console.localhost"]
)
def test_the_platform_answers_on_its_hosts(running: RunningRouter, platform: Web, host: str) -> None:
    assert running.get(f"{host}:{running.settings.http_port}").text == "platform"


@pytest.mark.parametrize(
    "path",
    ["/internal", "/internal/builds", "//internal/builds", "/./internal/builds", "/x/../internal/builds",
     "/%69nternal/builds", "/INTERNAL/builds", "/%2finternal/builds", "/internal?x", "http://api.localhost/internal/x"],
)  # fmt: skip
def test_internal_paths_are_closed_from_outside(running: RunningRouter, platform: Web, path: str) -> None:
    assert running.get("api.localhost", path).error == "404"
    assert platform.seen == []


def test_what_only_looks_internal_is_open(running: RunningRouter, platform: Web) -> None:
    assert running.get("git.localhost", "/internal-tools.git/info/refs").text == "platform"


@pytest.mark.parametrize(
    "request_head",
    [
        "GET http://api.localhost/ HTTP/1.1\r\nHost: shop.localhost\r\n",
        "GET / HTTP/1.1\r\nHost: shop.localhost\r\nHost: api.localhost\r\n",
        "GET / HTTP/1.1\r\nHost: shop.localhost, api.localhost\r\n",
        "GET / HTTP/1.1\r\nHost: api.localhost@shop.localhost\r\n",
        "GET / HTTP/1.1\r\nHost: shop.localhost\r\nX-Forwarded-Host: api.localhost\r\n",
    ],
)
def test_no_trick_with_hosts_brings_an_app_request_to_the_platform(
    running: RunningRouter, app: Web, platform: Web, request_head: str
) -> None:
    running.router.publish(route(app))

    running.raw(f"{request_head}Connection: close\r\n\r\n".encode())

    assert platform.seen == []


@pytest.mark.parametrize(
    "smuggled",
    [
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\nabcd",
        b"GET / HTTP/1.1\r\nHost : shop.localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nX: a\nb\r\n\r\n",
    ],
)
def test_requests_that_two_parsers_could_read_in_two_ways_are_refused(
    running: RunningRouter, app: Web, smuggled: bytes
) -> None:
    running.router.publish(route(app))

    answer = running.raw(smuggled)

    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 422", b"HTTP/1.1 501"))
    assert app.seen == []


def test_an_upgrade_to_plain_http_2_does_not_pass(running: RunningRouter, app: Web) -> None:
    """It would open a tunnel past every rule (h2c smuggling)."""
    running.router.publish(route(app))

    headers = received(
        running,
        {"Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA", "Connection": "Upgrade, HTTP2-Settings"},
    )

    assert "upgrade" not in headers


def test_an_app_that_does_not_answer_in_time_is_h12(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))

    answer = running.get("shop.localhost", "/hang")

    assert (answer.status, answer.error) == (503, "H12")


@pytest.mark.parametrize("path", ["/close", "/garbage"])
def test_an_app_that_gives_no_answer_is_h13(running: RunningRouter, app: Web, path: str) -> None:
    running.router.publish(route(app))

    answer = running.get("shop.localhost", path)

    assert (answer.status, answer.error) == (503, "H13")


def test_a_request_that_a_server_has_seen_is_never_sent_again(running: RunningRouter, app: Web, other: Web) -> None:
    running.router.publish(route(app, other))

    running.get("shop.localhost", "/close")

    assert len(app.seen) + len(other.seen) == 1


def test_a_server_that_refuses_is_passed_over(running: RunningRouter, app: Web) -> None:
    dead = Server("web.2-dead", "127.0.0.1", free_port())
    running.router.publish(route(dead, app))

    answers = [running.get("shop.localhost").text for _ in range(20)]

    assert answers == [app.name] * 20


def test_a_server_that_refused_is_back_as_soon_as_it_accepts(
    running: RunningRouter, app: Web, wait_for: Callable[..., None]
) -> None:
    app.socket.close()
    running.router.publish(route(app))
    assert running.get("shop.localhost").error == "H21"

    revived = socket.create_server(("127.0.0.1", app.route_server.port))
    app.socket = revived

    wait_for(lambda: running.get("shop.localhost").error == "")


def test_when_the_platform_is_down_people_and_programs_are_told_in_their_language(running: RunningRouter) -> None:
    page = running.get("console.localhost")
    assert (page.status, page.error) == (503, "H99")
    assert page.body.startswith(b"<!doctype html>")

    answer = json.loads(running.get("api.localhost", "/apps").body)
    assert answer["id"] == "platform_unavailable"


def test_error_pages_to_head_requests_have_no_body(running: RunningRouter) -> None:
    answer = running.get("nobody.localhost", method="HEAD")

    assert (answer.status, answer.body) == (404, b"")


def test_uploads_stream_whatever_their_size(running: RunningRouter, app: Web, platform: Web) -> None:
    running.router.publish(route(app))
    size = 64 * 1024 * 1024

    for host in ("shop.localhost", "git.localhost"):
        with running.connection() as connection:
            chunks = (b"x" * (1024 * 1024) for _ in range(64))
            connection.request("POST", "/length", body=chunks, headers={"Host": host, "Content-Length": str(size)})
            assert connection.getresponse().read() == str(size).encode()


def test_websockets_pass(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))
    with socket.create_connection(("127.0.0.1", running.settings.http_port), timeout=20) as connection:
        connection.sendall(
            b"GET /upgrade HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        stream = connection.makefile("rwb")
        assert b"101" in stream.readline()
        while stream.readline() != b"\r\n":
            pass

        stream.write(b"hello\n")
        stream.flush()

        assert stream.readline() == b"hello\n"


def test_https_is_trusted_by_those_who_trust_our_authority(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))
    context = ssl.create_default_context(cafile=str(running.settings.ca_file))
    with socket.create_connection(("127.0.0.1", running.settings.https_port), timeout=20) as plain:
        tls = context.wrap_socket(plain, server_hostname="shop.localhost")
        connection = http.client.HTTPConnection("shop.localhost")
        connection.sock = tls
        connection.request("GET", "/headers", headers={"Host": "shop.localhost"})
        headers = {name.lower(): value for name, value in json.loads(connection.getresponse().read())}
        connection.close()

    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-port"] == str(running.settings.https_port)


def test_https_speaks_http_2(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))

    url = f"https://shop.localhost:{running.settings.https_port}/"
    argv = [
        "curl",
        "--silent",
        "--cacert",
        str(running.settings.ca_file),
        "--http2",
        "--write-out",
        " %{http_version}",
        url,
    ]
    output = subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    assert output == f"{app.name} 2"
