"""Fetching tarballs from a real server on loopback; and everything that is refused on the way."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from paas.errors import Invalid, SourceUnavailable
from paas.pipeline import fetch

DATA = bytes(range(256)) * 4096  # 1 MiB


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/source.tgz":
            self._answer(200, DATA)
        elif path == "/private.tgz":
            allowed = self.headers.get("Authorization") == "Basic bWU6YSBi"  # me:a b
            self._answer(200 if allowed else 401, b"secret" if allowed else b"")
        elif path == "/moved":
            self._answer(302, b"", Location="/source.tgz")
        elif path == "/loop":
            self._answer(302, b"", Location="/loop")
        elif path == "/file":
            self._answer(302, b"", Location="file:///etc/passwd")
        elif path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            self.wfile.write(DATA[:1000])
        elif path == "/endless":
            self.send_response(200)
            self.end_headers()
            while True:
                try:
                    self.wfile.write(DATA)
                except OSError:
                    return
        else:
            self._answer(404, b"")

    def log_message(self, *_: Any) -> None:
        """Not to the test's output."""

    def _answer(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server() -> Iterator[str]:
    """`127.0.0.1:PORT`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def get(server: str, tmp_path: Path) -> Callable[..., bytes]:
    """Fetches a path of the server, from loopback as an operator may allow it."""

    def get(path: str, limit: int = 2 * len(DATA), at: str = "") -> bytes:
        target = tmp_path / secrets.token_hex(4) / "source.tar"
        try:
            fetch.fetch(f"http://{at or server}{path}", target, limit, allow_private=True)
        except Exception:
            assert not target.parent.exists() or list(target.parent.iterdir()) == [], "nothing half is left"
            raise
        return target.read_bytes()

    return get


def test_a_tarball_arrives_whole(get: Callable[..., bytes]) -> None:
    assert get("/source.tgz?sig=x") == DATA


def test_redirects_are_followed(get: Callable[..., bytes]) -> None:
    assert get("/moved") == DATA


def test_credentials_in_the_url_are_used_and_not_shown(get: Callable[..., bytes], server: str) -> None:
    assert get("/private.tgz", at=f"me:a%20b@{server}") == b"secret"
    with pytest.raises(SourceUnavailable) as refused:
        get("/private.tgz?token=hush", at=f"me:wrong@{server}")
    assert refused.value.url == f"http://{server}/private.tgz"


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("/missing", "the server answered 404"),
        ("/loop", "redirected more than 5 times"),
        ("/cut", "ended before the file did"),
        ("/endless", "larger than"),
    ],
)
def test_what_goes_wrong_is_told(get: Callable[..., bytes], path: str, cause: str) -> None:
    with pytest.raises(SourceUnavailable, match=cause):
        get(path)


def test_a_redirect_leads_to_no_other_scheme(get: Callable[..., bytes]) -> None:
    with pytest.raises(Invalid):
        get("/file")


def test_the_limit_holds_to_the_byte(get: Callable[..., bytes]) -> None:
    assert get("/source.tgz", limit=len(DATA)) == DATA
    with pytest.raises(SourceUnavailable):
        get("/source.tgz", limit=len(DATA) - 1)


def test_a_port_where_nobody_listens(get: Callable[..., bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(SourceUnavailable, match="no connection"):
        get("/", at=f"127.0.0.1:{port}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.1.2.3", "192.168.0.1", "100.64.0.1", "[64:ff9b::7f00:1]", "[fe80::1]", "[2002:7f00:1::]", "2130706433", "0x7f.1"])  # fmt: skip  # noqa: S104
def test_addresses_inside_are_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="inside this network"):
        fetch.fetch(f"http://{host}:9/x.tgz", tmp_path / "x", 10)


def test_a_name_with_one_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def both(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", ("93.184.215.14", 80)), (0, 0, 0, "", ("127.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", both)

    with pytest.raises(SourceUnavailable, match="inside this network"):
        fetch.fetch("http://rebound.example/x.tgz", tmp_path / "x", 10)


@pytest.mark.parametrize(
    "url",
    ["", "x", "/x.tgz", "ftp://example.org/x", "file:///etc/passwd", "https://", "https:///x", "http://a b/", "http://a/\n", "http://a/é", "http://[::1/", "http://a:x/", "http://a:99999/", "http://a:0/", "http://a/" + "x" * 5000],
)  # fmt: skip
def test_what_is_no_url_is_invalid(url: str) -> None:
    with pytest.raises(Invalid):
        fetch.check_url(url)
