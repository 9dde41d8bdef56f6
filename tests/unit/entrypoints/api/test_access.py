"""Who may call what: every route, as nobody, stranger, owner and administrator."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from paas.domain.app import App
from paas.domain.formation import Scale
from paas.domain.plan import Slot
from paas.domain.release import Release
from paas.domain.user import User
from paas.entrypoints.api.auth import PUBLIC
from paas.pipeline import builds, run, users
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.api.conftest import Call

# What a call needs to get past its own checks, by route.
BODIES: dict[str, dict[str, Any]] = {
    "POST /apps": {"name": "another"},
    "POST /apps/<ref>/builds": {"source_blob": {"url": "https://example.org/x.tgz"}},
    "POST /apps/<ref>/domains": {"hostname": "www.example.org"},
    "POST /apps/<ref>/dynos": {"command": "bash"},
    "POST /apps/<ref>/releases": {"release": "2"},
    "PATCH /apps/<ref>/formation": {"updates": [{"type": "web", "quantity": 2}]},
    "PATCH /apps/<ref>/formation/<type_ref>": {"quantity": 2},
    "POST /users": {"email": "new@example.org", "password": "correct horse battery"},
    "PATCH /users/<ref>": {"password": "correct horse battery"},
}
# Owners get these refused as well: they are for administrators, or have nothing to show yet.
ADMINS_ONLY = {
    "GET /users",
    "POST /users",
    "PATCH /users/<ref>",
    "DELETE /users/<ref>",
    "GET /users/<ref>",
    "GET /users/<ref>/apps",
}
NEVER_FOUND = {"GET /apps/<ref>/pipeline-couplings", "DELETE /oauth/sessions/<session_id>"}


def routes(api: Flask) -> Iterator[tuple[str, str]]:
    """(method, rule) of all there are."""
    for rule in api.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


@pytest.fixture
def fill(
    services: Fakes, app: App, owner: User, stranger: User, deploy: Callable[..., Release]
) -> Callable[[str], str]:
    """A rule with its gaps filled by things of the owner's app."""
    deploy()
    services.store.domains.add(app.id, "own.example.org", owner.id)
    build = builds.from_url(services, owner, app, "https://example.org/x.tgz")
    token, _ = users.create_token(services, owner)
    services.store.formations.scale(app.id, [Scale("worker", 1)], owner.id)
    process = services.engine.start(run.spec(services, app, services.store.releases.current(app.id), Slot("worker", 1)))
    values = {
        "<type_ref>": "web", "<release_ref>": "2", "<build_id>": build.id, "<dyno_ref>": process.name,
        "<domain_ref>": "own.example.org", "<token_id>": token.id, "<token>": "x", "<session_id>": "~",
    }  # fmt: skip

    def fill(rule: str) -> str:
        target = (
            stranger.email
            if rule.startswith("/users/")
            else {"/regions/<ref>": "us", "/stacks/<ref>": app.stack}.get(rule, app.name)
        )
        for gap, value in {**values, "<ref>": target}.items():
            rule = rule.replace(gap, value)
        return rule

    return fill


def test_nobody_gets_anything_without_a_token(
    api: Flask, as_user: Callable[[User | None], Call], fill: Callable[[str], str]
) -> None:
    call = as_user(None)
    public = {rule.rule for rule in api.url_map.iter_rules() if rule.endpoint in PUBLIC}

    for method, rule in routes(api):
        if rule not in public:
            response = call(method, fill(rule), BODIES.get(f"{method} {rule}"))
            assert (response.status_code, response.json and response.json["id"]) == (401, "unauthorized"), rule


def test_only_health_and_signed_streams_are_public(api: Flask) -> None:
    public = {rule.rule for rule in api.url_map.iter_rules() if rule.endpoint in PUBLIC}

    assert public == {"/health"} | {f"/streams/{kind}/<token>" for kind in ("log", "build", "release", "run")}


def test_streams_need_their_secret(api: Flask, as_user: Callable[[User | None], Call]) -> None:
    for kind in ("log", "build", "release"):
        assert as_user(None)("GET", f"/streams/{kind}/forged").status_code == 404


def test_other_peoples_things_do_not_exist(
    api: Flask,
    as_user: Callable[[User | None], Call],
    fill: Callable[[str], str],
    stranger: User,
    app: App,
    services: Fakes,
) -> None:
    call = as_user(stranger)
    before = services.store.apps.get(app.id)

    for method, rule in routes(api):
        if rule.startswith("/apps/<ref>"):
            response = call(method, fill(rule), BODIES.get(f"{method} {rule}"))
            assert (response.status_code, response.json and response.json["resource"]) == (404, "app"), (method, rule)
    assert services.store.apps.get(app.id) == before
    assert call("GET", "/apps").json == []


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_owners_and_administrators_may(
    role: str,
    request: pytest.FixtureRequest,
    api: Flask,
    as_user: Callable[[User | None], Call],
    fill: Callable[[str], str],
) -> None:
    call = as_user(request.getfixturevalue(role))

    # What takes things away comes last, the app itself at the very end.
    for method, rule in sorted(routes(api), key=lambda r: (r[0] == "DELETE", r == ("DELETE", "/apps/<ref>"), r[1])):
        key = f"{method} {rule}"
        response = call(method, fill(rule), BODIES.get(key))
        if rule.startswith("/streams/") or key in NEVER_FOUND:
            assert response.status_code in (400, 404), key
        elif role == "owner" and key in ADMINS_ONLY:
            assert response.status_code in (403, 404), key
        elif role == "admin" and "<token_id>" in rule:
            assert response.status_code == 404, key  # tokens are their holder's own
        else:
            assert response.status_code < 300, (key, response.json)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_token_comes_in_three_forms(as_user: Callable[[User | None], Call], services: Fakes, owner: User) -> None:
    call = as_user(None)
    _, secret = users.create_token(services, owner)

    for authorization in (f"Bearer {secret}", f"bearer {secret}", basic("", secret), basic("heroku", secret)):
        assert call("GET", "/account", Authorization=authorization).json["email"] == owner.email  # type: ignore[index]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", "Basic !!!", "Basic", "Digest a=b", basic("a", ""), basic("a@b.c", "x"), "Bearer \x7f"],
)
def test_anything_else_is_refused(as_user: Callable[[User | None], Call], authorization: str) -> None:
    response = as_user(None)("GET", "/account", Authorization=authorization)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_e_mail_and_password_give_a_first_token(
    as_user: Callable[[User | None], Call], services: Fakes, admin: User
) -> None:
    users.create(services, admin, "new@example.org", "correct horse battery")
    credentials = basic("new@example.org", "correct horse battery")
    call = as_user(None)

    made = call(
        "POST", "/oauth/authorizations", {"description": "laptop", "scope": ["global"]}, Authorization=credentials
    )

    assert made.status_code == 201
    assert made.json is not None
    assert made.json["user"]["email"] == "new@example.org"
    token = made.json["access_token"]["token"]
    assert call("GET", "/account", Authorization=f"Bearer {token}").status_code == 200
    assert call("GET", "/account", Authorization=credentials).status_code == 401  # a password opens nothing else


def test_a_one_time_password_gives_no_token(
    as_user: Callable[[User | None], Call], services: Fakes, admin: User
) -> None:
    _, password = users.create(services, admin, "new@example.org")

    refused = as_user(None)("POST", "/oauth/authorizations", {}, Authorization=basic("new@example.org", password))

    assert (refused.status_code, refused.json and refused.json["id"]) == (403, "password_expired")


def test_guesses_are_counted_by_the_routers_word_of_the_address(
    as_user: Callable[[User | None], Call], services: Fakes, admin: User
) -> None:
    users.create(services, admin, "new@example.org", "correct horse battery")
    call = as_user(None)

    def guess(password: str, address: str) -> int:
        response = call(
            "POST",
            "/oauth/authorizations",
            {},
            Authorization=basic("new@example.org", password),
            X_Forwarded_For=address,
        )
        return response.status_code

    assert [guess("wrong", "192.0.2.1") for _ in range(6)] == [401] * 5 + [429]
    assert guess("correct horse battery", "192.0.2.1, 198.51.100.7") == 201
