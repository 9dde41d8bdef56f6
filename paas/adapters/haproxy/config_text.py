"""HAProxy's configuration as text: pure functions from values to the files that HAProxy reads. Nothing is written here.

The way of a request: host name → hosts.map → a slot (a backend with a neutral name, `s7`), or `platform` or `api` for the
control plane. Slots are spare backends made in advance, so that a new app is two map entries and some servers, added at run
time, and not a reload. slots.map tells which app has the slot and what to answer while it has no usable server.

Written for HAProxy 2.6 (Debian 12) and later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from paas.domain.route import Route, RouteState, Server

LOG_PREFIX = "paas-router"

# No health checks while all is well: a server is believed until a connection to it fails. Then it is out at once, and back when
# a TCP connect, tried every second, goes through (Heroku: five seconds of quarantine). `add server` ignores default-server, so
# every server carries them. Idle connections are let go quickly: an app that is stopped need not wait for them.
SERVER_OPTIONS = "check inter 24h downinter 1s rise 1 fall 1 observe layer4 error-limit 1 on-error mark-down pool-purge-delay 2s pool-max-conn -1"

# Heroku's seconds between two bytes, once a response has begun. Not every HAProxy can tell them from those to the first byte.
STREAM_IDLE = 55
RESPONSE_TIMEOUT = f"http-response set-timeout server {STREAM_IDLE}s"

_PAGES = {RouteState.NO_WEB: "H14", RouteState.CRASHED: "H10", RouteState.MAINTENANCE: "H80"}


@dataclass(frozen=True)
class Edge:
    """Everything that haproxy.cfg depends on. Timeouts in seconds."""

    domain: str
    http_port: int
    https_port: int
    ipv6: bool
    threads: int
    user: str | None
    request_timeout: int
    has_response_timeouts: bool
    """Whether this HAProxy knows RESPONSE_TIMEOUT."""
    router_dir: Path
    certificate: Path
    web_socket: Path
    stats_socket: Path
    log_socket: Path


def haproxy_cfg(edge: Edge) -> str:
    """The whole of haproxy.cfg, without the slots."""
    sections = (
        _global(edge),
        *_error_pages(edge),
        _defaults(edge),
        *_frontends(edge),
        *_platform(edge),
        _app_defaults(edge),
    )
    return "# Derived from the platform's state; changes made here are lost.\n\n" + "\n".join(sections)


def slot_cfg(slot: str, route: Route | None) -> str:
    """One slot's backend, with the servers that serve now."""
    lines = [f"backend {slot} from app"]
    lines += [f"    server {s.name} {address(s)} {SERVER_OPTIONS}" for s in live_servers(route)]
    return "\n".join(lines) + "\n"


def live_servers(route: Route | None) -> tuple[Server, ...]:
    """The servers that get requests: none in maintenance and the like."""
    return route.servers if route is not None and route.state is RouteState.SERVING else ()


def address(server: Server) -> str:
    """`10.0.0.2:5000`, `[fd00::2]:5000`."""
    return f"[{server.address}]:{server.port}" if ":" in server.address else f"{server.address}:{server.port}"


def platform_hosts(domain: str) -> dict[str, str]:
    """Host → backend of the platform's own names. They win over any app's."""
    names = (f"git.{domain}", f"console.{domain}", domain, "localhost", "127.0.0.1", "[::1]")
    return {**dict.fromkeys(names, "platform"), f"api.{domain}": "api"}


def slot_value(route: Route) -> str:
    """The value of a slot in slots.map: `no_web/<app id>`."""
    return f"{route.state}/{route.app_id}"


def map_text(entries: Mapping[str, str]) -> str:
    """A map file, sorted."""
    return "".join(f"{key} {value}\n" for key, value in sorted(entries.items()))


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *(f"    {line}" if line else "" for line in lines)]) + "\n"


def _global(edge: Edge) -> str:
    return _section(
        "global",
        [
            *([f"user {edge.user}"] if edge.user else []),
            f"nbthread {edge.threads}",
            "# maxconn follows from it: about 10,000, or what the limit on open files (ulimit -n) allows.",
            "fd-hard-limit 20000",
            "# After a reload, how long the old worker may go on with the requests and WebSockets that it has.",
            "hard-stop-after 1h",
            f"stats socket {edge.stats_socket} mode 600 level admin expose-fd listeners",
            "stats timeout 1m",
            f"log {edge.log_socket} len 4096 format raw local0",
            "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
            "tune.ssl.cachesize 2000",
            "tune.ssl.default-dh-param 2048",
        ],
    )


def _error_pages(edge: Edge) -> list[str]:
    codes = {"404": 404, **dict.fromkeys(_PAGES.values(), 503)}
    return [
        _section(f"http-errors {code}", [f"errorfile {status} {edge.router_dir}/pages/{code}.http"])
        for code, status in codes.items()
    ]


def _defaults(edge: Edge) -> str:
    pages = edge.router_dir / "pages"
    return _section(
        "defaults base",
        [
            "mode http",
            "timeout connect 5s",
            "timeout http-request 20s",
            "timeout http-keep-alive 90s",
            f"timeout client {STREAM_IDLE}s",
            "timeout check 5s",
            "# On a reload, a client's idle connection is told to close with its next response and not cut under it.",
            "option idle-close-on-response",
            "option dontlognull",
            "option http-ignore-probes",
            "# WSGI and CGI make X_Forwarded_For and X-Forwarded-For the same variable: a client could set it.",
            "option http-restrict-req-hdr-names delete",
            f"errorfile 400 {pages}/400.http",
            f"errorfile 500 {pages}/500.http",
        ],
    )


def _frontends(edge: Edge) -> list[str]:
    # Two sockets and not one for both: a client's IPv4 address stays one in X-Forwarded-For and in logs.
    addresses = (":{port}", ":::{port} v6only")[: 2 if edge.ipv6 else 1]
    fronts = [_edge_defaults(edge)]
    for scheme, port, tls in (
        ("http", edge.http_port, ""),
        ("https", edge.https_port, f" ssl crt {edge.certificate} alpn h2,http/1.1"),
    ):
        binds = [f"bind {address.format(port=port)}{tls}" for address in addresses]
        fronts.append(
            _section(f"frontend {scheme} from edge", [*binds, *_frontend_rules(scheme, port, edge.router_dir)])
        )
    unknown = ["http-request set-log-level silent", "http-request return status 404 errorfiles 404"]
    return [*fronts, _section("backend unknown from base", unknown)]


def _edge_defaults(edge: Edge) -> str:
    return _section(
        "defaults edge from base",
        [
            "log global",
            "# log_lines.py reads this: numbers first, then what the client wrote, quoted and escaped.",
            f"log-format {_log_format(edge.router_dir / 'slots.map')}",
            "option abortonclose",
            "option forwardfor",
            "# Heroku: a client's own request id is kept if it is 20 to 200 safe characters long.",
            "http-request set-header X-Request-Id %[uuid] unless { req.fhdr(X-Request-Id) -m reg ^[A-Za-z0-9+/=_.-]{20,200}$ } !{ req.fhdr_cnt(X-Request-Id) gt 1 }",
            "http-request set-header X-Request-Start %[date(0,ms)]",
            "http-request add-header Via 1.1\\ paas",
            "# An upgrade to plain HTTP/2 would open a tunnel past all of these rules.",
            "http-request del-header Upgrade if { req.hdr(Upgrade) -m sub -i h2c }",
        ],
    )


def _log_format(slots: Path) -> str:
    ours = (LOG_PREFIX, "%f", f"%[be_name,map_str({slots})]", "%s", "%TR", "%Tw", "%Tc", "%Ta", "%ST", "%B", "%ts", "%ci")  # fmt: skip
    theirs = ("HM", "[var(txn.id)]", "[var(txn.forwarded)]", "[var(txn.host)]", "HPO", "HQ")
    return "\\ ".join((*ours, *(f"%{{+Q,+E}}{field}" for field in theirs)))


def _frontend_rules(scheme: str, port: int, router_dir: Path) -> list[str]:
    # The whole header (fhdr): hdr would take what follows a comma for a host. Looking a name up twice is cheaper than a variable.
    known = f"req.fhdr(host),host_only,map_str({router_dir}/hosts.map)"
    dotted = f"req.fhdr(host),host_only,rtrim(.),map_str({router_dir}/hosts.map)"
    wildcard = f"req.fhdr(host),host_only,rtrim(.),regsub(^[^.]+,*),map_str({router_dir}/hosts.map)"
    return [
        f"http-request set-header X-Forwarded-Proto {scheme}",
        f"http-request set-header X-Forwarded-Port {port}",
        *(f"use_backend %[{lookup}] if {{ {lookup} -m found }}" for lookup in (known, dotted, wildcard)),
        "default_backend unknown",
    ]


def _platform(edge: Edge) -> list[str]:
    """The control plane: streams in both directions, as long and as large as they like."""
    shared = _section(
        "defaults control from base",
        [
            "timeout server 1h",
            "timeout tunnel 1h",
            "timeout queue 30s",
            "http-request set-log-level silent",
            "# For the platform's own processes, which come by the unix socket. Decoded as the web server decodes it.",
            "http-request return status 404 errorfiles 404 if { path,url_dec -m reg -i (^|/)internal(/|$) }",
            "http-request del-header Forwarded",
            "http-request del-header X-Forwarded-Host",
            "http-request del-header X-Forwarded-Prefix",
        ],
    )
    backends = [
        _section(
            f"backend {name} from control",
            [
                *(f"errorfile {status} {edge.router_dir}/pages/{page}.http" for status in (502, 503, 504)),
                f"server web unix@{edge.web_socket}",
            ],
        )
        for name, page in (("platform", "H99"), ("api", "H99-json"))
    ]
    return [shared, *backends]


def _app_defaults(edge: Edge) -> str:
    pages = edge.router_dir / "pages"
    of_slot = f"be_name,map_str({edge.router_dir}/slots.map)"
    # Where one number must be both, event streams ask for theirs by their Accept header.
    streaming = (
        RESPONSE_TIMEOUT
        if edge.has_response_timeouts
        else f"http-request set-timeout server {STREAM_IDLE}s if {{ req.hdr(Accept) -m beg text/event-stream }}"
    )
    return _section(
        "defaults app from base",
        [
            "balance leastconn",
            f"timeout server {edge.request_timeout}s",
            "timeout queue 30s",
            "timeout tunnel 1h",
            "# Only a request that no server has seen is tried again, at once and on another server.",
            "retries 3",
            "retry-on conn-failure",
            "option redispatch 1",
            "# A client that hangs up ends its request at the app, too (H27). It takes the frontend's option and this one.",
            "option abortonclose",
            streaming,
            "# Of an app with more than 200 requests a second, one in 50 is logged. The rules end here for the others.",
            "http-request set-log-level silent",
            "http-request allow if { be_sess_rate gt 200 } { nbsrv gt 0 } !{ rand(50) -m int 0 }",
            "http-request set-log-level info",
            "http-request set-var(txn.id) req.hdr(X-Request-Id)",
            "http-request set-var(txn.forwarded) req.fhdr(X-Forwarded-For)",
            "http-request set-var(txn.host) req.fhdr(host),host_only",
            *(
                f"http-request return status 503 errorfiles {page} if {{ nbsrv eq 0 }} {{ {of_slot} -m beg {state}/ }}"
                for state, page in _PAGES.items()
            ),
            f"errorfile 502 {pages}/H13.http",
            f"errorfile 503 {pages}/H21.http",
            f"errorfile 504 {pages}/H12.http",
        ],
    )
