"""The open streams of a one-off container: what `paas run` reads from and writes to."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress

from paas.adapters.docker_client import VENDOR_ERRORS, DockerClient, engine_errors
from paas.adapters.docker_streams import Frames

_END_OF_TRANSMISSION = b"\x04"


class DockerSession:
    """Implements `Session` over a hijacked connection: raw bytes with a TTY, frames without one."""

    def __init__(self, client: DockerClient, container_id: str, *, tty: bool) -> None:
        """Attaches; the container need not run yet. Raises the SDK's errors."""
        self._client = client
        self._container_id = container_id
        self._tty = tty
        self._frames = Frames()
        self._ready: deque[bytes] = deque()
        self._socket = client.attach(container_id)

    def read(self, size: int) -> bytes:
        """What came next, at most `size` bytes; empty when the process has ended or the engine went away."""
        while not self._ready:
            try:
                data = self._socket.recv(65536)
            except OSError:
                return b""
            if not data:
                return b""
            self._ready.extend([data] if self._tty else [p for _, p in self._frames.feed(data) if p])
        first = self._ready.popleft()
        if len(first) > size:
            self._ready.appendleft(first[size:])
        return first[:size]

    def write(self, data: bytes) -> None:
        """Raises `EngineUnavailable` when nobody reads any more (the process ended)."""
        with engine_errors("writing to the process"):
            self._socket.sendall(data)

    def close_input(self) -> None:
        """End of file: a terminal knows it as ctrl-d, a pipe by being closed."""
        with engine_errors("closing the process's input"):
            if self._tty:
                self._socket.sendall(_END_OF_TRANSMISSION)
            else:
                self._socket.shutdown(socket.SHUT_WR)

    def resize(self, rows: int, columns: int) -> None:
        """Best effort: a terminal of the wrong size beats a broken session."""
        if not self._tty:
            return
        with suppress(*VENDOR_ERRORS):
            self._client.api.resize(self._container_id, height=rows, width=columns)

    def close(self) -> None:
        """Wakes up a reader in another thread, too."""
        with suppress(OSError):  # the other side was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
