"""Creating, finding, renaming and destroying apps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paas.domain.app import App, check_app_name
from paas.domain.process import Kind
from paas.domain.release import Release
from paas.domain.route import Route, RouteState
from paas.domain.user import User
from paas.errors import Invalid, NameTaken, NotFound, QueueUnavailable
from paas.pipeline import apps, run_once
from paas.pipeline.doors import postponed
from tests.unit.conftest import Fakes


def test_a_new_app_has_a_first_release_and_asks_for_a_route(services: Fakes, owner: User) -> None:
    app = apps.create(services, owner, "blog")

    assert services.store.releases.current(app.id).version == 1
    assert services.queue.waiting == [("converge", app.id)]


def test_an_app_without_a_name_gets_one(services: Fakes, owner: User) -> None:
    names = {apps.create(services, owner, None).name for _ in range(5)}

    assert len(names) == 5
    assert all(check_app_name(name) for name in names)


@pytest.mark.parametrize("name", ["", "a", "Ab", "1ab", "ab-", "api", "a" * 31, "ab c", "ab\n", "ab;rm"])
def test_bad_names_are_refused_before_anything_is_written(services: Fakes, owner: User, name: str) -> None:
    with pytest.raises(Invalid):
        apps.create(services, owner, name)

    assert services.store.apps.list() == []
    assert services.queue.waiting == []


def test_an_app_is_found_by_name_and_id_by_those_who_may(services: Fakes, owner: User, admin: User, app: App) -> None:
    assert apps.find(services, owner, "shop").id == app.id
    assert apps.find(services, owner, app.id).id == app.id
    assert apps.find(services, admin, "shop").id == app.id


def test_other_peoples_apps_do_not_exist(services: Fakes, stranger: User, app: App) -> None:
    with pytest.raises(NotFound) as there:
        apps.find(services, stranger, app.name)
    with pytest.raises(NotFound) as nowhere:
        apps.find(services, stranger, "nowhere")

    assert (there.value.kind, nowhere.value.kind) == ("app", "app")


@pytest.mark.parametrize("ref", ["", "../x", "a\0b", "a b", "x" * 500, "é"])
def test_odd_references_are_just_not_found(services: Fakes, owner: User, ref: str) -> None:
    with pytest.raises(NotFound):
        apps.find(services, owner, ref)


def test_a_renamed_app_is_routed_anew(services: Fakes, owner: User, app: App) -> None:
    apps.rename(services, owner, app, "store")

    assert services.store.apps.get(app.id).name == "store"
    assert services.queue.waiting == [("converge", app.id)]


def test_a_name_that_is_taken_changes_nothing(services: Fakes, owner: User, app: App) -> None:
    services.store.apps.add("blog", owner.id)

    with pytest.raises(NameTaken):
        apps.rename(services, owner, app, "blog")

    assert services.store.apps.get(app.id).name == "shop"


def test_destroying_an_app_leaves_nothing_of_it(
    services: Fakes, owner: User, app: App, deploy: Callable[..., Release]
) -> None:
    deploy()
    run_once.detached(services, owner, app, "sleep", env={})
    services.repos.ensure(app.id)
    services.router.publish(Route(app.id, "shop", ("shop.localhost",), (), RouteState.NO_WEB))

    apps.destroy(services, owner, app)

    with pytest.raises(NotFound):
        services.store.apps.get(app.id)
    assert services.engine.list(app.id) == []
    assert services.router.published(app.id) is None
    assert services.app_logs.tail(app.id, 10) == []
    assert not services.images.images
    assert not (services.settings.repos_dir / f"{app.id}.git").exists()


def test_destroying_goes_on_when_a_part_is_down(
    services: Fakes, owner: User, app: App, deploy: Callable[..., Release]
) -> None:
    deploy()
    run_once.detached(services, owner, app, "sleep", env={})
    services.router.is_down = True

    apps.destroy(services, owner, app)

    assert services.engine.list(app.id) == []


def test_what_a_down_engine_kept_is_purged_later(
    services: Fakes, owner: User, app: App, deploy: Callable[..., Release]
) -> None:
    deploy()
    run_once.detached(services, owner, app, "sleep", env={})
    services.engine.down = True
    apps.destroy(services, owner, app)
    services.engine.down = False
    assert [p.kind for p in services.engine.list(app.id)] == [Kind.RUN]

    apps.purge(services, app.id)
    apps.purge(services, app.id)

    assert services.engine.list(app.id) == []


def test_strangers_destroy_nothing(services: Fakes, stranger: User, app: App) -> None:
    with pytest.raises(NotFound):
        apps.destroy(services, stranger, app)

    assert services.store.apps.get(app.id)


def test_a_change_holds_while_the_queue_is_down(services: Fakes, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_: str) -> None:
        raise QueueUnavailable

    monkeypatch.setattr(services.queue, "converge", unavailable)
    postponed.set(False)

    app = apps.create(services, owner, "blog")

    assert services.store.apps.get("blog").id == app.id
    assert postponed.get()
