"""Fetch: the source tarball of a build that was asked for by URL. Runs in the worker.

The URL is a stranger's, and the worker sits inside the operator's network: so every host, also after a redirect, is looked
up once, all its addresses are checked, and the connection goes to exactly the address that was checked (a second look-up
could answer differently). Proxies are not used, as they would look up for themselves.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import os
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from paas.errors import Invalid, SourceUnavailable

MAX_REDIRECTS = 5
TIMEOUT = 30.0  # seconds without a byte
DEADLINE = 600.0  # seconds in all
_CHUNK = 256 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: IPv4 addresses in disguise


def check_url(url: str) -> SplitResult:
    """The URL in its parts, if it is one that we would fetch. Looks up nothing. Raises `Invalid`."""
    field = "source_blob.url"
    if not isinstance(url, str) or not url:
        raise Invalid(field, "", "is missing")
    if len(url) > 4096 or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise Invalid(field, shown(url), "must be a URL of at most 4096 ASCII characters without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise Invalid(field, shown(url), "is not a valid URL") from exc
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise Invalid(field, shown(url), "must start with https:// or http:// and name a host")
    return parts


def shown(url: str) -> str:
    """The URL as it may be shown and logged: without credentials, query and fragment, which may hold secrets."""
    bare = url.split("#", 1)[0].split("?", 1)[0]
    scheme, separator, rest = bare.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}" if separator else bare


def fetch(url: str, target: Path, limit: int, *, allow_private: bool = False) -> None:
    """Streams the tarball to `target`, which appears whole or not at all. At most `limit` bytes.

    Raises `Invalid` for a URL that is none, `SourceUnavailable` for everything on the way. `allow_private`: also from
    loopback, link-local and private addresses.
    """
    deadline = time.monotonic() + DEADLINE
    at = url
    for _ in range(MAX_REDIRECTS + 1):
        with contextlib.closing(_connect(at, allow_private)) as connection, _request(connection, at) as response:
            location = response.headers.get("Location", "")
            if response.status in (301, 302, 303, 307, 308) and location:
                at = urljoin(at, location)
                continue
            if response.status != 200:
                raise SourceUnavailable(shown(at), f"the server answered {response.status} {response.reason}".rstrip())
            _save(response, target, limit, at, deadline)
            return
    raise SourceUnavailable(shown(url), f"it was redirected more than {MAX_REDIRECTS} times")


def _connect(url: str, allow_private: bool) -> http.client.HTTPConnection:
    parts = check_url(url)
    host = parts.hostname or ""
    https = parts.scheme == "https"
    port = parts.port or (443 if https else 80)
    raw = _dial(url, host, port, allow_private)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=host) if https else raw
    except OSError as exc:
        raw.close()
        raise SourceUnavailable(shown(url), f"no secure connection: {exc}") from exc
    return connection


def _dial(url: str, host: str, port: int, allow_private: bool) -> socket.socket:
    """A connection to the first of the host's addresses that answers; all of them have to be allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise SourceUnavailable(shown(url), f"the host name {host} can't be resolved") from exc
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private and not all(_is_public(address) for address in addresses):
        raise SourceUnavailable(
            shown(url),
            f"{host} is an address inside this network, and sources are fetched only from public ones "
            "(an operator can allow it: PAAS_ALLOW_PRIVATE_SOURCES)",
        )
    failure: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=TIMEOUT)
        except OSError as exc:
            failure = exc
    raise SourceUnavailable(shown(url), f"no connection to {host} port {port}: {failure}")


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast


def _request(connection: http.client.HTTPConnection, url: str) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Host": parts.netloc.rpartition("@")[
            2
        ],  # as in the URL, without a default port: signed URLs are signed with it
        "User-Agent": "paas",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as exc:
        raise SourceUnavailable(shown(url), f"the server gave no answer ({type(exc).__name__})") from exc


def _save(response: http.client.HTTPResponse, target: Path, limit: int, url: str, deadline: float) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(target.name + ".part")
    size = 0
    try:
        with beside.open("wb") as file:
            while chunk := response.read1(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise SourceUnavailable(shown(url), f"it is larger than {limit} bytes")
                if time.monotonic() > deadline:
                    raise SourceUnavailable(shown(url), f"it took longer than {DEADLINE:g} s")
                file.write(chunk)
            if response.length:  # read1 ends quietly when the peer goes away in the middle
                raise SourceUnavailable(shown(url), "the connection ended before the file did")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as exc:
        raise SourceUnavailable(shown(url), f"the connection broke ({type(exc).__name__})") from exc
    finally:
        beside.unlink(missing_ok=True)
