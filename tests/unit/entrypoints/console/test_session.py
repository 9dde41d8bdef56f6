"""Log in, log out, and how else a session ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from paas.domain.user import User
from paas.entrypoints.console import session
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.console.conftest import PASSWORD, PASSWORD_HASH, Browser


def is_in(browser: Browser) -> bool:
    return browser.get("/").status_code == 200


def test_the_right_password_leads_to_where_one_wanted_to_go(console: Flask, services: Fakes, owner: User) -> None:
    services.store.users.set_password(owner.id, PASSWORD_HASH)
    browser = Browser(console)

    asked = browser.get("/apps/shop")
    answer = browser.post(asked.location, email=owner.email.upper(), password=PASSWORD)

    assert asked.location == "/login?next=/apps/shop"
    assert (answer.status_code, answer.location) == (303, "/apps/shop")
    assert is_in(browser)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "x"]
)
def test_logging_in_leads_nowhere_else(console: Flask, services: Fakes, owner: User, elsewhere: str) -> None:
    services.store.users.set_password(owner.id, PASSWORD_HASH)

    answer = Browser(console).post("/login", email=owner.email, password=PASSWORD, next=elsewhere)

    assert answer.location == "/"


def test_a_wrong_password_says_so_and_keeps_the_address(console: Flask, services: Fakes, owner: User) -> None:
    services.store.users.set_password(owner.id, PASSWORD_HASH)
    browser = Browser(console)

    answer = browser.log_in(owner.email, "wrong")

    assert answer.status_code == 401
    assert "E-mail address and password don&#39;t fit together." in answer.text
    assert owner.email in answer.text
    assert not is_in(browser)


def test_guessing_is_slowed_down(console: Flask, services: Fakes, owner: User) -> None:
    services.store.users.set_password(owner.id, PASSWORD_HASH)
    browser = Browser(console)

    codes = [browser.log_in(owner.email, "wrong").status_code for _ in range(6)]

    assert codes == [401] * 5 + [429]
    assert browser.log_in(owner.email).status_code == 429


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(console: Flask, services: Fakes, owner: User) -> None:
    services.store.users.set_password(owner.id, PASSWORD_HASH)

    cookie = Browser(console).log_in(owner.email).headers["Set-Cookie"]

    assert cookie.startswith(f"console-{services.settings.name}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_over_https_the_cookie_stays_there(console: Flask, services: Fakes, owner: User) -> None:
    services.store.users.set_password(owner.id, PASSWORD_HASH)
    browser = Browser(console, "https://console.localhost:8443")

    cookie = browser.log_in(owner.email).headers["Set-Cookie"]

    assert cookie.startswith("__Host-console-")
    assert "Secure" in cookie
    assert is_in(browser)


def test_logging_out_ends_the_session_also_where_its_cookie_was_copied_to(
    browser: Browser, console: Flask, services: Fakes
) -> None:
    name = f"console-{services.settings.name}"
    cookie = browser.client.get_cookie(name, domain="console.localhost")
    assert cookie is not None
    thief = Browser(console)
    thief.client.set_cookie(name, cookie.value, domain="console.localhost")
    assert is_in(thief)

    answer = browser.post("/logout")

    assert answer.location == "/login"
    assert not is_in(browser)
    assert not is_in(thief)


def test_a_new_password_ends_all_other_sessions(as_user: Callable[[User | None], Browser], owner: User) -> None:
    here, there = as_user(owner), as_user(owner)

    here.post("/account/password", current=PASSWORD, password="another long one", again="another long one")

    assert is_in(here)
    assert not is_in(there)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"current": "wrong"}, "Current password does not fit."),
        ({"again": "another long ome"}, "New password was not typed the same way twice."),
        ({"password": "short", "again": "short"}, "Password must have 12 to 256 characters."),
    ],
)
def test_a_password_is_changed_only_with_care(browser: Browser, form: dict[str, str], error: str) -> None:
    answer = browser.post("/account/password", **{"current": PASSWORD, "password": "another long one", "again": "another long one"} | form)  # fmt: skip

    assert answer.status_code == 422
    assert error in answer.text


def test_a_session_is_over_after_its_time(browser: Browser, services: Fakes) -> None:
    services.clock.sleep(session.LIFETIME.total_seconds() - 1)
    assert is_in(browser)

    services.clock.sleep(timedelta(seconds=1).total_seconds())
    assert not is_in(browser)


def test_a_removed_user_is_out(browser: Browser, services: Fakes, owner: User) -> None:
    services.store.users.remove(owner.id)

    assert not is_in(browser)


def test_a_forged_cookie_opens_nothing(console: Flask, services: Fakes) -> None:
    browser = Browser(console)
    browser.client.set_cookie(
        f"console-{services.settings.name}", "eyJ1c2VyIjoiMSJ9.aaaa.bbbb", domain="console.localhost"
    )

    assert not is_in(browser)
