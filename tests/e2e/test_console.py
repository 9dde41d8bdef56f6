"""The console, as people use it: a real browser before a whole platform."""

from __future__ import annotations

import os
import re
import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.platform import Platform, Requests, commit, eventually, repository

PASSWORD = "correct horse battery"
PATIENCE = 60_000  # milliseconds until something that is on its way has to be there
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def email(platform: Platform) -> str:
    """An administrator with a password of their own."""
    email = f"{secrets.token_hex(4)}@example.org"
    assert platform.api("POST", "/users", {"email": email, "password": PASSWORD, "admin": True}).status_code == 201
    return email


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(**options)` opens a page in a browser profile of its own. At the end no page may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(**options: object) -> Page:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda m: complaints.append(m.text) if m.type == "error" and "status of 4" not in m.text else None,
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A connection that a test broke on purpose is no fault of the page: Chromium and htmx each say so.
    broken = ("ERR_", "status of 50", "[object Event]")
    assert [c for c in complaints if not any(mark in c for mark in broken)] == []


@pytest.fixture
def log_in(platform: Platform, email: str, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """`log_in()` opens a page, logs in, and is at the list of apps."""

    def log_in(**options: object) -> Page:
        page = open_page(**options)
        page.goto(platform.info["console"])
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(platform.info["console"] + "/")
        return page

    return log_in


@pytest.fixture
def deployed(platform: Platform, tmp_path: Path) -> tuple[str, Path]:
    """A running app and its repository."""
    name = platform.create()
    folder = repository(tmp_path / "app", "python_flask", {"greeting.txt": "first"})
    push = platform.push(folder, name)
    assert push.accepted, push.output
    return name, folder


def open_app(page: Page, platform: Platform, name: str) -> None:
    page.goto(f"{platform.info['console']}/apps/{name}")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")


def tally(page: Page, process_type: str = "web") -> str:
    return page.locator(f"#type-{process_type} .tally").inner_text().partition(":")[2].strip()


def test_from_a_one_time_password_to_a_running_app(
    platform: Platform, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    email = f"{secrets.token_hex(4)}@example.org"
    once = platform.api("POST", "/users", {"email": email}).json()["password"]
    name = f"app-{secrets.token_hex(4)}"
    page = open_page()

    page.goto(platform.info["console"])
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(once)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("One-time password").fill(once)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password, again").fill(PASSWORD)
    page.get_by_role("button", name="Save the password").click()

    expect(page.get_by_text("No apps yet")).to_be_visible()
    page.get_by_role("link", name="Create your first app").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create app").click()
    page.wait_for_url(f"**/apps/{name}")
    expect(page.get_by_text(f"git remote add paas {platform.info['git']}/{name}.git").first).to_be_visible()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")

    page.get_by_role("button", name="Create a token").click()
    token = page.get_by_role("dialog").locator("pre").inner_text()
    page.get_by_role("dialog").get_by_text("Done").click()
    page.locator("body").evaluate("body => { body.dataset.mark = 'not loaded again' }")
    folder = repository(tmp_path / "app", "python_flask")
    pushed = platform.run("git", "-C", str(folder), "push", platform.git_url(name, token), "HEAD:refs/heads/main")

    assert pushed == ""  # git writes to standard error
    expect(page.locator("#build")).to_contain_text("Deployed")
    expect(page.locator("#build-log")).to_contain_text("Python app detected")
    expect(page.locator("#type-web .tally")).to_contain_text("1 of 1 up")
    expect(page.locator("#header")).to_contain_text("Up")
    expect(page.locator("#releases")).to_contain_text("v2")
    expect(page.locator("body")).to_have_attribute("data-mark", "not loaded again")
    assert platform.get(name).status_code == 200


def test_scaling_by_clicking_fails_not_one_request(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, _ = deployed
    page = log_in()
    page.get_by_role("link", name=name, exact=True).click()

    with Requests(platform, name) as traffic:
        more, fewer = (page.get_by_role("button", name=f"{what} web processes") for what in ("More", "Fewer"))
        more.click()
        more.click()
        expect(page.get_by_label("Number of web processes")).to_have_value("3")
        expect(page.locator("#type-web .tally")).to_contain_text("3 of 3 up")
        assert platform.states(name) == {f"web.{n}": "up" for n in (1, 2, 3)}

        fewer.click()
        fewer.click()
        expect(page.get_by_label("Number of web processes")).to_have_value("1")
        expect(page.locator("#type-web .proc")).to_have_count(1)
        expect(page.locator("#type-web .tally")).to_contain_text("1 of 1 up")

    assert traffic.failures == []
    assert platform.states(name) == {"web.1": "up"}


def test_scaling_by_number_and_keyboard(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, _ = deployed
    page = log_in()
    open_app(page, platform, name)

    number = page.get_by_label("Number of web processes")
    number.focus()
    number.press("ArrowUp")
    expect(page.locator("#type-web .tally")).to_contain_text("2 of 2 up")
    number.fill("0")
    number.press("Enter")

    expect(page.locator("#type-web .tally")).to_contain_text("scaled to zero")
    expect(page.locator("#header")).to_contain_text("Scaled to zero")
    assert platform.get(name).status_code == 503


def test_two_open_pages_show_the_same(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, _ = deployed
    one, other, apps = log_in(), log_in(), log_in()
    for page in (one, other):
        open_app(page, platform, name)

    one.get_by_role("switch", name="Maintenance mode").click()

    expect(other.get_by_role("switch", name="Maintenance mode")).to_have_attribute("aria-checked", "true")
    expect(other.locator("#header")).to_contain_text("Maintenance")
    expect(apps.locator(".app-row", has_text=name)).to_contain_text("Maintenance")
    eventually(lambda: "maintenance" in platform.get(name).text.lower())


def test_config_stays_hidden_and_a_rollback_brings_it_back(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, _ = deployed
    assert platform.api("PATCH", f"/apps/{name}/config-vars", {"API_SECRET": "s3cret-one"}).ok
    page = log_in()
    open_app(page, platform, name)
    expect(page.locator("#header")).to_contain_text("v3")
    assert "s3cret" not in page.content()

    page.get_by_role("button", name="Show and edit API_SECRET").click()
    expect(page.get_by_label("API_SECRET", exact=True)).to_have_value("s3cret-one")
    page.get_by_label("API_SECRET", exact=True).fill("s3cret-two")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#header")).to_contain_text("v4")
    assert "s3cret" not in page.content()

    page.get_by_role("link", name="Roll back to v3").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back to v3").click()
    expect(page.locator("#header")).to_contain_text("Rollback to v3")
    assert platform.api("GET", f"/apps/{name}/config-vars").json() == {"API_SECRET": "s3cret-one"}


def test_the_log_follows_and_can_be_filtered(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, _ = deployed
    page = log_in()
    open_app(page, platform, name)
    path = f"/nothing-{secrets.token_hex(4)}"

    platform.get(name, path)
    line = page.locator("#log > .log-line[data-from=router]", has_text=path)
    expect(line).to_be_visible()
    page.locator("#log").scroll_into_view_if_needed()
    expect(line).to_be_in_viewport()

    page.get_by_label("Show lines of").select_option("api")
    expect(line).to_be_hidden()
    expect(page.locator("#log > .log-line", has_text="Release v2 created")).to_be_visible()


def test_a_failed_push_says_so_in_the_open_page(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, folder = deployed
    page = log_in()
    open_app(page, platform, name)

    commit(folder, {"requirements.txt": "no-such-package-anywhere==0\n"}, "Ask for too much")
    assert not platform.push(folder, name).accepted

    expect(page.locator("#build")).to_contain_text("Ask for too much")
    expect(page.locator("#build")).to_contain_text("Failed")
    expect(page.locator("#build-log .b-error").first).to_be_visible()
    expect(page.locator("#header")).to_contain_text("Up")


def test_a_page_finds_its_way_back_after_the_web_process_was_killed(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, _ = deployed
    page = log_in()
    open_app(page, platform, name)

    for pid in platform.pids("web"):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: platform.api("PATCH", f"/apps/{name}/formation/web", {"quantity": 2}).ok)

    expect(page.locator("#type-web .tally")).to_contain_text("2 of 2 up")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")


def test_without_scripts_the_main_things_work(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, _ = deployed
    page = log_in(java_script_enabled=False)

    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("button", name="More web processes").click()
    expect(page.get_by_label("Number of web processes")).to_have_value("2")
    page.get_by_role("link", name="Restart").click()
    page.get_by_role("button", name="Restart").click()

    expect(page.locator("#toasts")).to_contain_text("All processes are being restarted.")
    eventually(lambda: platform.states(name) == {"web.1": "up", "web.2": "up"})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path], scheme: str
) -> None:
    name, _ = deployed
    page = log_in(viewport={"width": 360, "height": 740}, has_touch=True, color_scheme=scheme)

    for path in (
        "/",
        f"/apps/{name}",
        f"/apps/{platform.create()}",
        "/apps/new",
        "/account",
        "/account/password",
        "/nowhere",
    ):
        page.goto(platform.info["console"] + path)
        assert page.locator("html").evaluate("html => html.scrollWidth") == 360, path


def test_an_app_is_deleted_by_typing_its_name(
    platform: Platform, log_in: Callable[..., Page], deployed: tuple[str, Path]
) -> None:
    name, _ = deployed
    page = log_in()
    open_app(page, platform, name)

    page.get_by_role("link", name=re.compile("Delete")).click()
    page.get_by_label(f"Type {name} to confirm").fill(name)
    page.get_by_role("button", name="Delete the app").click()

    page.wait_for_url(platform.info["console"] + "/")
    expect(page.locator("#toasts")).to_contain_text(f"{name} was deleted.")
    expect(page.locator(".app-row", has_text=name)).to_have_count(0)
    eventually(lambda: not platform.containers(f"paas.app-name={name}"))


def test_over_https_the_session_is_for_https_only(
    platform: Platform, email: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(ignore_https_errors=True)
    page.goto(f"https://console.{platform.info['domain']}:{platform.info['https_port']}/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    cookie = page.context.cookies()[0]
    assert cookie["name"] == f"__Host-console-{platform.name}"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
