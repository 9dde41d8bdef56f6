"""The wire rules: errors, headers, bodies, limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from paas.domain.app import App
from paas.domain.user import User
from paas.entrypoints.api import create_api
from paas.errors import QueueUnavailable, StoreBusy
from paas.pipeline import users
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.api.conftest import Call


def test_unknown_routes_and_methods_are_told_in_json(call: Call) -> None:
    missing, wrong = call("GET", "/nothing/here"), call("PUT", "/apps")

    assert (missing.status_code, missing.json and missing.json["id"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json and wrong.json["id"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["Allow"]


@pytest.mark.parametrize(
    "raw",
    [b"{", b"[1]", b'"x"', b"\xff", b'{"name": "\\ud800"}', b"[" * 100_000, b'{"n": ' + b"9" * 5000 + b"}", b"null"],
    ids=["cut", "list", "string", "latin", "surrogate", "deep", "huge number", "null"],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/apps"), ("PATCH", "/apps/shop/config-vars"), ("PATCH", "/apps/shop/formation")]
)
def test_bodies_that_are_no_json_objects_are_bad_requests(
    api: Flask, services: Fakes, owner: User, app: App, raw: bytes, method: str, path: str
) -> None:
    headers = {"Authorization": f"Bearer {users.create_token(services, owner)[1]}"}

    response = api.test_client().open(path, method=method, data=raw, headers=headers)

    assert (response.status_code, response.json and response.json["id"]) == (400, "bad_request")


def test_large_bodies_are_refused(call: Call, app: App) -> None:
    response = call("PATCH", "/apps/shop/config-vars", {"A": "x" * (1024 * 1024)})

    assert (response.status_code, response.json and response.json["id"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("POST", "/apps", {"name": 7}),
        ("POST", "/apps", {"name": {"a": 1}}),
        ("POST", "/apps", {"region": "eu"}),
        ("POST", "/apps", {"stack": "container"}),
        ("PATCH", "/apps/shop", {"maintenance": "yes"}),
        ("PATCH", "/apps/shop/config-vars", {"A": 1}),
        ("PATCH", "/apps/shop/config-vars", {"A": {"b": "c"}}),
        ("PATCH", "/apps/shop/formation", {}),
        ("PATCH", "/apps/shop/formation", {"updates": "web=1"}),
        ("PATCH", "/apps/shop/formation", {"updates": ["web=1"]}),
        ("PATCH", "/apps/shop/formation", {"updates": [{"type": "web", "quantity": True}]}),
        ("PATCH", "/apps/shop/formation", {"updates": [{"type": "web", "quantity": 1.5}]}),
        ("PATCH", "/apps/shop/formation", {"updates": [{"type": 1, "quantity": 1}]}),
        ("POST", "/apps/shop/dynos", {}),
        ("POST", "/apps/shop/dynos", {"command": ["ls"]}),
        ("POST", "/apps/shop/dynos", {"command": "ls", "env": "A=1"}),
        ("POST", "/apps/shop/dynos", {"command": "ls", "env": {"A": 1}}),
        ("POST", "/apps/shop/builds", {"source_blob": "x"}),
        ("POST", "/apps/shop/builds", {"source_blob": {"url": "file:///etc/passwd"}}),
        ("POST", "/apps/shop/builds", {"source_blob": {"url": "https://example.org/x", "checksum": "SHA256:0"}}),
        ("POST", "/apps/shop/log-sessions", {"lines": -1}),
        ("POST", "/apps/shop/log-sessions", {"lines": "many"}),
        ("POST", "/apps/shop/log-sessions", {"tail": "true"}),
        ("POST", "/apps/shop/domains", {"hostname": ["x"]}),
        ("POST", "/apps/shop/releases", {"release": None}),
        ("POST", "/apps/shop/releases", {"release": True}),
        ("POST", "/oauth/authorizations", {"description": "a\nb"}),
        ("PATCH", "/account", {"password": "x", "new_password": "short"}),
    ],
)  # fmt: skip
def test_wrong_types_and_values_are_invalid(
    call: Call, app: App, deploy: Callable[..., Any], method: str, path: str, json: Any
) -> None:
    deploy()

    response = call(method, path, json)

    assert (response.status_code, response.json and response.json["id"]) == (422, "invalid_params")


@pytest.mark.parametrize("ref", ["%00", "..%2f..", "a'b", "%F0%9F%92%A9", "x" * 3000, "%ff"])
def test_odd_paths_are_not_found(call: Call, app: App, ref: str) -> None:
    for path in (
        f"/apps/{ref}",
        f"/apps/shop/releases/{ref}",
        f"/apps/shop/builds/{ref}",
        f"/apps/shop/dynos/{ref}",
        f"/apps/shop/domains/{ref}",
        f"/apps/shop/formation/{ref}",
        f"/users/{ref}",
        f"/oauth/authorizations/{ref}",
    ):
        assert call("GET", path).status_code == 404, path
        assert call("DELETE", path).status_code in (403, 404, 405), path


def test_each_answer_has_an_id_and_tells_what_is_left(call: Call) -> None:
    first, second = call("GET", "/account"), call("GET", "/account", X_Request_Id="0123456789abcdef0123")

    assert len(first.headers["Request-Id"]) == 36
    assert second.headers["Request-Id"] == "0123456789abcdef0123"
    assert int(second.headers["RateLimit-Remaining"]) < int(first.headers["RateLimit-Remaining"])
    assert call("GET", "/apps", X_Request_Id="bad id\t").headers["Request-Id"] != "bad id\t"


def test_an_account_runs_out_of_requests_and_gets_them_back(services: Fakes, owner: User, stranger: User) -> None:
    api = create_api(replace(services, settings=replace(services.settings, api_rate_limit=3)))
    client = api.test_client()
    mine, other = ({"Authorization": f"Bearer {users.create_token(services, user)[1]}"} for user in (owner, stranger))

    statuses = [client.get("/account", headers=mine).status_code for _ in range(4)]
    refused = client.get("/account", headers=mine)

    assert statuses == [200, 200, 200, 429]
    assert refused.json is not None
    assert refused.json["id"] == "rate_limit"
    assert client.get("/account", headers=other).status_code == 200
    services.clock.sleep(float(refused.headers["Retry-After"]))
    assert client.get("/account", headers=mine).status_code == 200


def test_a_change_that_waits_for_the_queue_is_told(
    call: Call, services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_: str) -> None:
        raise QueueUnavailable

    monkeypatch.setattr(services.queue, "converge", unavailable)

    made = call("POST", "/apps", {"name": "blog"})

    assert made.status_code == 201
    assert "a little later" in made.headers["X-Heroku-Warning"]
    assert "X-Heroku-Warning" not in call("GET", "/apps/blog").headers


def test_a_part_that_is_down_is_told_as_such(call: Call, services: Fakes, app: App, deploy: Callable[..., Any]) -> None:
    deploy()
    services.engine.down = True

    response = call("GET", "/apps/shop/dynos")

    assert (response.status_code, response.json and response.json["id"]) == (503, "engine_unavailable")
    assert response.headers["Retry-After"]


def test_a_bug_is_logged_and_kept_from_the_client(
    call: Call, services: Fakes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: str) -> Any:
        raise KeyError("a secret")

    monkeypatch.setattr(services.store.apps, "get", broken)

    response = call("GET", "/apps/shop")

    assert response.status_code == 500
    assert response.json is not None
    assert response.json["id"] == "internal_server_error"
    assert "secret" not in response.get_data(as_text=True)
    assert response.headers["Request-Id"] in response.json["message"]
    assert "a secret" in caplog.text


def test_health_needs_the_store(
    as_user: Callable[[User | None], Call], services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = as_user(None)
    assert call("GET", "/health").json == {"status": "ok"}

    def busy(_: str) -> Any:
        raise StoreBusy

    monkeypatch.setattr(services.store.apps, "get", busy)

    assert call("GET", "/health").status_code == 503
