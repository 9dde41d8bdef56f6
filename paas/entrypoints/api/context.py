"""What a request is about: the services, who calls, which app; and what the answer is to carry besides its body."""

from __future__ import annotations

from typing import cast

from flask import current_app, g

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.user import User
from paas.errors import NotFound
from paas.pipeline import apps


def services() -> Services:
    return cast(Services, current_app.extensions["paas"])


def caller() -> User:
    """Who calls; set by `auth` before any view runs."""
    return cast(User, g.user)


def find_app(ref: str) -> App:
    """The app of that name or id. Raises `NotFound` unless the caller may use it."""
    return apps.find(services(), caller(), ref)


def find_user(user_id: str) -> User | None:
    """Whoever did something once; None if that user is gone. Each is looked up once in a request."""
    known: dict[str, User | None] = g.setdefault("users", {})
    if user_id not in known:
        try:
            known[user_id] = services().store.users.get(user_id)
        except NotFound:
            known[user_id] = None
    return known[user_id]


def warn(text: str) -> None:
    """Has the client print a notice: the Heroku CLI shows `X-Heroku-Warning`."""
    g.setdefault("warnings", []).append(text)
