"""Apps, domains, restart marks, and the generation that counts every change of what is wanted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paas.adapters.memory.clock import MemoryClock
from paas.domain.app import App
from paas.domain.build import Build, BuildStatus
from paas.domain.formation import Scale
from paas.domain.release import ReleaseStatus
from paas.domain.user import User
from paas.errors import DomainTaken, NameTaken, NotFound
from paas.ports.store import Store

from .conftest import slug

NO_APP = "00000000-0000-4000-8000-000000000000"


def test_a_new_app_has_its_first_release_and_nothing_to_run(store: Store, user: User) -> None:
    app = store.apps.add("hello", user.id)

    release = store.releases.current(app.id)
    assert (release.version, release.description, release.slug) == (1, "Initial release", None)
    assert release.status is ReleaseStatus.SUCCEEDED
    assert store.configs.get(app.id) == {}
    assert store.formations.get(app.id) == {}
    assert (app.owner_id, app.maintenance, app.created_at) == (user.id, False, app.updated_at)


def test_an_app_is_found_by_id_and_by_name(store: Store, app: App) -> None:
    assert store.apps.get(app.id) == store.apps.get("hello") == app


@pytest.mark.parametrize("ref", ["nothing", NO_APP, ""])
def test_an_unknown_app_is_not_found(store: Store, ref: str) -> None:
    with pytest.raises(NotFound) as caught:
        store.apps.get(ref)

    assert (caught.value.kind, caught.value.ref) == ("app", ref)


def test_an_app_needs_an_owner_and_a_free_name(store: Store, user: User, app: App) -> None:
    with pytest.raises(NameTaken):
        store.apps.add("hello", user.id)
    with pytest.raises(NotFound):
        store.apps.add("other", "no-such-id")

    assert store.apps.list() == [app]


def test_apps_are_listed_by_name_and_by_owner(store: Store, user: User) -> None:
    other = store.users.add("bob@example.org", "hash", is_admin=False)
    store.apps.add("ccc", user.id)
    store.apps.add("aaa", user.id)
    store.apps.add("bbb", other.id)

    assert [a.name for a in store.apps.list()] == ["aaa", "bbb", "ccc"]
    assert [a.name for a in store.apps.list(user.id)] == ["aaa", "ccc"]
    assert store.apps.list("no-such-id") == []


def test_a_renamed_app_keeps_its_id_and_frees_its_name(store: Store, user: User, app: App, clock: MemoryClock) -> None:
    clock.sleep(5)
    renamed = store.apps.rename(app.id, "goodbye", user.id)

    assert (renamed.id, renamed.name) == (app.id, "goodbye")
    assert renamed.updated_at > app.updated_at
    assert store.apps.get("goodbye") == store.apps.get(app.id) == renamed
    assert store.apps.add("hello", user.id).id != app.id


def test_a_taken_name_is_refused_and_nothing_changes(store: Store, user: User, app: App) -> None:
    store.apps.add("other", user.id)

    with pytest.raises(NameTaken):
        store.apps.rename(app.id, "other", user.id)

    assert store.apps.get("hello") == app


def test_restart_marks_count_per_scope(store: Store, user: User, app: App) -> None:
    assert store.apps.restart_marks(app.id) == {}

    for process in (None, "web", "web.1", "web", None, None):
        store.apps.request_restart(app.id, process, user.id)

    assert store.apps.restart_marks(app.id) == {"": 3, "web": 2, "web.1": 1}


def test_a_host_name_belongs_to_one_app(store: Store, user: User, app: App) -> None:
    other = store.apps.add("other", user.id)
    store.domains.add(app.id, "www.example.org", user.id)
    store.domains.add(app.id, "example.org", user.id)

    for taker in (app, other):
        with pytest.raises(DomainTaken) as caught:
            store.domains.add(taker.id, "www.example.org", user.id)
        assert caught.value.hostname == "www.example.org"
    assert store.domains.list(app.id) == ["example.org", "www.example.org"]
    assert store.domains.list(other.id) == []


def test_a_removed_host_name_is_free(store: Store, user: User, app: App) -> None:
    other = store.apps.add("other", user.id)
    store.domains.add(app.id, "www.example.org", user.id)

    with pytest.raises(NotFound):
        store.domains.remove(other.id, "www.example.org", user.id)
    store.domains.remove(app.id, "www.example.org", user.id)
    with pytest.raises(NotFound):
        store.domains.remove(app.id, "www.example.org", user.id)

    store.domains.add(other.id, "www.example.org", user.id)
    assert store.domains.list(other.id) == ["www.example.org"]


def test_removing_an_app_takes_all_that_is_its_own_and_leaves_the_trail(
    store: Store, user: User, app: App, clock: MemoryClock
) -> None:
    release = store.releases.add(app.id, "Deploy", user.id, slug=slug("web"))
    store.releases.finish(release.id, ReleaseStatus.SUCCEEDED)
    store.formations.scale(app.id, [Scale("web", 2)], user.id)
    store.configs.update(app.id, {"A": "1"}, user.id)
    store.domains.add(app.id, "www.example.org", user.id)
    store.apps.request_restart(app.id, None, user.id)
    store.builds.add(Build("b1", app.id, user.id, BuildStatus.PENDING, clock.now()))
    before = len(store.events.list(app.id))

    store.apps.remove(app.id, user.id)
    store.apps.remove(app.id, user.id)

    assert store.apps.list() == []
    assert store.releases.pending() == []
    assert store.builds.unfinished() == []
    assert store.apps.restart_marks(app.id) == {}
    for look in (store.releases.current, store.configs.get, store.formations.get):
        with pytest.raises(NotFound):
            look(app.id)
    with pytest.raises(NotFound):
        store.releases.by_id(release.id)
    events = store.events.list(app.id)
    assert (len(events), events[0].action, events[0].user_id) == (before + 1, "app.destroy", user.id)
    again = store.apps.add("hello", user.id)
    store.domains.add(again.id, "www.example.org", user.id)
    assert store.formations.get(again.id) == {}


CHANGES: dict[str, Callable[[Store, str, str], object]] = {
    "rename": lambda s, app, user: s.apps.rename(app, "renamed", user),
    "maintenance": lambda s, app, user: s.apps.set_maintenance(app, True, user),
    "restart": lambda s, app, user: s.apps.request_restart(app, "web", user),
    "config": lambda s, app, user: s.configs.update(app, {"NEW": "1"}, user),
    "release": lambda s, app, user: s.releases.add(app, "Deploy", user, slug=slug("web")),
    "finish": lambda s, app, user: s.releases.finish(s.releases.pending()[0].id, ReleaseStatus.FAILED),  # noqa: ARG005
    "scale": lambda s, app, user: s.formations.scale(app, [Scale("web", 3)], user),
    "domain": lambda s, app, user: s.domains.add(app, "new.example.org", user),
    "domain removed": lambda s, app, user: s.domains.remove(app, "old.example.org", user),
}


@pytest.fixture
def deployed(store: Store, user: User, app: App) -> App:
    """An app with something of everything."""
    release = store.releases.add(app.id, "Deploy", user.id, slug=slug("web", "worker"))
    store.releases.finish(release.id, ReleaseStatus.SUCCEEDED)
    store.domains.add(app.id, "old.example.org", user.id)
    store.configs.update(app.id, {"OLD": "1"}, user.id)
    return store.apps.get(app.id)


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_what_is_wanted_raises_the_generation_once_and_is_told(
    store: Store, user: User, deployed: App, clock: MemoryClock, change: str
) -> None:
    events = len(store.events.list(deployed.id))
    clock.sleep(5)

    CHANGES[change](store, deployed.id, user.id)

    after = store.apps.get(deployed.id)
    assert after.generation == deployed.generation + 1
    assert after.updated_at > deployed.updated_at
    assert len(store.events.list(deployed.id)) == events + 1


NO_CHANGES: dict[str, Callable[[Store, str, str], object]] = {
    "rename": lambda s, app, user: s.apps.rename(app, "hello", user),
    "maintenance": lambda s, app, user: s.apps.set_maintenance(app, False, user),
    "config": lambda s, app, user: s.configs.update(app, {"OLD": "1", "NONE": None}, user),
    "finish": lambda s, app, user: s.releases.finish(s.releases.current(app).id, ReleaseStatus.FAILED),  # noqa: ARG005
    "scale": lambda s, app, user: s.formations.scale(app, [Scale("web", 1)], user),
    "scale nothing": lambda s, app, user: s.formations.scale(app, [], user),
}


@pytest.mark.parametrize("change", NO_CHANGES)
def test_what_changes_nothing_leaves_no_trace(store: Store, user: User, deployed: App, change: str) -> None:
    events = store.events.list()

    NO_CHANGES[change](store, deployed.id, user.id)

    assert store.apps.get(deployed.id) == deployed
    assert store.events.list() == events


FAILING: dict[str, Callable[[Store, str], object]] = {
    "rename": lambda s, user: s.apps.rename(NO_APP, "renamed", user),
    "maintenance": lambda s, user: s.apps.set_maintenance(NO_APP, True, user),
    "restart": lambda s, user: s.apps.request_restart(NO_APP, None, user),
    "config": lambda s, user: s.configs.update(NO_APP, {"A": "1"}, user),
    "release": lambda s, user: s.releases.add(NO_APP, "Deploy", user, slug=None),
    "scale": lambda s, user: s.formations.scale(NO_APP, [Scale("web", 1)], user),
    "domain": lambda s, user: s.domains.add(NO_APP, "new.example.org", user),
    "domain removed": lambda s, user: s.domains.remove(NO_APP, "new.example.org", user),
}


@pytest.mark.parametrize("change", FAILING)
def test_a_change_of_a_missing_app_is_not_found(store: Store, user: User, change: str) -> None:
    events = store.events.list()

    with pytest.raises(NotFound) as caught:
        FAILING[change](store, user.id)

    assert caught.value.kind == "app"
    assert store.events.list() == events
