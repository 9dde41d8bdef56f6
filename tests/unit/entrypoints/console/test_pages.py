"""What the pages show, and what their forms change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from paas.domain.app import App
from paas.domain.build import Build, BuildStatus
from paas.domain.formation import Scale
from paas.domain.plan import Slot
from paas.domain.process import Kind
from paas.domain.release import Release
from paas.domain.user import User
from paas.errors import QueueUnavailable
from paas.pipeline import run
from paas.ports.logs import LogLine
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.console.conftest import Browser


def test_without_apps_the_list_says_how_to_begin(browser: Browser) -> None:
    page = browser.get("/").text

    assert "No apps yet" in page
    assert "git push" in page


def test_the_list_shows_each_app_with_its_state(browser: Browser, app: App, deploy: Callable[..., Release]) -> None:
    deploy()

    page = browser.get("/").text

    assert 'href="/apps/shop"' in page
    assert "http://shop.localhost:8080" in page
    assert "0 of 1 up" in page
    assert "Starting" in page
    assert "Deploy c0ffee00" in page


def test_a_new_app_leads_to_the_exact_git_commands(browser: Browser, services: Fakes) -> None:
    answer = browser.post("/apps", name="my-app")
    page = browser.get(answer.location).text

    assert answer.location == "/apps/my-app"
    assert "git remote add paas http://git.localhost:8080/my-app.git" in page
    assert "git push paas main" in page
    assert "API token" in page


def test_an_app_without_a_name_gets_one(browser: Browser, services: Fakes) -> None:
    answer = browser.post("/apps", name=" ")

    assert [answer.location] == [f"/apps/{app.name}" for app in services.store.apps.list()]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("Bad Name", "must start with a letter"),
        ("api", "is reserved"),
        ("shop", "is already taken"),
        ("<script>", "must start"),
    ],
)
def test_a_bad_name_is_explained_beside_the_field(browser: Browser, app: App, name: str, error: str) -> None:
    answer = browser.htmx("/apps", name=name)

    assert answer.status_code == 422
    assert error in answer.text
    assert "<script>" not in answer.text
    assert answer.text.lstrip().startswith("<form")


def test_a_token_for_git_is_shown_once(browser: Browser, services: Fakes, owner: User) -> None:
    page = browser.post("/account/tokens", description="laptop").text

    secret = re.search(r"paas-[0-9a-f]{64}", page)
    assert secret
    assert secret[0] not in browser.get("/account").text
    assert [t.description for t in services.store.tokens.list(owner.id)] == ["laptop"]


@pytest.mark.parametrize(("form", "wanted"), [({"quantity": "3"}, 3), ({"quantity": "3", "step": "+1"}, 4), ({"quantity": "3", "step": "-1"}, 2)])  # fmt: skip
def test_scaling_by_number_and_by_button(
    browser: Browser, services: Fakes, app: App, deploy: Callable[..., Release], form: dict[str, str], wanted: int
) -> None:
    deploy()

    answer = browser.post("/apps/shop/scale", type="web", **form)

    assert answer.location == "/apps/shop#processes"
    assert services.store.formations.get(app.id)["web"] == wanted
    assert ("converge", app.id) in services.queue.waiting


def test_scaling_by_script_answers_with_what_is_wanted_and_what_runs(
    browser: Browser, app: App, deploy: Callable[..., Release]
) -> None:
    deploy()

    answer = browser.htmx("/apps/shop/scale", type="web", quantity="3")

    assert 'id="processes"' in answer.text
    assert 'value="3"' in answer.text
    assert "0 of 3 up" in answer.text
    assert answer.headers["HX-Reswap"] == "none"


@pytest.mark.parametrize("quantity", ["101", "-1", "", "many", "1" * 500])
def test_a_number_out_of_bounds_changes_nothing(
    browser: Browser, services: Fakes, app: App, deploy: Callable[..., Release], quantity: str
) -> None:
    deploy()

    answer = browser.htmx("/apps/shop/scale", type="web", quantity=quantity)

    assert answer.status_code == 422
    assert "toast-bad" in answer.text
    assert services.store.formations.get(app.id)["web"] == 1


def test_config_values_are_in_no_page_until_they_are_asked_for(
    browser: Browser, services: Fakes, app: App, owner: User
) -> None:
    services.store.configs.update(app.id, {"SECRET": "s3cret <value>"}, owner.id)

    page = browser.get("/apps/shop").text
    row = browser.get("/apps/shop/config/SECRET", HX_Request="true").text
    whole = browser.get("/apps/shop?reveal=SECRET").text

    assert "SECRET" in page
    assert "s3cret" not in page
    assert "s3cret &lt;value&gt;" in row
    assert "s3cret &lt;value&gt;" in whole
    assert "s3cret" not in browser.get("/apps/shop/config/SECRET?hide").text
    assert browser.get("/apps/shop/config/OTHER").status_code == 404


def test_config_is_set_and_removed(browser: Browser, services: Fakes, app: App) -> None:
    browser.post("/apps/shop/config", key=" GREETING ", value="one\r\ntwo")
    assert services.store.configs.get(app.id) == {"GREETING": "one\ntwo"}

    answer = browser.htmx("/apps/shop/config/GREETING/remove")
    assert services.store.configs.get(app.id) == {}
    assert "GREETING is removed." in answer.text


def test_a_value_that_begins_with_a_newline_comes_back_whole(
    browser: Browser, services: Fakes, app: App, owner: User
) -> None:
    services.store.configs.update(app.id, {"KEY": "\nsecond"}, owner.id)

    row = browser.get("/apps/shop/config/KEY").text

    # HTML drops the first newline in a text field (HTML Standard, 13.1.2.5), so there have to be two.
    assert re.search(r"<textarea[^>]*>\n\nsecond</textarea>", row)


def test_rolling_back_asks_first(browser: Browser, services: Fakes, app: App, deploy: Callable[..., Release]) -> None:
    deploy()
    deploy(image="sha256:" + "cd" * 32)

    asked = browser.get("/apps/shop/releases/2/rollback")
    answer = browser.post("/apps/shop/releases/2/rollback")

    assert "Roll shop back to v2?" in asked.text
    assert answer.location == "/apps/shop#releases"
    assert services.store.releases.list(app.id)[0].description == "Rollback to v2"


def test_a_refused_rollback_says_why(browser: Browser, app: App, deploy: Callable[..., Release]) -> None:
    deploy()

    answer = browser.htmx("/apps/shop/releases/1/rollback")

    assert answer.status_code == 409
    assert "Can&#39;t roll back to v1." in answer.text


def test_only_releases_that_can_run_again_have_the_button(
    browser: Browser, app: App, deploy: Callable[..., Release]
) -> None:
    deploy()
    deploy(image="sha256:" + "cd" * 32)

    page = browser.get("/apps/shop").text

    assert re.findall(r'aria-label="Roll back to (v\d+)"', page) == ["v2"]


def test_domains_are_added_and_removed(browser: Browser, services: Fakes, app: App) -> None:
    browser.post("/apps/shop/domains", hostname="WWW.example.org")
    assert list(services.store.domains.list(app.id)) == ["www.example.org"]

    browser.post("/apps/shop/domains/www.example.org/remove")
    assert not services.store.domains.list(app.id)


def test_maintenance_is_a_switch(browser: Browser, services: Fakes, app: App) -> None:
    on = browser.htmx("/apps/shop/maintenance", on="1").text
    assert services.store.apps.get(app.id).maintenance
    assert 'aria-checked="true"' in on

    browser.htmx("/apps/shop/maintenance", on="0")
    assert not services.store.apps.get(app.id).maintenance


def test_an_app_is_deleted_only_by_its_name(browser: Browser, services: Fakes, app: App) -> None:
    refused = browser.post("/apps/shop/delete", name="shops")
    assert refused.status_code == 422
    assert "Name is not shop." in refused.text
    assert services.store.apps.list()

    assert browser.post("/apps/shop/delete", name="shop").location == "/"
    assert not services.store.apps.list()
    assert "shop was deleted." in browser.get("/").text


def test_processes_show_state_age_release_and_why_they_crashed(
    browser: Browser, services: Fakes, app: App, owner: User, deploy: Callable[..., Release]
) -> None:
    release = deploy()
    services.store.formations.scale(app.id, [Scale("worker", 1)], owner.id)
    worker = services.engine.start(run.spec(services, app, release, Slot("worker", 1)))
    services.engine.crash(worker.id, 137, out_of_memory=True)

    page = browser.get("/apps/shop").text

    assert "worker.1" in page
    assert 'data-state="crashed"' in page
    assert "out of memory" in page
    assert "0 of 1 up, 1 crashed" in page
    assert "v2 · <time" in page


def test_one_off_processes_can_be_stopped(
    browser: Browser, services: Fakes, app: App, deploy: Callable[..., Release]
) -> None:
    spec = replace(run.spec(services, app, deploy(), Slot("worker", 7)), kind=Kind.RUN, type="run", command="bash -l")
    services.engine.start(spec)

    page = browser.get("/apps/shop").text

    assert "bash -l" in page
    assert 'aria-label="Stop run.7"' in page


def test_the_page_stands_while_the_engine_is_away(
    browser: Browser, services: Fakes, app: App, deploy: Callable[..., Release]
) -> None:
    deploy()
    services.engine.go_down()

    page = browser.get("/apps/shop")

    assert page.status_code == 200
    assert "The engine does not answer" in page.text
    assert "status unknown" in page.text


def test_the_page_stands_while_the_log_is_away(
    browser: Browser, services: Fakes, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> list[LogLine]:
        raise QueueUnavailable

    monkeypatch.setattr(services.app_logs, "tail", fail)

    page = browser.get("/apps/shop")

    assert page.status_code == 200
    assert "The log can’t be read just now" in page.text


def test_a_running_build_shows_its_log(browser: Browser, services: Fakes, app: App, owner: User) -> None:
    build = Build(
        "b1", app.id, owner.id, BuildStatus.PENDING, services.clock.now(), "c0ffee00" * 5, "Faster <b>search</b>"
    )
    services.store.builds.add(build)
    services.build_logs.append("b1", "-----> Python app detected\n       <script>alert(1)</script>\n")

    page = browser.get("/apps/shop").text

    assert "Waiting" in page
    assert "Faster &lt;b&gt;search&lt;/b&gt;" in page
    assert "Python app detected" in page
    assert "<script>alert" not in page
    assert "Python app detected" in browser.get("/apps/shop/builds/b1").text


def test_what_apps_write_stays_text(browser: Browser, services: Fakes, app: App) -> None:
    line = LogLine(services.clock.now(), "app", "web.1", '<img src=x onerror="alert(1)">')
    services.app_logs.append(app.id, [line])

    page = browser.get("/apps/shop").text

    assert "&lt;img src=x" in page
    assert "<img" not in page


def test_pages_have_no_inline_code_or_style(browser: Browser, app: App, deploy: Callable[..., Release]) -> None:
    deploy()

    for path in (
        "/",
        "/login",
        "/account",
        "/account/password",
        "/apps/new",
        "/apps/shop",
        "/apps/shop/delete",
        "/nowhere",
    ):
        page = browser.get(path).text
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son[a-z]+=|javascript:", page), path


def test_pages_have_landmarks_and_name_their_controls(
    browser: Browser, app: App, deploy: Callable[..., Release]
) -> None:
    deploy()

    page = browser.get("/apps/shop").text

    assert page.count("<main ") == page.count("<h1>") == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
    fields = re.findall(r'<(?:input|textarea|select)(?![^>]*type="hidden")[^>]* id="([^"]+)"', page)
    assert fields
    assert set(fields) <= labelled
    for button in re.findall(r"<button[^>]*>(?:<svg.*?</svg>)?</button>", page):
        assert "aria-label" in button, button


def test_what_is_too_large_is_refused(browser: Browser, app: App) -> None:
    answer = browser.post("/apps/shop/config", key="BIG", value="x" * 300_000)

    assert answer.status_code == 413


def test_a_bug_is_told_without_its_secrets(
    browser: Browser, services: Fakes, app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(services.store.domains, "list", fail)

    answer = browser.get("/apps/shop")

    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "it is not your doing" in answer.text
    assert "a page failed" in caplog.text
