"""What the router is told of an app: its hosts, its servers, and what to answer when there is none."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

from paas.errors import Invalid

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class RouteState(StrEnum):
    """Which page stands in when no server answers (Heroku's error codes)."""

    SERVING = "serving"
    NO_WEB = "no_web"  # H14: no web process is wanted, or nothing was ever deployed
    CRASHED = "crashed"  # H10: web processes are wanted, none is up
    MAINTENANCE = "maintenance"  # H80


@dataclass(frozen=True)
class Server:
    """One web process. `name` is unique within the app for good (process name + container id), never reused."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Route:
    """Everything the router needs of one app. Published whole; the router works out the difference."""

    app_id: str
    app_name: str
    hosts: tuple[str, ...]
    servers: tuple[Server, ...]
    state: RouteState


def check_hostname(hostname: str, platform_domain: str) -> str:
    """A custom domain, lower-cased. The platform's own names are refused. Raises `Invalid`."""
    name = hostname.lower().rstrip(".") if isinstance(hostname, str) else ""
    labels = name.split(".")
    wildcard_free = labels[1:] if labels[:1] == ["*"] else labels
    if len(name) > 253 or len(wildcard_free) < 2 or not all(_LABEL.fullmatch(label) for label in wildcard_free):
        raise Invalid(
            "hostname",
            str(hostname),
            "is not a valid domain name (letters, digits and dashes, with at least one dot)",
        )
    if _is_address(name):
        raise Invalid("hostname", hostname, "is an IP address, not a domain name")
    if name == platform_domain or name.endswith("." + platform_domain):
        raise Invalid(
            "hostname",
            hostname,
            f"belongs to the platform: names under {platform_domain} are given by app name",
        )
    return name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
