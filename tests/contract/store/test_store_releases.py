"""Config vars, releases and formations."""

from __future__ import annotations

import pytest

from paas.domain.app import App
from paas.domain.formation import Scale
from paas.domain.release import Release, ReleaseStatus
from paas.domain.user import User
from paas.errors import Invalid, NotFound
from paas.ports.store import Store

from .conftest import slug

SUCCEEDED, FAILED, PENDING = ReleaseStatus.SUCCEEDED, ReleaseStatus.FAILED, ReleaseStatus.PENDING


def deploy(
    store: Store, app: App, user: User, *types: str, image: str = "sha256:1", status: ReleaseStatus = SUCCEEDED
) -> Release:
    release = store.releases.add(app.id, "Deploy", user.id, slug=slug(*types, image=image))
    return store.releases.finish(release.id, status)


# --- config vars ------------------------------------------------------------------------------------------------


def test_a_config_change_is_merged_and_makes_the_release_that_carries_it(store: Store, app: App, user: User) -> None:
    store.configs.update(app.id, {"A": "1", "B": "2", "C": "3"}, user.id)

    release = store.configs.update(app.id, {"A": None, "B": "2", "C": "4", "D": "5"}, user.id)

    assert release is not None
    assert (release.version, release.status, release.user_id) == (3, PENDING, user.id)
    assert release.description == "Set C, D; Remove A config vars"
    assert store.configs.get(app.id) == release.config == {"B": "2", "C": "4", "D": "5"}
    assert store.releases.by_id(release.id) == release


def test_a_config_change_that_changes_nothing_makes_no_release(store: Store, app: App, user: User) -> None:
    store.configs.update(app.id, {"A": "1"}, user.id)

    assert store.configs.update(app.id, {"A": "1", "GONE": None}, user.id) is None
    assert store.configs.update(app.id, {}, user.id) is None
    assert len(store.releases.list(app.id)) == 2


@pytest.mark.parametrize(
    "value",
    ["", "two\nlines\r\n", "'\"`$(id)\\", "日本語 🦆 é", "\ud800 lone", "x" * 32_000, "\x01\x7f\t", "null", " lead"],
    ids=["empty", "lines", "quotes", "unicode", "surrogate", "32 KB", "control", "null", "space"],
)
def test_any_value_comes_back_as_it_was(store: Store, app: App, user: User, value: str) -> None:
    release = store.configs.update(app.id, {"ODD": value}, user.id)

    assert release is not None
    assert store.configs.get(app.id) == {"ODD": value}
    assert store.releases.by_id(release.id).config == {"ODD": value}


@pytest.mark.parametrize("bad", [{"1A": "x"}, {"A": "\0"}, {"PORT": "1"}, {"A": "x" * 33_000}])
def test_one_bad_config_var_refuses_the_whole_change(
    store: Store, app: App, user: User, bad: dict[str, str | None]
) -> None:
    with pytest.raises(Invalid):
        store.configs.update(app.id, {"GOOD": "1", **bad}, user.id)

    assert store.configs.get(app.id) == {}
    assert len(store.releases.list(app.id)) == 1


def test_a_config_change_runs_the_current_image(store: Store, app: App, user: User) -> None:
    deploy(store, app, user, "web", image="sha256:good")
    deploy(store, app, user, "web", image="sha256:bad", status=FAILED)

    release = store.configs.update(app.id, {"A": "1"}, user.id)

    assert release is not None
    assert release.slug == slug("web", image="sha256:good")


def test_a_config_change_during_a_deploy_runs_the_image_that_the_deploy_brought(
    store: Store, app: App, user: User
) -> None:
    deploy(store, app, user, "web", image="sha256:old")
    deploying = store.releases.add(app.id, "Deploy", user.id, slug=slug("web", image="sha256:new"))
    change = store.configs.update(app.id, {"A": "1"}, user.id)
    pushed = store.releases.add(app.id, "Deploy", user.id, slug=slug("web", image="sha256:newer"))

    store.releases.finish(deploying.id, SUCCEEDED)

    assert change is not None
    assert store.releases.by_id(change.id).slug == slug("web", image="sha256:new")
    assert store.releases.by_id(change.id).config == {"A": "1"}
    assert store.releases.by_id(pushed.id).slug == slug("web", image="sha256:newer")


def test_a_config_change_during_a_deploy_that_fails_runs_the_image_before(store: Store, app: App, user: User) -> None:
    deploy(store, app, user, "web", image="sha256:old")
    deploying = store.releases.add(app.id, "Deploy", user.id, slug=slug("web", image="sha256:bad"))
    change = store.configs.update(app.id, {"A": "1"}, user.id)

    store.releases.finish(deploying.id, FAILED)

    assert change is not None
    assert store.releases.by_id(change.id).slug == slug("web", image="sha256:old")


# --- releases ---------------------------------------------------------------------------------------------------


def test_a_release_comes_back_as_it_was_made(store: Store, app: App, user: User) -> None:
    store.configs.update(app.id, {"A": "1"}, user.id)
    made = store.releases.add(app.id, "Deploy 1a2b3c4d", user.id, slug=slug("web", "worker"), build_id="b1")

    assert (made.version, made.status, made.description, made.build_id) == (3, PENDING, "Deploy 1a2b3c4d", "b1")
    assert made.slug == slug("web", "worker")
    assert made.config == {"A": "1"}
    for ref in (made.id, "3", "v3"):
        assert store.releases.get(app.id, ref) == made
    assert store.releases.by_id(made.id) == made


@pytest.mark.parametrize("ref", ["2", "v2", "v0", "no-such-id", "", "v", "9" * 30, "-1", "1.0"])
def test_an_unknown_release_is_not_found(store: Store, app: App, ref: str) -> None:
    with pytest.raises(NotFound) as caught:
        store.releases.get(app.id, ref)

    assert (caught.value.kind, caught.value.ref) == ("release", ref)


def test_a_release_is_not_found_through_another_app(store: Store, app: App, user: User) -> None:
    other = store.apps.add("other", user.id)

    with pytest.raises(NotFound):
        store.releases.get(other.id, store.releases.current(app.id).id)


def test_each_app_counts_its_own_releases(store: Store, app: App, user: User) -> None:
    other = store.apps.add("other", user.id)
    deploy(store, app, user, "web", status=FAILED)
    deploy(store, other, user, "web")

    assert deploy(store, app, user, "web").version == 3
    assert [r.version for r in store.releases.list(app.id)] == [3, 2, 1]
    assert [r.version for r in store.releases.list(app.id, descending=False, limit=2)] == [1, 2]
    assert [r.version for r in store.releases.list(app.id, limit=1)] == [3]


def test_current_is_the_newest_that_succeeded(store: Store, app: App, user: User) -> None:
    second = store.releases.add(app.id, "Deploy", user.id, slug=slug("web"))
    third = store.releases.add(app.id, "Deploy", user.id, slug=slug("web"))
    assert store.releases.current(app.id).version == 1

    store.releases.finish(third.id, SUCCEEDED)
    store.releases.finish(second.id, SUCCEEDED)
    deploy(store, app, user, "web", status=FAILED)

    assert store.releases.current(app.id).version == 3


def test_a_release_ends_once(store: Store, app: App, user: User) -> None:
    release = store.releases.add(app.id, "Deploy", user.id, slug=slug("web"))

    ended = store.releases.finish(release.id, SUCCEEDED, "migrated\0 \ud800 🦆")
    again = store.releases.finish(release.id, FAILED, "other")

    assert ended.status is SUCCEEDED
    assert "migrated" in ended.output
    assert "🦆" in ended.output
    assert again == ended == store.releases.by_id(release.id)
    with pytest.raises(NotFound):
        store.releases.finish("no-such-id", SUCCEEDED)


def test_finishing_as_pending_is_no_end(store: Store, app: App, user: User) -> None:
    release = store.releases.add(app.id, "Deploy", user.id, slug=slug("web"))

    assert store.releases.finish(release.id, PENDING) == release


def test_pending_ones_of_all_apps_are_listed_oldest_first(store: Store, app: App, user: User) -> None:
    other = store.apps.add("other", user.id)
    first = store.releases.add(other.id, "Deploy", user.id, slug=slug("web"))
    second = store.configs.update(app.id, {"A": "1"}, user.id)
    third = store.releases.add(other.id, "Deploy", user.id, slug=slug("web"))

    assert store.releases.pending() == [first, second, third]
    store.releases.finish(first.id, FAILED)
    assert store.releases.pending() == [second, third]


def test_a_rollback_brings_config_and_image_back_together(store: Store, app: App, user: User) -> None:
    store.configs.update(app.id, {"A": "old"}, user.id)
    target = deploy(store, app, user, "web", image="sha256:old")
    store.configs.update(app.id, {"A": "new", "B": "2"}, user.id)
    deploy(store, app, user, "web", image="sha256:new")

    back = store.releases.add(app.id, f"Rollback to v{target.version}", user.id, slug=target.slug, config=target.config)

    assert (back.slug, back.config) == (target.slug, {"A": "old"})
    assert store.configs.get(app.id) == {"A": "old"}
    assert store.releases.get(app.id, "v4").config == {"A": "new", "B": "2"}


# --- formations -------------------------------------------------------------------------------------------------


def test_the_first_release_with_a_web_type_has_one(store: Store, app: App, user: User) -> None:
    deploy(store, app, user, "worker")
    assert store.formations.get(app.id) == {"worker": 0}

    deploy(store, app, user, "web", "worker", status=FAILED)
    assert store.formations.get(app.id) == {"worker": 0}

    deploy(store, app, user, "web", "worker")
    assert store.formations.get(app.id) == {"web": 1, "worker": 0}


def test_the_formation_of_a_release_to_come_can_be_asked_for(store: Store, app: App, user: User) -> None:
    release = store.releases.add(app.id, "Deploy", user.id, slug=slug("web", "worker"))

    assert store.formations.get(app.id, release) == {"web": 1, "worker": 0}
    assert store.formations.get(app.id) == {}


def test_scaling_sets_quantities_and_returns_the_whole_formation(store: Store, app: App, user: User) -> None:
    deploy(store, app, user, "web", "worker", "clock")

    assert store.formations.scale(app.id, [Scale("worker", 2), Scale("web", 0)], user.id) == {
        "web": 0,
        "worker": 2,
        "clock": 0,
    }
    assert store.formations.scale(app.id, [Scale("worker", 100)], user.id)["worker"] == 100
    assert store.formations.get(app.id) == {"web": 0, "worker": 100, "clock": 0}


def test_a_web_type_scaled_to_none_stays_so_after_the_next_push(store: Store, app: App, user: User) -> None:
    deploy(store, app, user, "web")
    store.formations.scale(app.id, [Scale("web", 0)], user.id)

    deploy(store, app, user, "web")

    assert store.formations.get(app.id) == {"web": 0}


def test_quantities_are_kept_while_a_release_lacks_the_type(store: Store, app: App, user: User) -> None:
    deploy(store, app, user, "web", "worker")
    store.formations.scale(app.id, [Scale("worker", 4), Scale("web", 2)], user.id)

    deploy(store, app, user, "web")
    assert store.formations.get(app.id) == {"web": 2}
    with pytest.raises(NotFound):
        store.formations.scale(app.id, [Scale("worker", 1)], user.id)

    deploy(store, app, user, "web", "worker")
    assert store.formations.get(app.id) == {"web": 2, "worker": 4}


def test_one_unknown_type_refuses_the_whole_scale(store: Store, app: App, user: User) -> None:
    deploy(store, app, user, "web")

    with pytest.raises(NotFound) as caught:
        store.formations.scale(app.id, [Scale("web", 5), Scale("nothing", 1)], user.id)

    assert (caught.value.kind, caught.value.ref) == ("process type", "nothing")
    assert store.formations.get(app.id) == {"web": 1}


def test_a_quantity_out_of_bounds_refuses_the_whole_scale(store: Store, app: App, user: User) -> None:
    deploy(store, app, user, "web", "worker")

    with pytest.raises(Invalid):
        store.formations.scale(app.id, [Scale("web", 5), Scale("worker", 101)], user.id)

    assert store.formations.get(app.id) == {"web": 1, "worker": 0}
