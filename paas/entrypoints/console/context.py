"""What every view asks for: the platform's services, and who is logged in."""

from __future__ import annotations

from typing import cast

from flask import current_app, g, request
from werkzeug.exceptions import Unauthorized

from paas.bootstrap import Services
from paas.domain.user import User

EXTENSION = "paas"


def services() -> Services:
    return cast(Services, current_app.extensions[EXTENSION])


def user() -> User:
    """Who is logged in. The guard (`session.require_login`) has seen to it that somebody is."""
    known = g.get("user")
    if not isinstance(known, User):
        raise Unauthorized
    return known


def by_htmx() -> bool:
    """Whether the page's script asks, which takes parts of pages; a browser on its own takes whole ones."""
    return "HX-Request" in request.headers


def address() -> str:
    """Where the request comes from: the router adds the client's address as the last one."""
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or request.remote_addr or ""
