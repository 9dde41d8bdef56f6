"""Who may call what: every route, as nobody, stranger, owner and administrator; and no change without a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from paas.domain.app import App
from paas.domain.release import Release
from paas.domain.user import User
from paas.entrypoints.console import guard, session
from paas.pipeline import builds, users
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.console.conftest import PASSWORD, PASSWORD_HASH, Browser

# What a call needs to get past its own checks, by rule.
FORMS: dict[str, dict[str, str]] = {
    "/apps": {"name": "another"},
    "/apps/<ref>/scale": {"type": "web", "quantity": "2"},
    "/apps/<ref>/config": {"key": "GREETING", "value": "hello"},
    "/apps/<ref>/domains": {"hostname": "www.example.org"},
    "/apps/<ref>/delete": {"name": "shop"},
    "/account/password": {"current": PASSWORD, "password": "another long one", "again": "another long one"},
}
# Taking things away comes last, the account's password and the session itself at the very end.
LAST = ["/remove", "/revoke", "/cancel", "/delete", "/account/password", "/logout"]


def routes(console: Flask) -> Iterator[tuple[str, str]]:
    """(method, rule) of all that is not open to everybody."""
    found = [
        (method, rule.rule)
        for rule in console.url_map.iter_rules()
        if rule.endpoint not in session.OPEN
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    yield from sorted(
        found, key=lambda r: (r[0], max((n + 1 for n, end in enumerate(LAST) if r[1].endswith(end)), default=0))
    )


@pytest.fixture
def fill(services: Fakes, app: App, owner: User, deploy: Callable[..., Release]) -> Callable[[str], str]:
    """A rule with its gaps filled by things of the owner's app."""
    deploy()
    services.store.domains.add(app.id, "own.example.org", owner.id)
    services.store.configs.update(app.id, {"SECRET": "s3cret"}, owner.id)
    build = builds.from_url(services, owner, app, "https://example.org/x.tgz")
    token, _ = users.create_token(services, owner)
    values = {"ref": app.name, "version": "2", "key": "SECRET", "hostname": "own.example.org", "build_id": build.id,
              "token_id": token.id}  # fmt: skip

    def fill(rule: str) -> str:
        for gap, value in values.items():
            rule = rule.replace(f"<{gap}>", value)
        return rule

    return fill


def test_only_log_in_and_static_files_are_open(console: Flask) -> None:
    open_rules = {rule.rule for rule in console.url_map.iter_rules() if rule.endpoint in session.OPEN}

    assert open_rules == {"/login", "/static/<digest>/<name>"}


def test_nobody_gets_anything_without_logging_in(
    console: Flask, as_user: Callable[[User | None], Browser], fill: Callable[[str], str], services: Fakes, app: App
) -> None:
    nobody = as_user(None)
    before = services.store.apps.get(app.id)

    for method, rule in routes(console):
        answer = nobody.get(fill(rule)) if method == "GET" else nobody.post(fill(rule), **FORMS.get(rule, {}))
        assert answer.status_code == 303, rule
        assert answer.location.startswith("/login"), rule
        assert "s3cret" not in answer.text
    assert services.store.apps.get(app.id) == before


def test_other_peoples_apps_do_not_exist(
    console: Flask,
    as_user: Callable[[User | None], Browser],
    fill: Callable[[str], str],
    stranger: User,
    services: Fakes,
    app: App,
) -> None:
    browser = as_user(stranger)
    before = services.store.apps.get(app.id)

    for method, rule in routes(console):
        if rule.startswith("/apps/<ref>"):
            answer = browser.get(fill(rule)) if method == "GET" else browser.post(fill(rule), **FORMS.get(rule, {}))
            assert answer.status_code == 404, (method, rule)
            assert "s3cret" not in answer.text
    assert services.store.apps.get(app.id) == before
    assert app.name not in browser.get("/").text


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_owners_and_administrators_may(
    role: str,
    request: pytest.FixtureRequest,
    console: Flask,
    as_user: Callable[[User | None], Browser],
    fill: Callable[[str], str],
) -> None:
    browser = as_user(request.getfixturevalue(role))

    for method, rule in routes(console):
        answer = browser.get(fill(rule)) if method == "GET" else browser.post(fill(rule), **FORMS.get(rule, {}))
        if role == "admin" and "<token_id>" in rule:
            assert answer.status_code == 404  # tokens are their holder's own
        else:
            assert answer.status_code in (200, 303), (method, rule, answer.text)
            assert "/login" not in answer.headers.get("Location", "") or rule == "/logout"
        answer.close()


def test_no_change_without_the_sessions_token(
    console: Flask, browser: Browser, fill: Callable[[str], str], services: Fakes, app: App
) -> None:
    before = services.store.apps.get(app.id)

    for method, rule in routes(console):
        if method == "POST":
            form = FORMS.get(rule, {})
            assert browser.post(fill(rule), csrf="", **form).status_code == 403, rule
            assert browser.post(fill(rule), csrf="forged", **form).status_code == 403, rule
            own = {"csrf": browser.csrf(), **form}
            assert browser.send(fill(rule), own, Origin="http://evil.localhost:8080").status_code == 403, rule
    assert services.store.apps.get(app.id) == before
    assert browser.post("/login", csrf="forged", email="owner@example.org", password=PASSWORD).status_code == 403


def test_a_one_time_password_opens_nothing_but_the_choice_of_another(
    console: Flask, fill: Callable[[str], str], services: Fakes, owner: User
) -> None:
    services.store.users.set_password(owner.id, PASSWORD_HASH, must_change_password=True)
    browser = Browser(console)
    browser.log_in(owner.email)

    for method, rule in routes(console):
        if rule not in ("/account/password", "/logout"):
            answer = browser.get(fill(rule)) if method == "GET" else browser.post(fill(rule), **FORMS.get(rule, {}))
            assert (answer.status_code, answer.location) == (303, "/account/password"), rule

    chosen = {"current": PASSWORD, "password": "my own long password", "again": "my own long password"}
    assert browser.post("/account/password", **chosen).location == "/"
    assert browser.get("/").status_code == 200


def test_every_answer_carries_the_headers_that_protect_it(browser: Browser) -> None:
    for path in ("/", "/login", "/account", "/apps/shop", "/apps/nothing", "/nowhere"):
        headers = browser.get(path).headers
        assert headers["Content-Security-Policy"] == guard.CONTENT_SECURITY_POLICY
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_the_policy_allows_no_inline_code() -> None:
    assert "unsafe" not in guard.CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in guard.CONTENT_SECURITY_POLICY
