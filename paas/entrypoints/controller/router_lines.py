"""Collects the router's request lines into the apps' logs, and drops them when there are more than anybody can read."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import defaultdict

from paas.adapters.haproxy import log_lines
from paas.bootstrap import Services
from paas.errors import QueueUnavailable
from paas.ports.logs import LogLine

PER_SECOND = 500  # lines collected; under a heavier load a sample must do, the router is not to be slowed by its log
_PAUSE = 0.1


class RouterLines:
    """HAProxy sends datagrams and never waits: while we sleep the socket's buffer is full and lines are lost, cheaply."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect_forever(self) -> None:
        """Binds the socket and reads in gulps of a tenth of a second."""
        path = self._services.settings.router_log_socket
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as collector:
            collector.bind(str(path))
            path.chmod(0o622)  # the router may run as another user; it may write here, nobody else can come near
            while True:
                batch: dict[str, list[LogLine]] = defaultdict(list)
                self._add(batch, collector.recv(65536))
                with contextlib.suppress(BlockingIOError):
                    for _ in range(int(PER_SECOND * _PAUSE) - 1):
                        self._add(batch, collector.recv(65536, socket.MSG_DONTWAIT))
                for app_id, lines in batch.items():
                    with contextlib.suppress(QueueUnavailable):
                        self._services.app_logs.append(app_id, lines)
                time.sleep(_PAUSE)

    def _add(self, batch: dict[str, list[LogLine]], data: bytes) -> None:
        parsed = log_lines.parse(data.decode("utf-8", "replace"))
        if parsed is not None:
            app_id, text = parsed
            batch[app_id].append(LogLine(self._services.clock.now(), "heroku", "router", text))
