"""The API on the fakes, and a client for each role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from paas.domain.user import User
from paas.entrypoints.api import create_api
from paas.pipeline import users
from tests.unit.conftest import Fakes

Call = Callable[..., TestResponse]
"""`call("GET", "/apps", json, **headers)`."""


@pytest.fixture
def api(services: Fakes) -> Flask:
    return create_api(services)


@pytest.fixture
def as_user(api: Flask, services: Fakes) -> Callable[[User | None], Call]:
    """`as_user(owner)` calls with a token of the owner's, `as_user(None)` without any."""

    def as_user(user: User | None) -> Call:
        headers = {}
        if user is not None:
            headers["Authorization"] = f"Bearer {users.create_token(services, user)[1]}"

        def call(method: str, path: str, json: Any = None, **more: str) -> TestResponse:
            sent = {**headers, **{name.replace("_", "-"): value for name, value in more.items()}}
            return api.test_client().open(path, method=method, json=json, headers=sent)

        return call

    return as_user


@pytest.fixture
def call(as_user: Callable[[User | None], Call], owner: User) -> Call:
    """Calls as the app's owner."""
    return as_user(owner)
