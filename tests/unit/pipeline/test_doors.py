"""The doors beside the push: each checks, writes what is wanted, says so in the app's log, and asks for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paas.domain.app import App
from paas.domain.build import BuildStatus
from paas.domain.formation import Scale
from paas.domain.release import Release, ReleaseStatus
from paas.domain.user import User
from paas.errors import (
    BuildEnded,
    DomainTaken,
    Invalid,
    NotFound,
    NothingToRelease,
    RollbackRefused,
)
from paas.pipeline import builds, config_vars, domains, maintenance, restart, rollback, run_once
from paas.pipeline.scale import scale
from tests.unit.conftest import Fakes

Deploy = Callable[..., Release]


def log(services: Fakes, app: App) -> list[str]:
    return [f"{line.source}[{line.process}]: {line.text}" for line in services.app_logs.tail(app.id, 10)]


# --- scale -----------------------------------------------------------------------------------------------------


def test_scaling_writes_the_formation_and_asks_for_it(services: Fakes, owner: User, app: App, deploy: Deploy) -> None:
    deploy()

    formation = scale(services, owner, app, [Scale("web", 3), Scale("worker", 2)])

    assert formation == {"web": 3, "worker": 2}
    assert services.queue.waiting == [("converge", app.id)]
    assert log(services, app) == ["app[api]: Scaled to web@3 worker@2 by user owner@example.org"]


@pytest.mark.parametrize("scales", [[Scale("web", 101)], [Scale("web", 2), Scale("clock", 1)], [Scale("a b", 1)]])
def test_a_bad_scale_changes_nothing(
    services: Fakes, owner: User, app: App, deploy: Deploy, scales: list[Scale]
) -> None:
    deploy()

    with pytest.raises((Invalid, NotFound)):
        scale(services, owner, app, scales)

    assert services.store.formations.get(app.id) == {"web": 1, "worker": 0}
    assert services.queue.waiting == []


# --- config vars -----------------------------------------------------------------------------------------------


def test_a_config_change_is_a_pending_release(services: Fakes, owner: User, app: App) -> None:
    config = config_vars.update(services, owner, app, {"A": "1\n'\"", "B": "2"})

    release = services.store.releases.list(app.id)[0]
    assert config == {"A": "1\n'\"", "B": "2"}
    assert (release.version, release.status) == (2, ReleaseStatus.PENDING)
    assert services.queue.waiting == [("release", release.id)]
    assert log(services, app) == ["app[api]: Set A, B config vars by user owner@example.org"]


def test_null_removes_a_config_var(services: Fakes, owner: User, app: App) -> None:
    config_vars.update(services, owner, app, {"A": "1", "B": "2"})

    assert config_vars.update(services, owner, app, {"A": None}) == {"B": "2"}


def test_a_change_that_changes_nothing_is_no_release(services: Fakes, owner: User, app: App) -> None:
    config_vars.update(services, owner, app, {"A": "1"})
    services.queue.waiting.clear()

    assert config_vars.update(services, owner, app, {"A": "1", "GONE": None}) == {"A": "1"}
    assert services.queue.waiting == []


@pytest.mark.parametrize("changes", [{"1A": "x"}, {"A B": "x"}, {"A": "x\0"}, {"PORT": "1"}, {"A": "x" * 40_000}])
def test_bad_config_is_refused_whole(services: Fakes, owner: User, app: App, changes: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        config_vars.update(services, owner, app, {"GOOD": "1", **changes})

    assert services.store.configs.get(app.id) == {}


# --- rollback --------------------------------------------------------------------------------------------------


def test_a_rollback_brings_back_code_and_config(services: Fakes, owner: User, app: App, deploy: Deploy) -> None:
    config_vars.update(services, owner, app, {"A": "old"})
    services.store.releases.finish(services.store.releases.list(app.id)[0].id, ReleaseStatus.SUCCEEDED)
    old = deploy()
    config_vars.update(services, owner, app, {"A": "new"})

    made = rollback.rollback(services, owner, app, f"v{old.version}")

    assert made.description == f"Rollback to v{old.version}"
    assert (made.slug, dict(made.config)) == (old.slug, {"A": "old"})
    assert services.queue.waiting[-1] == ("release", made.id)


def test_releases_that_can_not_run_are_no_goal_of_a_rollback(
    services: Fakes, owner: User, app: App, deploy: Deploy
) -> None:
    live = deploy()
    failed = services.store.releases.add(app.id, "Deploy x", owner.id, slug=live.slug)
    services.store.releases.finish(failed.id, ReleaseStatus.FAILED)
    pending = services.store.releases.add(app.id, "Deploy y", owner.id, slug=live.slug)
    causes = {}

    for version in (1, failed.version, pending.version):
        with pytest.raises(RollbackRefused) as refused:
            rollback.rollback(services, owner, app, str(version))
        causes[version] = refused.value.cause
    services.images.images.clear()
    with pytest.raises(RollbackRefused) as refused:
        rollback.rollback(services, owner, app, str(live.version))

    assert list(causes.values()) == ["no code", "failed", "pending"]
    assert refused.value.cause == "image gone"


# --- maintenance, domains ----------------------------------------------------------------------------------------


def test_maintenance_goes_on_and_off(services: Fakes, owner: User, app: App) -> None:
    assert maintenance.set_maintenance(services, owner, app, True).maintenance
    assert not maintenance.set_maintenance(services, owner, app, False).maintenance
    assert log(services, app) == [
        "app[api]: Enable maintenance mode by user owner@example.org",
        "app[api]: Disable maintenance mode by user owner@example.org",
    ]


def test_domains_are_kept_in_lower_case(services: Fakes, owner: User, app: App) -> None:
    assert domains.add(services, owner, app, "WWW.Example.org") == "www.example.org"
    assert services.store.domains.list(app.id) == ["www.example.org"]

    domains.remove(services, owner, app, "www.EXAMPLE.org")

    assert services.store.domains.list(app.id) == []


@pytest.mark.parametrize("hostname", ["", "x", "other.localhost", "127.0.0.1", "a..b", "x y.org", "x.org\nacl"])
def test_bad_domains_are_refused(services: Fakes, owner: User, app: App, hostname: str) -> None:
    with pytest.raises(Invalid):
        domains.add(services, owner, app, hostname)


def test_a_domain_belongs_to_one_app(services: Fakes, owner: User, app: App) -> None:
    other = services.store.apps.add("blog", owner.id)
    domains.add(services, owner, app, "www.example.org")

    with pytest.raises(DomainTaken):
        domains.add(services, owner, other, "www.example.org")
    with pytest.raises(NotFound):
        domains.remove(services, owner, other, "www.example.org")


# --- restart and stop --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("process", "scope"), [(None, ""), ("web", "web"), ("web.1", "web.1")])
def test_a_restart_leaves_a_mark(
    services: Fakes, owner: User, app: App, deploy: Deploy, process: str | None, scope: str
) -> None:
    deploy()

    restart.restart(services, owner, app, process)

    assert services.store.apps.restart_marks(app.id)[scope] == 1
    assert services.queue.waiting == [("converge", app.id)]


@pytest.mark.parametrize("process", ["clock", "web.2", "web.x", "web.", "web.-1", "run.1234", "", "a b"])
def test_what_the_app_has_not_can_not_be_restarted(
    services: Fakes, owner: User, app: App, deploy: Deploy, process: str
) -> None:
    deploy()

    with pytest.raises(NotFound):
        restart.restart(services, owner, app, process)

    assert not services.store.apps.restart_marks(app.id)


def test_one_off_processes_are_stopped_for_good(
    services: Fakes, owner: User, app: App, deploy: Deploy, wait_for: Callable[..., None]
) -> None:
    deploy()
    process = run_once.detached(services, owner, app, "sleep 1000", env={})

    restart.stop(services, owner, app, process.name)

    wait_for(lambda: services.engine.list(app.id) == [])
    assert services.queue.waiting == []


# --- one-off processes -------------------------------------------------------------------------------------------


def test_a_one_off_runs_with_the_apps_config_and_its_own(
    services: Fakes, owner: User, app: App, deploy: Deploy
) -> None:
    deploy()
    config_vars.update(services, owner, app, {"A": "1"})
    services.store.releases.finish(services.store.releases.list(app.id)[0].id, ReleaseStatus.SUCCEEDED)

    spec = run_once.plan(services, owner, app, "echo $A; exit 3", {"TERM": "xterm"}, tty=True, stdin=True)

    assert spec.args == ("echo $A; exit 3",)
    assert (spec.env["A"], spec.env["TERM"], spec.env["DYNO"]) == ("1", "xterm", f"run.{spec.index}")
    assert "PORT" not in spec.env
    assert 1000 <= spec.index <= 9999


def test_a_process_types_name_runs_its_line(services: Fakes, owner: User, app: App, deploy: Deploy) -> None:
    deploy()

    spec = run_once.plan(services, owner, app, "worker", {})

    assert (spec.args, spec.command) == (("work",), "work")


def test_an_app_without_code_runs_nothing(services: Fakes, owner: User, app: App) -> None:
    with pytest.raises(NothingToRelease):
        run_once.detached(services, owner, app, "bash", env={})


@pytest.mark.parametrize(
    ("command", "env"), [("", {}), (" ", {}), ("a\0b", {}), ("x" * 40_000, {}), ("bash", {"A=B": "x"})]
)
def test_bad_commands_and_variables_are_refused(
    services: Fakes, owner: User, app: App, deploy: Deploy, command: str, env: dict[str, str]
) -> None:
    deploy()

    with pytest.raises(Invalid):
        run_once.detached(services, owner, app, command, env=env)

    assert services.engine.list(app.id) == []


# --- builds ------------------------------------------------------------------------------------------------------


def test_a_build_from_a_url_waits_for_a_worker(services: Fakes, owner: User, app: App) -> None:
    build = builds.from_url(services, owner, app, "https://me:secret@example.org/x.tgz?token=secret", "v1")

    assert services.queue.waiting == [("build", build.id)]
    assert build.source_url == "https://me:secret@example.org/x.tgz?token=secret"
    assert build.source_description == "https://example.org/x.tgz"


def test_a_waiting_build_can_be_cancelled_once(services: Fakes, owner: User, app: App) -> None:
    build = builds.from_url(services, owner, app, "https://example.org/x.tgz")

    assert builds.cancel(services, owner, app, build.id).status is BuildStatus.CANCELLED
    assert list(services.build_logs.follow(build.id)) == []
    with pytest.raises(BuildEnded):
        builds.cancel(services, owner, app, build.id)


def test_builds_of_other_apps_are_not_found(services: Fakes, owner: User, app: App) -> None:
    other = services.store.apps.add("blog", owner.id)
    build = builds.from_url(services, owner, app, "https://example.org/x.tgz")

    with pytest.raises(NotFound):
        builds.get(services, owner, other, build.id)


# --- who may -----------------------------------------------------------------------------------------------------

DOORS: list[Callable[[Fakes, User, App], object]] = [
    lambda s, u, a: scale(s, u, a, [Scale("web", 2)]),
    lambda s, u, a: config_vars.update(s, u, a, {"A": "1"}),
    lambda s, u, a: rollback.rollback(s, u, a, "2"),
    lambda s, u, a: maintenance.set_maintenance(s, u, a, True),
    lambda s, u, a: domains.add(s, u, a, "www.example.org"),
    lambda s, u, a: domains.remove(s, u, a, "www.example.org"),
    lambda s, u, a: restart.restart(s, u, a, None),
    lambda s, u, a: restart.stop(s, u, a, "web.1"),
    lambda s, u, a: run_once.detached(s, u, a, "bash", env={}),
    lambda s, u, a: run_once.open(s, u, a, "bash", tty=True, env={}),
    lambda s, u, a: builds.from_url(s, u, a, "https://example.org/x.tgz"),
]


@pytest.mark.parametrize("door", DOORS)
def test_no_door_opens_for_a_stranger(
    services: Fakes, stranger: User, app: App, deploy: Deploy, door: Callable[[Fakes, User, App], object]
) -> None:
    deploy()
    before = services.store.apps.get(app.id)

    with pytest.raises(NotFound) as refused:
        door(services, stranger, app)

    assert refused.value.kind == "app"
    assert services.store.apps.get(app.id) == before
    assert services.queue.waiting == []
    assert services.engine.list() == []
