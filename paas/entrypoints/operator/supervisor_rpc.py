"""supervisor's XML-RPC interface (supervisord.org, *XML-RPC API Documentation*) over its unix socket."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ERRORS = (OSError, http.client.HTTPException, xmlrpc.client.Error)
"""What calls raise: nobody answers, or supervisor refuses (`xmlrpc.client.Fault`)."""


@contextmanager
def connect(socket_file: Path) -> Iterator[Any]:
    """The interface's functions as methods. Nothing connects before the first call, and none stays connected."""
    with xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(socket_file)) as server:
        yield server.supervisor


class _Transport(xmlrpc.client.Transport):
    def __init__(self, socket_file: Path) -> None:
        super().__init__()
        self._socket_file = socket_file

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        self.close()
        made = _Connection(self._socket_file)
        self._connection = host, made  # where `close` finds it
        return made


class _Connection(http.client.HTTPConnection):
    def __init__(self, socket_file: Path) -> None:
        super().__init__("localhost")
        self._socket_file = socket_file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.connect(str(self._socket_file))
        except OSError:
            self.close()
            raise
