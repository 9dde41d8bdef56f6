"""The console on the fakes, and a browser for each role."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from paas.domain.user import User
from paas.entrypoints.console import create_console, events
from tests.unit.conftest import Fakes

PASSWORD = "correct horse battery"
# Of `PASSWORD`, with scrypt's smallest cost: these tests log in often.
PASSWORD_HASH = (
    f"scrypt$2$8$1${'00' * 16}${hashlib.scrypt(PASSWORD.encode(), salt=bytes(16), n=2, r=8, p=1, dklen=32).hex()}"
)


class Browser:
    """A client with cookies, that sends forms as pages of the console do."""

    def __init__(self, console: Flask, base_url: str = "http://console.localhost:8080") -> None:
        self.client: FlaskClient = console.test_client()
        self.base_url = base_url

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, base_url=self.base_url, headers=_headers(headers))

    def post(self, path: str, csrf: str = "own", **form: str) -> TestResponse:
        """With the session's token, unless another is given."""
        return self.send(path, form | {"csrf": self.csrf() if csrf == "own" else csrf})

    def htmx(self, path: str, **form: str) -> TestResponse:
        """As the page's script posts it."""
        return self.send(path, form | {"csrf": self.csrf()}, HX_Request="true")

    def send(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        return self.client.post(path, base_url=self.base_url, data=form, headers=_headers(headers))

    def log_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/login", email=email, password=password)

    def csrf(self) -> str:
        """The token in any form of any page that this browser may see."""
        for path in ("/account/password", "/login"):
            if found := re.search(r'name="csrf" value="([^"]+)"', self.get(path).text):
                return found[1]
        raise AssertionError("no page has a token")


def _headers(given: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}


@pytest.fixture
def console(services: Fakes, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(events, "HEARTBEAT", 0.2)  # so that readers of ended streams end soon
    return create_console(services)


@pytest.fixture
def as_user(console: Flask, services: Fakes) -> Callable[[User | None], Browser]:
    """`as_user(owner)` is a browser in which the owner is logged in, `as_user(None)` one of a stranger."""

    def as_user(user: User | None) -> Browser:
        browser = Browser(console)
        if user is not None:
            services.store.users.set_password(user.id, PASSWORD_HASH)
            assert browser.log_in(user.email).status_code == 303
        return browser

    return as_user


@pytest.fixture
def browser(as_user: Callable[[User | None], Browser], owner: User) -> Browser:
    """In which the app's owner is logged in."""
    return as_user(owner)
