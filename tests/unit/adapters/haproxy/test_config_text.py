"""The whole of haproxy.cfg, and each of the smaller files, as they should read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from paas.adapters.haproxy.config_text import (
    SERVER_OPTIONS,
    Edge,
    haproxy_cfg,
    map_text,
    platform_hosts,
    slot_cfg,
    slot_value,
)
from paas.domain.route import Route, RouteState, Server

EDGE = Edge(
    domain="paas.example",
    http_port=80,
    https_port=443,
    ipv6=True,
    threads=4,
    user="haproxy",
    request_timeout=30,
    has_response_timeouts=False,
    router_dir=Path("/d/router"),
    certificate=Path("/d/tls/server.pem"),
    web_socket=Path("/d/run/web.sock"),
    stats_socket=Path("/d/run/haproxy.sock"),
    log_socket=Path("/d/run/router-log.sock"),
)
ROUTE = Route(
    "4f1d", "shop", ("shop.paas.example",), (Server("web.1-a", "10.208.0.2", 5000), Server("web.2-b", "fd00::2", 5000)),
    RouteState.SERVING,
)  # fmt: skip


def test_the_configuration_reads_like_this() -> None:
    assert haproxy_cfg(EDGE) == CONFIGURATION


def test_what_differs_between_machines() -> None:
    text = haproxy_cfg(replace(EDGE, ipv6=False, user=None, has_response_timeouts=True))

    gone = set(CONFIGURATION.splitlines()) - set(text.splitlines())
    new = set(text.splitlines()) - set(CONFIGURATION.splitlines())
    assert gone == {
        "    user haproxy",
        "    bind :::80 v6only",
        "    bind :::443 v6only ssl crt /d/tls/server.pem alpn h2,http/1.1",
        "    http-request set-timeout server 55s if { req.hdr(Accept) -m beg text/event-stream }",
    }
    assert new == {"    http-response set-timeout server 55s"}


def test_a_slot_names_the_servers_that_serve() -> None:
    assert slot_cfg("s7", ROUTE) == (
        "backend s7 from app\n"
        f"    server web.1-a 10.208.0.2:5000 {SERVER_OPTIONS}\n"
        f"    server web.2-b [fd00::2]:5000 {SERVER_OPTIONS}\n"
    )


def test_a_slot_has_no_servers_while_it_is_spare_or_the_app_is_not_serving() -> None:
    assert slot_cfg("s7", None) == "backend s7 from app\n"
    assert slot_cfg("s7", replace(ROUTE, state=RouteState.MAINTENANCE)) == "backend s7 from app\n"


def test_a_slot_tells_what_stands_in_for_whom() -> None:
    assert slot_value(replace(ROUTE, state=RouteState.NO_WEB)) == "no_web/4f1d"


def test_maps_are_sorted() -> None:
    assert map_text({"b.example": "s2", "a.example": "s1"}) == "a.example s1\nb.example s2\n"


def test_the_platforms_hosts() -> None:
    assert platform_hosts("paas.example") == {
        "paas.example": "platform",
        "git.paas.example": "platform",
        "console.paas.example": "platform",
        "localhost": "platform",
        "127.0.0.1": "platform",
        "[::1]": "platform",
        "api.paas.example": "api",
    }


CONFIGURATION = r"""# Derived from the platform's state; changes made here are lost.

global
    user haproxy
    nbthread 4
    # maxconn follows from it: about 10,000, or what the limit on open files (ulimit -n) allows.
    fd-hard-limit 20000
    # After a reload, how long the old worker may go on with the requests and WebSockets that it has.
    hard-stop-after 1h
    stats socket /d/run/haproxy.sock mode 600 level admin expose-fd listeners
    stats timeout 1m
    log /d/run/router-log.sock len 4096 format raw local0
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    tune.ssl.cachesize 2000
    tune.ssl.default-dh-param 2048

http-errors 404
    errorfile 404 /d/router/pages/404.http

http-errors H14
    errorfile 503 /d/router/pages/H14.http

http-errors H10
    errorfile 503 /d/router/pages/H10.http

http-errors H80
    errorfile 503 /d/router/pages/H80.http

defaults base
    mode http
    timeout connect 5s
    timeout http-request 20s
    timeout http-keep-alive 90s
    timeout client 55s
    timeout check 5s
    # On a reload, a client's idle connection is told to close with its next response and not cut under it.
    option idle-close-on-response
    option dontlognull
    option http-ignore-probes
    # WSGI and CGI make X_Forwarded_For and X-Forwarded-For the same variable: a client could set it.
    option http-restrict-req-hdr-names delete
    errorfile 400 /d/router/pages/400.http
    errorfile 500 /d/router/pages/500.http

defaults edge from base
    log global
    # log_lines.py reads this: numbers first, then what the client wrote, quoted and escaped.
    log-format paas-router\ %f\ %[be_name,map_str(/d/router/slots.map)]\ %s\ %TR\ %Tw\ %Tc\ %Ta\ %ST\ %B\ %ts\ %ci\ %{+Q,+E}HM\ %{+Q,+E}[var(txn.id)]\ %{+Q,+E}[var(txn.forwarded)]\ %{+Q,+E}[var(txn.host)]\ %{+Q,+E}HPO\ %{+Q,+E}HQ
    option abortonclose
    option forwardfor
    # Heroku: a client's own request id is kept if it is 20 to 200 safe characters long.
    http-request set-header X-Request-Id %[uuid] unless { req.fhdr(X-Request-Id) -m reg ^[A-Za-z0-9+/=_.-]{20,200}$ } !{ req.fhdr_cnt(X-Request-Id) gt 1 }
    http-request set-header X-Request-Start %[date(0,ms)]
    http-request add-header Via 1.1\ paas
    # An upgrade to plain HTTP/2 would open a tunnel past all of these rules.
    http-request del-header Upgrade if { req.hdr(Upgrade) -m sub -i h2c }

frontend http from edge
    bind :80
    bind :::80 v6only
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port 80
    use_backend %[req.fhdr(host),host_only,map_str(/d/router/hosts.map)] if { req.fhdr(host),host_only,map_str(/d/router/hosts.map) -m found }
    use_backend %[req.fhdr(host),host_only,rtrim(.),map_str(/d/router/hosts.map)] if { req.fhdr(host),host_only,rtrim(.),map_str(/d/router/hosts.map) -m found }
    use_backend %[req.fhdr(host),host_only,rtrim(.),regsub(^[^.]+,*),map_str(/d/router/hosts.map)] if { req.fhdr(host),host_only,rtrim(.),regsub(^[^.]+,*),map_str(/d/router/hosts.map) -m found }
    default_backend unknown

frontend https from edge
    bind :443 ssl crt /d/tls/server.pem alpn h2,http/1.1
    bind :::443 v6only ssl crt /d/tls/server.pem alpn h2,http/1.1
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-Port 443
    use_backend %[req.fhdr(host),host_only,map_str(/d/router/hosts.map)] if { req.fhdr(host),host_only,map_str(/d/router/hosts.map) -m found }
    use_backend %[req.fhdr(host),host_only,rtrim(.),map_str(/d/router/hosts.map)] if { req.fhdr(host),host_only,rtrim(.),map_str(/d/router/hosts.map) -m found }
    use_backend %[req.fhdr(host),host_only,rtrim(.),regsub(^[^.]+,*),map_str(/d/router/hosts.map)] if { req.fhdr(host),host_only,rtrim(.),regsub(^[^.]+,*),map_str(/d/router/hosts.map) -m found }
    default_backend unknown

backend unknown from base
    http-request set-log-level silent
    http-request return status 404 errorfiles 404

defaults control from base
    timeout server 1h
    timeout tunnel 1h
    timeout queue 30s
    http-request set-log-level silent
    # For the platform's own processes, which come by the unix socket. Decoded as the web server decodes it.
    http-request return status 404 errorfiles 404 if { path,url_dec -m reg -i (^|/)internal(/|$) }
    http-request del-header Forwarded
    http-request del-header X-Forwarded-Host
    http-request del-header X-Forwarded-Prefix

backend platform from control
    errorfile 502 /d/router/pages/H99.http
    errorfile 503 /d/router/pages/H99.http
    errorfile 504 /d/router/pages/H99.http
    server web unix@/d/run/web.sock

backend api from control
    errorfile 502 /d/router/pages/H99-json.http
    errorfile 503 /d/router/pages/H99-json.http
    errorfile 504 /d/router/pages/H99-json.http
    server web unix@/d/run/web.sock

defaults app from base
    balance leastconn
    timeout server 30s
    timeout queue 30s
    timeout tunnel 1h
    # Only a request that no server has seen is tried again, at once and on another server.
    retries 3
    retry-on conn-failure
    option redispatch 1
    # A client that hangs up ends its request at the app, too (H27). It takes the frontend's option and this one.
    option abortonclose
    http-request set-timeout server 55s if { req.hdr(Accept) -m beg text/event-stream }
    # Of an app with more than 200 requests a second, one in 50 is logged. The rules end here for the others.
    http-request set-log-level silent
    http-request allow if { be_sess_rate gt 200 } { nbsrv gt 0 } !{ rand(50) -m int 0 }
    http-request set-log-level info
    http-request set-var(txn.id) req.hdr(X-Request-Id)
    http-request set-var(txn.forwarded) req.fhdr(X-Forwarded-For)
    http-request set-var(txn.host) req.fhdr(host),host_only
    http-request return status 503 errorfiles H14 if { nbsrv eq 0 } { be_name,map_str(/d/router/slots.map) -m beg no_web/ }
    http-request return status 503 errorfiles H10 if { nbsrv eq 0 } { be_name,map_str(/d/router/slots.map) -m beg crashed/ }
    http-request return status 503 errorfiles H80 if { nbsrv eq 0 } { be_name,map_str(/d/router/slots.map) -m beg maintenance/ }
    errorfile 502 /d/router/pages/H13.http
    errorfile 503 /d/router/pages/H21.http
    errorfile 504 /d/router/pages/H12.http
"""
