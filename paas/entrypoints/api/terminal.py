"""The wire of a one-off process: a WebSocket (RFC 6455) between the client's terminal and the process's streams.

Binary frames are bytes, both ways. Text frames are JSON: the client sends `{"resize": [rows, columns]}` and `{"eof": true}`,
the server `{"exit": status}` as the last thing, or `{"error": {"id", "message"}}` when nothing could be started.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Response
from simple_websocket import ConnectionClosed, Server  # type: ignore[import-untyped]

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.process import Process
from paas.errors import EngineUnavailable, PaasError
from paas.pipeline import journal
from paas.ports.engine import Session

IDLE_LIMIT = 3600.0  # seconds without a byte either way, as on Heroku
PING_EVERY = 25.0  # keeps the router's tunnel open, and finds out about clients that vanished
MAX_MESSAGE = 1024 * 1024
MAX_WAITING = 64  # messages from the client that the process has not read yet; then the client has to wait
_CHUNK = 32 * 1024
_TURN = 1.0


def accept(environ: dict[str, Any]) -> Connection:
    """Shakes hands with the client of this request."""
    return Connection(environ, ping_interval=PING_EVERY, max_message_size=MAX_MESSAGE, receive_bytes=64 * 1024)


def serve(
    services: Services, app: App, connection: Connection, process: Process, session: Session, let_go: Callable[[], None]
) -> None:
    """Carries bytes until the process ends, the client goes or an hour is silent; then the process is stopped and removed.

    `let_go` is called as soon as the client is done with: the process's goodbye may take longer.
    """
    last_byte = [services.clock.monotonic()]
    output = threading.Thread(
        target=_carry_output,
        args=(services, connection, process, session, last_byte),
        name=f"run-{process.name}",
        daemon=True,
    )
    output.start()
    try:
        with suppress(ConnectionClosed):
            _carry_input(services, connection, session, last_byte)
    finally:
        connection.finish()
        let_go()
        with suppress(EngineUnavailable):  # then the controller finds it
            code = services.engine.stop(process.id, services.settings.stop_grace)
            if code is not None:
                journal.note(services, app.id, process.name, f"Process exited with status {code}")
        session.close()
        output.join(10.0)
        services.signals.notify(app.id, "processes")


class Connection(Server):  # type: ignore[misc]  # the library has no types
    """A WebSocket that makes a fast client wait for a slow process, where the library would buffer without end."""

    def __init__(self, environ: dict[str, Any], **options: Any) -> None:
        self._room = threading.Condition()
        self._writing = threading.Lock()
        super().__init__(environ, **options)

    def receive(self, timeout: float | None = None) -> bytes | str | None:
        """The next message; None after `timeout` seconds. Raises `ConnectionClosed`."""
        message: bytes | str | None = super().receive(timeout)
        with self._room:
            self._room.notify_all()
        return message

    def send(self, data: bytes | str) -> None:
        """Raises `ConnectionClosed`."""
        try:
            with self._writing:
                super().send(data)
        except OSError as exc:
            self.connected = False
            raise ConnectionClosed from exc

    def finish(self, last: str = "") -> None:
        """Sends a last text, closes, and lets go of the socket even if the client never answers. Never raises."""
        with suppress(ConnectionClosed, OSError):
            if last:
                self.send(last)
            with self._writing:
                self.close()
        self.event.set()
        with self._room:
            self._room.notify_all()
        if threading.current_thread() is not self.thread:
            self.thread.join(2.0)
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def response(self) -> Response:
        """What the view returns: nothing more goes over this connection."""
        return _Answered(self.mode)

    def _handle_events(self) -> bool:
        keep_going: bool = super()._handle_events()
        with self._room:
            self._room.wait_for(lambda: len(self.input_buffer) < MAX_WAITING or not self.connected)
        return keep_going


class _Answered(Response):
    def __init__(self, server: str) -> None:
        super().__init__()
        self._server = server

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if self._server == "gunicorn":
            raise StopIteration  # how gunicorn's threads are told that the socket was used up
        return super().__call__(environ, start_response)


def _carry_output(
    services: Services, connection: Connection, process: Process, session: Session, last_byte: list[float]
) -> None:
    try:
        while data := session.read(_CHUNK):
            last_byte[0] = services.clock.monotonic()
            connection.send(data)
        code = services.engine.wait(process.id, services.settings.stop_grace)
    except (ConnectionClosed, PaasError):
        code = None
    connection.finish(json.dumps({"exit": code}) if code is not None else "")


def _carry_input(services: Services, connection: Connection, session: Session, last_byte: list[float]) -> None:
    while services.clock.monotonic() - last_byte[0] < IDLE_LIMIT:
        message = connection.receive(_TURN)
        if message is None:
            continue
        last_byte[0] = services.clock.monotonic()
        with suppress(EngineUnavailable):  # the process has ended or takes no more input; its output tells the rest
            if isinstance(message, str):
                _control(session, message)
            else:
                session.write(message)


def _control(session: Session, message: str) -> None:
    """Unknown and broken ones are left alone: a newer client may say more than we know."""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return
    if not isinstance(said, dict):
        return
    size = said.get("resize")
    if isinstance(size, list) and len(size) == 2 and all(type(n) is int and 0 < n < 10_000 for n in size):
        session.resize(size[0], size[1])
    if said.get("eof") is True:
        session.close_input()
