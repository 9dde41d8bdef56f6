"""What clients read of each resource, and what their requests bring about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from paas.domain.app import App
from paas.domain.build import BuildStatus
from paas.domain.formation import Scale
from paas.domain.plan import Slot
from paas.domain.release import Release, ReleaseStatus
from paas.domain.user import User
from paas.pipeline import run
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.api.conftest import Call

Deploy = Callable[..., Release]


def ok(response: TestResponse, status: int = 200) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.headers["Content-Type"] == "application/json"
    return response.json


# --- account and apps ----------------------------------------------------------------------------------------------


def test_the_account_is_the_callers(call: Call, owner: User) -> None:
    shown = ok(call("GET", "/account"))

    assert (shown["id"], shown["email"], shown["default_team"]) == (owner.id, owner.email, None)
    assert ok(call("GET", "/users/~")) == shown
    assert ok(call("GET", "/account/rate-limits"))["remaining"] > 0


def test_an_app_is_created_shown_renamed_and_destroyed(call: Call, services: Fakes, owner: User) -> None:
    made = ok(call("POST", "/apps", {"name": "blog"}), 201)

    assert made["owner"] == {"id": owner.id, "email": owner.email}
    assert made["web_url"] == "http://blog.localhost:8080/"
    assert made["git_url"] == "http://git.localhost:8080/blog.git"
    assert made["region"]["name"] == "us"
    assert made["stack"] == made["build_stack"]
    assert ok(call("GET", "/apps/blog")) == ok(call("GET", f"/apps/{made['id']}")) == made
    assert ok(call("PATCH", "/apps/blog", {"name": "weblog"}))["name"] == "weblog"
    assert ok(call("PATCH", "/apps/weblog", {"maintenance": True}))["maintenance"] is True
    assert ok(call("DELETE", "/apps/weblog"))["id"] == made["id"]
    assert call("GET", "/apps/weblog").status_code == 404


def test_an_app_needs_no_name_and_no_body(call: Call) -> None:
    assert ok(call("POST", "/apps"), 201)["name"]
    assert ok(call("POST", "/apps", {"name": None, "stack": "cedar", "region": {"name": "us"}}), 201)["name"]


def test_a_taken_name_is_refused_as_on_heroku(call: Call, app: App) -> None:
    response = call("POST", "/apps", {"name": app.name})

    assert ok(response, 422)["id"] == "invalid_params"


def test_lists_of_apps_know_whose_they_are(
    call: Call, as_user: Callable[[User | None], Call], services: Fakes, app: App, admin: User
) -> None:
    services.store.apps.add("admins", admin.id)
    as_admin = as_user(admin)

    def names(response: TestResponse) -> list[str]:
        return [shown["name"] for shown in ok(response)]

    assert names(call("GET", "/apps")) == names(call("GET", "/users/~/apps")) == ["shop"]
    assert names(as_admin("GET", "/apps")) == ["admins", "shop"]
    assert names(as_admin("GET", "/users/~/apps")) == ["admins"]
    assert names(as_admin("GET", "/users/owner@example.org/apps")) == ["shop"]


def test_long_lists_come_in_pieces(call: Call, services: Fakes, owner: User) -> None:
    for number in range(5):
        services.store.apps.add(f"app-{number}", owner.id)

    first = call("GET", "/apps", Range="name ..; max=3")
    second = call("GET", "/apps", Range=first.headers["Next-Range"])

    assert (first.status_code, second.status_code) == (206, 200)
    assert "Next-Range" not in second.headers
    assert [a["name"] for a in [*ok(first, 206), *ok(second)]] == [f"app-{n}" for n in range(5)]
    assert ok(call("GET", "/apps", Range="sideways"), 416)["id"] == "requested_range_not_satisfiable"


def test_the_owner_is_a_collaborator(call: Call, owner: User, app: App) -> None:
    (shown,) = ok(call("GET", "/apps/shop/collaborators"))

    assert (shown["user"]["email"], shown["role"]) == (owner.email, "owner")


# --- config vars and releases ----------------------------------------------------------------------------------------


def test_config_vars_are_set_removed_and_released(call: Call, app: App) -> None:
    assert ok(call("PATCH", "/apps/shop/config-vars", {"A": "1", "B": "2"})) == {"A": "1", "B": "2"}
    assert ok(call("PATCH", "/apps/shop/config-vars", {"A": None})) == {"B": "2"}
    assert ok(call("GET", "/apps/shop/config-vars")) == {"B": "2"}

    newest = ok(call("GET", "/apps/shop/releases", Range="version ..; order=desc,max=1"), 206)

    assert [(r["version"], r["description"], r["status"]) for r in newest] == [(3, "Remove A config vars", "pending")]
    assert ok(call("GET", "/apps/shop/releases/2/config-vars")) == {"A": "1", "B": "2"}


def test_releases_are_listed_and_found(call: Call, app: App, deploy: Deploy, owner: User) -> None:
    deploy()

    first, second = ok(call("GET", "/apps/shop/releases"))

    assert (first["version"], first["current"], first["slug"], first["eligible_for_rollback"]) == (
        1,
        False,
        None,
        False,
    )
    assert (second["version"], second["current"], second["user"]["email"]) == (2, True, owner.email)
    assert UUID(second["slug"]["id"])
    for ref in ("2", "v2", second["id"]):
        assert ok(call("GET", f"/apps/shop/releases/{ref}")) == second
    assert ok(call("GET", "/apps/shop/releases/9"), 404)["resource"] == "release"


def test_a_rollback_is_a_new_release(call: Call, app: App, deploy: Deploy) -> None:
    old = deploy()
    deploy("./migrate")

    made = ok(call("POST", "/apps/shop/releases", {"release": old.id}), 201)

    assert (made["version"], made["status"], made["description"]) == (4, "pending", "Rollback to v2")
    assert ok(call("POST", "/apps/shop/releases", {"release": "v1"}), 409)["id"] == "conflict"


def test_a_release_command_has_output(call: Call, app: App, deploy: Deploy) -> None:
    deploy("./migrate")

    shown = ok(call("GET", "/apps/shop/releases/2"))

    assert call("GET", shown["output_stream_url"]).text == "migrated"
    assert ok(call("GET", "/apps/shop/releases/1"))["output_stream_url"] is None


def test_output_of_a_release_under_way_is_not_there_yet(
    call: Call, services: Fakes, app: App, deploy: Deploy, owner: User
) -> None:
    live = deploy("./migrate")
    services.store.releases.add(app.id, "Deploy", owner.id, slug=live.slug)

    assert call("GET", ok(call("GET", "/apps/shop/releases/3"))["output_stream_url"]).status_code == 404


# --- formation and dynos ---------------------------------------------------------------------------------------------


def test_an_app_without_code_has_no_formation(call: Call, app: App) -> None:
    assert ok(call("GET", "/apps/shop/formation")) == []
    assert ok(call("PATCH", "/apps/shop/formation", {"updates": [{"type": "web", "quantity": 1}]}), 404)


def test_the_formation_is_scaled_in_all_the_ways_of_clients(call: Call, app: App, deploy: Deploy) -> None:
    deploy()

    def quantities(updates: list[dict[str, Any]]) -> list[tuple[str, int]]:
        shown = ok(call("PATCH", "/apps/shop/formation", {"updates": updates}))
        return [(f["type"], f["quantity"]) for f in shown]

    assert quantities([{"type": "web", "quantity": 3}]) == [("web", 3), ("worker", 0)]
    assert quantities([{"type": "web", "quantity": "2"}, {"type": "worker", "quantity": "+2"}]) == [
        ("web", 2),
        ("worker", 2),
    ]
    assert quantities([{"type": "web", "quantity": "-1"}, {"type": "web", "quantity": "+5"}]) == [
        ("web", 6),
        ("worker", 2),
    ]
    assert ok(call("PATCH", "/apps/shop/formation/web", {"quantity": 1}))["quantity"] == 1
    (web, worker) = ok(call("GET", "/apps/shop/formation"))
    assert (web["command"], worker["command"]) == ("serve", "work")
    assert ok(call("GET", f"/apps/shop/formation/{worker['id']}")) == worker


def test_a_bad_update_changes_nothing_at_all(call: Call, services: Fakes, app: App, deploy: Deploy) -> None:
    deploy()
    updates = [{"type": "web", "quantity": 3}, {"type": "clock", "quantity": 1}]

    assert ok(call("PATCH", "/apps/shop/formation", {"updates": updates}), 404)["resource"] == "process type"
    assert services.store.formations.get(app.id) == {"web": 1, "worker": 0}


def test_sizes_are_taken_with_a_warning(call: Call, app: App, deploy: Deploy) -> None:
    deploy()

    response = call("PATCH", "/apps/shop/formation", {"updates": [{"type": "web", "size": "standard-2x"}]})

    assert ok(response)[0]["quantity"] == 1
    assert "Sizes" in response.headers["X-Heroku-Warning"]


def test_processes_are_dynos(call: Call, services: Fakes, app: App, deploy: Deploy) -> None:
    release = deploy()
    services.store.formations.scale(app.id, [Scale("worker", 1)], app.owner_id)
    process = services.engine.start(run.spec(services, app, release, Slot("worker", 1)))

    (listed,) = ok(call("GET", "/apps/shop/dynos"))
    shown = ok(call("POST", "/apps/shop/dynos", {"command": "sleep 1000", "attach": False}), 201)

    assert (listed["name"], listed["state"], listed["command"]) == ("worker.1", "up", "work")
    assert listed["release"] == {"id": release.id, "version": 2}
    assert (shown["type"], shown["command"], shown["attach_url"], shown["state"]) == ("run", "sleep 1000", None, "up")
    assert ok(call("GET", f"/apps/shop/dynos/{shown['name']}"))["id"] == shown["id"]
    assert ok(call("GET", f"/apps/shop/dynos/{shown['id']}"))["name"] == shown["name"]
    assert process.id not in str(shown)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("DELETE", "/apps/shop/dynos", ""),
        ("DELETE", "/apps/shop/dynos/web.1", "web.1"),
        ("DELETE", "/apps/shop/dynos/web", "web"),
        ("DELETE", "/apps/shop/formations/web", "web"),
        ("POST", "/apps/shop/dynos/web.1/actions/stop", "web.1"),
        ("POST", "/apps/shop/formations/web/actions/stop", "web"),
    ],
)
def test_restarts_are_written_down(
    call: Call, services: Fakes, app: App, deploy: Deploy, method: str, path: str, scope: str
) -> None:
    deploy()

    ok(call(method, path), 202)

    assert services.store.apps.restart_marks(app.id) == {scope: 1}
    assert services.queue.waiting == [("converge", app.id)]


# --- builds ------------------------------------------------------------------------------------------------------------


def test_a_build_is_asked_for_and_its_log_followed(call: Call, services: Fakes, app: App) -> None:
    blob = {"url": "https://me:pw@example.org/x.tgz?sig=secret", "version": "v7"}

    made = ok(call("POST", "/apps/shop/builds", {"source_blob": blob}), 201)
    services.build_logs.append(made["id"], "-----> Python app detected\n")
    services.build_logs.close(made["id"])

    assert made["status"] == "pending"
    assert made["source_blob"]["url"] == "https://example.org/x.tgz"
    assert made["source_blob"]["version"] == "v7"
    assert services.queue.waiting == [("build", made["id"])]
    assert call("GET", made["output_stream_url"]).text == "-----> Python app detected\n"
    assert [b["id"] for b in ok(call("GET", "/apps/shop/builds"))] == [made["id"]]


@pytest.mark.parametrize(
    ("status", "shown"),
    [(BuildStatus.SUCCEEDED, "succeeded"), (BuildStatus.FAILED, "failed"), (BuildStatus.CANCELLED, "failed")],
)
def test_a_build_ends_as_heroku_has_it(call: Call, services: Fakes, app: App, status: BuildStatus, shown: str) -> None:
    made = ok(call("POST", "/apps/shop/builds", {"source_blob": {"url": "https://example.org/x"}}), 201)

    services.store.builds.finish(made["id"], status)

    assert ok(call("GET", f"/apps/shop/builds/{made['id']}"))["status"] == shown


# --- domains -----------------------------------------------------------------------------------------------------------


def test_domains_come_and_go_and_the_apps_own_stays(call: Call, app: App) -> None:
    made = ok(call("POST", "/apps/shop/domains", {"hostname": "www.Example.org", "sni_endpoint": None}), 201)
    own, added = ok(call("GET", "/apps/shop/domains", Range="domain ..; ;"))

    assert (own["kind"], own["hostname"]) == ("heroku", "shop.localhost")
    assert (added["kind"], added["hostname"], added["cname"]) == ("custom", "www.example.org", "shop.localhost")
    assert added == made == ok(call("GET", f"/apps/shop/domains/{made['id']}"))
    assert ok(call("DELETE", f"/apps/shop/domains/{own['id']}"), 403)["id"] == "forbidden"
    assert ok(call("DELETE", "/apps/shop/domains/www.example.org")) == made
    assert ok(call("DELETE", "/apps/shop/domains/www.example.org"), 404)["resource"] == "domain"


# --- tokens and users ----------------------------------------------------------------------------------------------------


def test_tokens_are_shown_once(call: Call, as_user: Callable[[User | None], Call]) -> None:
    made = ok(call("POST", "/oauth/authorizations", {"description": "ci"}), 201)
    secret = made["access_token"]["token"]

    assert ok(as_user(None)("GET", "/account", Authorization=f"Bearer {secret}"))
    assert secret not in call("GET", "/oauth/authorizations").text
    ok(call("DELETE", f"/oauth/authorizations/{made['id']}"))
    assert as_user(None)("GET", "/account", Authorization=f"Bearer {secret}").status_code == 401
    assert ok(call("GET", "/oauth/authorizations/~"), 404)["resource"] == "authorization"
    assert ok(call("DELETE", "/oauth/sessions/~"), 404)["resource"] == "session"


def test_administrators_make_users(as_user: Callable[[User | None], Call], admin: User) -> None:
    call = as_user(admin)

    made = ok(call("POST", "/users", {"email": "New@example.org"}), 201)

    assert (made["email"], made["admin"], made["one_time_password"]) == ("new@example.org", False, True)
    assert len(made["password"]) > 20
    assert "password" not in ok(call("GET", "/users"))[1]
    assert ok(call("POST", "/users", {"email": "new@example.org"}), 422)["id"] == "invalid_params"
    ok(call("DELETE", "/users/new@example.org"))
    assert ok(call("DELETE", "/users/new@example.org"), 404)["resource"] == "user"


def test_what_is_not_here_yet_is_an_empty_list(call: Call, app: App) -> None:
    for path in (
        "/addons",
        "/teams",
        "/pipelines",
        "/apps/shop/addons",
        "/apps/shop/features",
        "/apps/shop/log-drains",
    ):
        assert ok(call("GET", path)) == []
    assert ok(call("GET", "/apps/shop/pipeline-couplings"), 404)["id"] == "not_found"
    assert [stack["name"] for stack in ok(call("GET", "/stacks"))] == [app.stack]


def test_a_removed_users_deeds_stay(call: Call, services: Fakes, app: App, admin: User) -> None:
    second = services.store.users.add("second@example.org", "", is_admin=True)
    release = services.store.releases.add(app.id, "Deploy", second.id, slug=None)
    services.store.releases.finish(release.id, ReleaseStatus.SUCCEEDED)
    services.store.users.remove(second.id)

    assert ok(call("GET", "/apps/shop/releases/2"))["user"] == {"id": second.id, "email": ""}
