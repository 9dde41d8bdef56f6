"""Is the instance up? Asked as a client would: through the router, on both ports."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path

from paas.config import Settings
from paas.entrypoints.operator import supervision
from paas.errors import SetupFailed

_PATIENCE = 60.0
_ONE_TRY = 5.0


def get(settings: Settings, host: str, path: str, *, https: bool = False) -> int | None:
    """The status of a GET through the router at 127.0.0.1, or None if there was no answer. DNS is not asked."""
    connection: http.client.HTTPConnection
    try:
        if https:
            connection = _NamedTLS(host, settings.https_port, timeout=_ONE_TRY, context=_trust(settings))
        else:
            connection = http.client.HTTPConnection("127.0.0.1", settings.http_port, timeout=_ONE_TRY)
        try:
            connection.request("GET", path, headers={"Host": host})
            return connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return None


def certificate_end(settings: Settings) -> datetime:
    """Until when the certificate that the router shows is valid. Raises OSError if it shows none that fits the domain."""
    connection = _NamedTLS(settings.domain, settings.https_port, timeout=_ONE_TRY, context=_trust(settings))
    connection.connect()
    with connection.sock as secured:
        shown = secured.getpeercert() or {}  # never empty, as it was verified
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


def wait_until_up(settings: Settings) -> None:
    """Returns once the API answers over HTTP and HTTPS and all programs run. Raises `SetupFailed` with the log of what doesn't."""
    deadline = time.monotonic() + _PATIENCE
    while missing := _missing(settings):
        if time.monotonic() > deadline:
            raise SetupFailed(
                f"Still not up after {_PATIENCE:.0f} s: {', '.join(missing)}.",
                f"All logs are in {settings.log_dir}; `bin/paas doctor` looks at every part.",
                _last_lines(settings.log_dir / f"{missing[0]}.log"),
            )
        time.sleep(0.1)


def _missing(settings: Settings) -> list[str]:
    states = supervision.states(settings)
    down = [name for name, state in states.items() if state != "RUNNING"]
    if down or not states:
        return down or ["supervisord"]
    api = f"api.{settings.domain}"
    return [
        name for name, https in (("web", False), ("haproxy", True)) if get(settings, api, "/health", https=https) != 200
    ]


def _trust(settings: Settings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(settings.ca_file))


def _last_lines(log: Path) -> tuple[str, ...]:
    try:
        return tuple(log.read_text(errors="replace").splitlines()[-20:])
    except OSError:
        return ()


class _NamedTLS(http.client.HTTPSConnection):
    """Connects to the loopback, and checks the certificate for the name."""

    def __init__(self, name: str, port: int, *, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(name, port, timeout=timeout, context=context)
        self._trust = context

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)
