"""What was published of each app: one JSON file an app. A broken one is set aside and reported; it breaks no other app.

Records can be lost: the store and the engine know enough to publish everything again (`Router.sync`). So they are
renamed into place, but not fsynced.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from paas.adapters.haproxy.disk import replace
from paas.domain.route import Route, RouteState, Server
from paas.errors import Invalid

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_SERVER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_SLOT = re.compile(r"s[0-9]{1,6}")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """The slot (backend) that the app has, and its route."""

    slot: str
    route: Route


class Records:
    """The records of one instance, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, app_id: str) -> Record | None:
        """None if there is none, or none that can be read."""
        path = self._path(app_id)
        try:
            record = _parse(path.read_bytes())
            if record.route.app_id != app_id:
                raise Invalid("app_id", record.route.app_id, f"is not {app_id}")
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError, Invalid) as exc:
            aside = path.with_suffix(".broken")
            log.error(
                "the router's record %s can't be read (%s): moved to %s; the app is without a route until it is published again",
                path, exc, aside.name,
            )  # fmt: skip
            path.replace(aside)
            return None
        return record

    def all(self) -> list[Record]:
        """All that can be read, the one published last at the end."""
        paths = sorted(self._folder.glob("*.json"), key=lambda p: p.stat().st_mtime_ns)
        return [record for path in paths if (record := self.read(path.stem)) is not None]

    def write(self, record: Record) -> None:
        """Atomically."""
        replace(self._path(record.route.app_id), json.dumps(asdict(record)))

    def remove(self, app_id: str) -> None:
        """Idempotent."""
        self._path(app_id).unlink(missing_ok=True)

    def _path(self, app_id: str) -> Path:
        _fits("app_id", app_id, _ID)
        return self._folder / f"{app_id}.json"


def check_route(route: Route, reserved_hosts: Iterable[str] = ()) -> Route:
    """The route, if its every part can stand in HAProxy's files. Raises `Invalid`."""
    _fits("app_id", route.app_id, _ID)
    for host in route.hosts:
        _fits("host", host, _HOST)
        if host in reserved_hosts:
            raise Invalid("host", host, "is the platform's own")
    names = [server.name for server in route.servers]
    for server in route.servers:
        _fits("server name", server.name, _SERVER_NAME)
        _check("server address", server.address, ipaddress.ip_address)
        if isinstance(server.port, bool) or not isinstance(server.port, int) or not 1 <= server.port <= 65535:
            raise Invalid("server port", str(server.port), "must be within 1 to 65535")
    if len(set(names)) != len(names):
        raise Invalid("servers", ", ".join(names), "must have a name of their own each")
    return route


def _parse(content: bytes) -> Record:
    fields = json.loads(content)
    route = fields["route"]
    _fits("slot", fields["slot"], _SLOT)
    return Record(
        fields["slot"],
        check_route(
            Route(
                app_id=route["app_id"],
                app_name=route["app_name"],
                hosts=tuple(route["hosts"]),
                servers=tuple(Server(**server) for server in route["servers"]),
                state=RouteState(route["state"]),
            )
        ),
    )


def _fits(field: str, value: object, rule: re.Pattern[str]) -> None:
    if not isinstance(value, str) or not rule.fullmatch(value):
        raise Invalid(field, str(value), f"must match {rule.pattern}")


def _check(field: str, value: str, parse: Callable[[str], object]) -> None:
    try:
        parse(value)
    except ValueError as exc:
        raise Invalid(field, str(value), str(exc)) from exc
