"""This side of a one-off process: keys go out, what it prints comes in, its exit status ends us.

The wire is described in `paas.entrypoints.api.terminal`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click
import websocket

from paas.entrypoints.cli.client import is_local

_CHUNK = 32 * 1024
_LOST = 1


class Terminal:
    """One session. `raw`: this terminal becomes the process's, so that ctrl-c is its, not ours."""

    def __init__(self, url: str, ca_file: str, *, raw: bool) -> None:
        self._url = url
        self._trust = {"ca_certs": ca_file} if ca_file else {"cert_reqs": ssl.CERT_REQUIRED}
        self._raw = raw

    def run(self) -> int:
        """The exit status of the process. Raises `click.ClickException` if it was not to be had."""
        try:
            self._connection = websocket.create_connection(
                self._url, timeout=60, sslopt=self._trust, http_no_proxy=["*"] if is_local(self._url) else None,
                sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            )  # fmt: skip
        except (OSError, websocket.WebSocketException) as exc:
            raise click.ClickException(f"The process could not be reached: {exc}. Try again in a moment.") from exc
        self._connection.settimeout(None)
        threading.Thread(target=self._send_input, daemon=True).start()
        if not self._raw:
            return self._receive()
        with _raw_mode(), self._following_size():
            return self._receive()

    def _receive(self) -> int:
        while True:
            try:
                kind, data = self._connection.recv_data()
            except (OSError, websocket.WebSocketException):
                kind, data = websocket.ABNF.OPCODE_CLOSE, b""
            if kind == websocket.ABNF.OPCODE_BINARY:
                _write(data)
            elif kind == websocket.ABNF.OPCODE_TEXT:
                said: dict[str, Any] = json.loads(data)
                if "error" in said:
                    raise click.ClickException(said["error"]["message"])
                if "exit" in said:
                    return int(said["exit"])
            elif kind == websocket.ABNF.OPCODE_CLOSE:
                click.echo("\nThe connection to the process was lost.", err=True)
                return _LOST

    def _send_input(self) -> None:
        with suppress(OSError, websocket.WebSocketException):  # it has ended; the other side tells how
            while data := os.read(sys.stdin.fileno(), _CHUNK):
                self._connection.send_binary(data)
            self._connection.send(json.dumps({"eof": True}))

    def _send_size(self, *_: object) -> None:
        size = shutil.get_terminal_size()
        with suppress(OSError, websocket.WebSocketException):
            self._connection.send(json.dumps({"resize": [size.lines, size.columns]}))

    @contextmanager
    def _following_size(self) -> Iterator[None]:
        before = signal.signal(signal.SIGWINCH, self._send_size)
        self._send_size()
        try:
            yield
        finally:
            signal.signal(signal.SIGWINCH, before)


@contextmanager
def _raw_mode() -> Iterator[None]:
    """Every key goes through unread; the terminal is put back however we end."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
