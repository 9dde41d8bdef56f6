"""A real HAProxy on free ports, and small web servers for it to route to. Everything ends with its `with` block."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from paas.adapters.file_leases import FileLeases
from paas.adapters.haproxy.router import HaproxyRouter, command, prepare
from paas.config import Settings
from paas.domain.route import Route, RouteState, Server


@dataclass
class RunningRouter:
    """HAProxy under our hand: `kill` and `start` are what its supervisor sees and does."""

    settings: Settings
    router: HaproxyRouter
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(default=Path("/dev/null"))

    def start(self) -> None:
        """Returns when it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command(self.settings), stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "HAProxy did not open its sockets"
            time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL; its workers see that and end, too."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + 20
        while self._answers():
            assert time.monotonic() < deadline, "a worker outlived its killed master"
            time.sleep(0.01)

    def get(self, host: str, path: str = "/", *, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
        """One request on a connection of its own."""
        with self.connection(timeout=20) as connection:
            connection.request(method, path, headers={"Host": host, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())

    @contextmanager
    def connection(self, timeout: float = 20) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.http_port, timeout=timeout)
        try:
            yield connection
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """What comes back for exactly these bytes, until HAProxy closes."""
        with socket.create_connection(("127.0.0.1", self.settings.http_port), timeout=20) as connection:
            connection.sendall(request)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.settings.http_port), timeout=1):
                pass
            with socket.socket(socket.AF_UNIX) as runtime:
                runtime.connect(str(self.settings.router_socket))
        except OSError:
            return False
        return True


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        return self.headers.get("x-paas-error", "")

    @property
    def text(self) -> str:
        return self.body.decode()


@contextmanager
def running_router(**settings: object) -> Iterator[RunningRouter]:
    """An instance of its own, with no routes."""
    with tempfile.TemporaryDirectory(prefix="t-router-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        data_dir = Path(folder)
        data_dir.chmod(0o711)
        http_port, https_port = _free_ports(2)
        values = {"http_port": http_port, "https_port": https_port, **settings}
        chosen = Settings(name="t-router", data_dir=data_dir, **values)  # type: ignore[arg-type]
        running = RunningRouter(
            chosen, HaproxyRouter(chosen, FileLeases(chosen.leases_dir)), log=data_dir / "haproxy.log"
        )
        prepare(chosen)
        try:
            running.start()
            yield running
        finally:
            if running.process is not None and running.process.poll() is None:
                running.process.terminate()
                running.process.wait()


class App(BaseHTTPRequestHandler):
    """A web process that behaves as the path says."""

    protocol_version = "HTTP/1.1"
    server: Web

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length) if length else b""
        self.server.seen.append(self.path)
        match self.path.split("?")[0]:
            case "/headers":
                self._answer(json.dumps([list(item) for item in self.headers.items()]))
            case "/length":
                self._answer(str(len(body)))
            case "/wait":
                self.server.waiting.release()
                self.server.go_on.wait(30)
                self._answer(self.server.name)
            case "/hang":
                self.server.go_on.wait(30)
            case "/close":
                self.close_connection = True
            case "/garbage":
                self.wfile.write(b"this is not HTTP\r\n\r\n")
                self.close_connection = True
            case "/half":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                self.close_connection = True
            case "/upgrade":
                # The answer to the key of RFC 6455 section 1.3.
                accept = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
                self.wfile.write(accept + b"\r\n")
                self.wfile.write(self.rfile.readline())
                self.close_connection = True
            case _:
                self._answer(self.server.name)

    do_POST = do_HEAD = do_GET  # noqa: N815  (the base class finds them by these names)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        pass

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())


class Web(socketserver.ThreadingTCPServer):
    """One web process, `App`, on a free port of 127.0.0.1, or on a unix socket."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, name: str, socket_path: Path | None = None) -> None:
        self.name = name
        self.seen: list[str] = []
        self.waiting = threading.Semaphore(0)
        self.go_on = threading.Event()
        self._open: set[socket.socket] = set()
        if socket_path is not None:
            self.address_family = socket.AF_UNIX
        super().__init__(("127.0.0.1", 0) if socket_path is None else str(socket_path), App)  # type: ignore[arg-type]

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def start(self) -> Web:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """As the end of a process does: no listening socket, no connection is left."""
        self.go_on.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def finish_request(self, request: object, client_address: object) -> None:
        super().finish_request(request, client_address or ("unix", 0))  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients and routers that hang up are part of what is tested."""

    @property
    def route_server(self) -> Server:
        return Server(self.name, "127.0.0.1", self.server_address[1])


@contextmanager
def web(name: str, socket_path: Path | None = None) -> Iterator[Web]:
    """A web process that runs."""
    server = Web(name, socket_path).start()
    try:
        yield server
    finally:
        server.stop()


def route(*servers: Web | Server, app: str = "app-a", hosts: tuple[str, ...] = ("shop.localhost",),
          state: RouteState = RouteState.SERVING) -> Route:  # fmt: skip
    """A route of one app, `shop` if nothing else is said."""
    named = tuple(server.route_server if isinstance(server, Web) else server for server in servers)
    return Route(app, app, hosts, named, state)


def free_port() -> int:
    return _free_ports(1)[0]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
