"""HAProxy's line about a request → the line that Heroku's router writes into an app's log (article *HTTP Routing*)."""

from __future__ import annotations

import re

from paas.adapters.haproxy.config_text import LOG_PREFIX
from paas.domain.route import RouteState

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
# The order of fields is that of config_text's log-format: ours and HAProxy's first, then what the client wrote.
_LINE = re.compile(
    LOG_PREFIX + r" (?P<protocol>http|https)~? (?P<state>[a-z_]+)/(?P<app_id>[A-Za-z0-9-]+) (?P<server>\S+)"
    r" (?P<received>-?\d+) (?P<queued>-?\d+) (?P<connect>-?\d+) \+?(?P<total>-?\d+)"
    r" (?P<status>-?\d+) \+?(?P<bytes>\d+) (?P<ended>\S\S) (?P<client>\S+)" + f" {_QUOTED}" * 6 + r"\s*"
)
_ESCAPED = re.compile(r'\\(["\\\]])')
_UNSAFE_BYTE = re.compile(r"#([0-9A-F]{2})")  # how HAProxy writes bytes that may not stand in a URI
_PROCESS = re.compile(r"([A-Za-z0-9_-]+\.\d+)(?![0-9])")

_STATES = {
    RouteState.NO_WEB: ("H14", "No web processes running"),
    RouteState.CRASHED: ("H10", "App crashed"),
    RouteState.MAINTENANCE: ("H80", "Maintenance mode"),
}
# By the two letters of HAProxy's termination state (configuration manual, section 8.5): who ended it, and in which phase.
_ENDS = {
    "sQ": ("H11", "Backlog too deep"),
    "sH": ("H12", "Request timeout"),
    "SH": ("H13", "Connection closed without response"),
    "sD": ("H15", "Idle connection"),
    "PH": ("H17", "Poorly formatted HTTP response"),
    "SD": ("H18", "Server Request Interrupted"),
    "sC": ("H19", "Backend connection timeout"),
    "SC": ("H21", "Backend connection refused"),
    "KD": ("H24", "Forced close"),
    "KH": ("H24", "Forced close"),
    "DD": ("H18", "Server Request Interrupted"),
    "DH": ("H13", "Connection closed without response"),
    "CH": ("H27", "Client Request Interrupted"),
    "CQ": ("H27", "Client Request Interrupted"),
    "CC": ("H27", "Client Request Interrupted"),
    "CD": ("H27", "Client Request Interrupted"),
    "cH": ("H28", "Client Connection Idle"),
    "cD": ("H28", "Client Connection Idle"),
}
_CLIENT_GONE = 499  # Heroku's status for H27: nobody was there to be answered


def parse(line: str) -> tuple[str, str] | None:
    """(app id, router line) of a request to an app; None for everything else that HAProxy may log.

    Values of the client are escaped by HAProxy (quotes, control characters), so a line is always one line.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    method, request_id, forwarded, host, path, query = (_ESCAPED.sub(r"\1", text) for text in match.groups()[-6:])
    path = _UNSAFE_BYTE.sub(r"%\1", path + query)
    state = match["state"]
    failure = (
        _STATES.get(RouteState(state)) if match["ended"][0] == "L" and state in _STATES else _ENDS.get(match["ended"])
    )
    waited = {name: max(0, int(match[name])) for name in ("received", "queued", "connect", "total")}
    service = max(0, waited["total"] - waited["received"] - waited["queued"] - waited["connect"])
    process = _PROCESS.match(match["server"])
    fields = [
        "at=info" if failure is None else f'at=error code={failure[0]} desc="{failure[1]}"',
        f"method={_bare(method)}",
        f"path={_quoted(path)}",
        f"host={_bare(host)}",
        f"request_id={_bare(request_id)}",
        f"fwd={_quoted(', '.join(part for part in (forwarded, match['client']) if part))}",
        f"dyno={process[1] if process else ''}",
        f"connect={waited['connect']}ms",
        f"service={service}ms",
        f"status={_status(int(match['status']), match['ended'])}",
        f"bytes={match['bytes']}",
        f"protocol={match['protocol']}",
    ]
    return match["app_id"], " ".join(fields)


def _status(status: int, ended: str) -> int:
    """What the client got. HAProxy logs 502 and 504 where our pages say 503, and 400 or -1 where nobody was there any more."""
    if ended[0] == "C" and ended[1] != "D":
        return _CLIENT_GONE
    return 503 if ended[0] != "-" and (status in (502, 504) or status <= 0) else status


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bare(text: str) -> str:
    """A value without quotes can't have spaces: what a client made up must not pass for fields of ours."""
    return re.sub(r'[\s"=]', "_", text)
