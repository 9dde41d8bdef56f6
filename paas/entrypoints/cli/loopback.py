"""`*.localhost` is this machine (RFC 6761, section 6.3). Browsers, curl and git know; the C library's resolver may not."""

from __future__ import annotations

import socket
from typing import Any


def resolve_localhost_names() -> None:
    """From now on, in this program, names under `localhost` need no DNS. Once, at the start of the command line."""
    ask = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if isinstance(host, str) and host.rstrip(".").lower().endswith(".localhost"):
            host = "localhost"
        return ask(host, *args, **options)

    socket.getaddrinfo = getaddrinfo
