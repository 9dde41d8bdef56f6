"""Builds and events."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from paas.adapters.memory.clock import MemoryClock
from paas.domain.app import App
from paas.domain.build import MAX_ATTEMPTS, Build, BuildStatus
from paas.domain.user import User
from paas.errors import BuildEnded, NotFound
from paas.ports.store import Store


@pytest.fixture
def build(store: Store, app: App, user: User, clock: MemoryClock) -> Build:
    return store.builds.add(_build(app, user, clock))


def _build(app: App, user: User, clock: MemoryClock) -> Build:
    return Build(
        str(uuid4()),
        app.id,
        user.id,
        BuildStatus.PENDING,
        clock.now(),
        source_version="1a2b3c4d",
        source_description="Say “hello” 🦆",
        source_url="https://example.org/a.tar.gz",
    )


def test_a_build_comes_back_as_it_was_added(store: Store, build: Build) -> None:
    assert store.builds.get(build.id) == build
    with pytest.raises(NotFound):
        store.builds.get("no-such-id")


def test_a_build_needs_an_app(store: Store, build: Build) -> None:
    with pytest.raises(NotFound):
        store.builds.add(replace(build, id=str(uuid4()), app_id=str(uuid4())))


def test_builds_are_listed_newest_first(store: Store, app: App, user: User, clock: MemoryClock) -> None:
    other = store.apps.add("other", user.id)
    builds = [store.builds.add(_build(app, user, clock)) for _ in range(3)]
    store.builds.add(_build(other, user, clock))

    assert store.builds.list(app.id) == builds[::-1]
    assert store.builds.list(app.id, limit=2) == builds[:0:-1]


def test_a_build_runs_and_ends(store: Store, build: Build, clock: MemoryClock) -> None:
    clock.sleep(5)
    running = store.builds.start(build.id)
    started = clock.now()
    clock.sleep(5)

    ended = store.builds.finish(
        build.id, BuildStatus.SUCCEEDED, image="sha256:1", release_id="r1", buildpacks=("python", "procfile")
    )

    assert running == replace(build, status=BuildStatus.RUNNING, attempt=1, started_at=started)
    assert ended == replace(
        running,
        status=BuildStatus.SUCCEEDED,
        ended_at=clock.now(),
        image="sha256:1",
        release_id="r1",
        buildpacks=("python", "procfile"),
    )
    assert store.builds.get(build.id) == ended


def test_a_build_stays_as_it_ended(store: Store, build: Build) -> None:
    cancelled = store.builds.finish(build.id, BuildStatus.CANCELLED, failure="cancelled by ada")

    assert store.builds.finish(build.id, BuildStatus.SUCCEEDED, image="sha256:1") == cancelled
    assert store.builds.get(build.id) == cancelled
    with pytest.raises(BuildEnded) as caught:
        store.builds.start(build.id)
    assert (caught.value.build_id, caught.value.status) == (build.id, "cancelled")


def test_a_build_is_started_no_more_often_than_it_may(store: Store, build: Build) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert store.builds.start(build.id).attempt == attempt

    with pytest.raises(BuildEnded):
        store.builds.start(build.id)
    assert store.builds.get(build.id).status is BuildStatus.RUNNING


def test_only_an_end_ends_a_build(store: Store, build: Build) -> None:
    assert store.builds.finish(build.id, BuildStatus.RUNNING) == build


def test_changing_an_unknown_build_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.builds.start("no-such-id")
    with pytest.raises(NotFound):
        store.builds.finish("no-such-id", BuildStatus.FAILED)


def test_unfinished_builds_of_all_apps_are_listed_oldest_first(
    store: Store, app: App, user: User, clock: MemoryClock
) -> None:
    other = store.apps.add("other", user.id)
    builds = [store.builds.add(_build(a, user, clock)) for a in (app, other, app, other)]
    store.builds.finish(builds[1].id, BuildStatus.FAILED)
    running = store.builds.start(builds[2].id)

    assert store.builds.unfinished() == [builds[0], running, builds[3]]


def test_the_trail_tells_who_did_what_newest_first(store: Store, app: App, user: User, clock: MemoryClock) -> None:
    clock.sleep(5)
    store.events.add("run.start", "Ran “bash”", user_id=user.id, app_id=app.id)
    store.events.add("platform.start", "Started", user_id=None, app_id=None)

    everything = store.events.list()
    assert [(e.action, e.detail, e.user_id, e.app_id) for e in everything[:2]] == [
        ("platform.start", "Started", None, None),
        ("run.start", "Ran “bash”", user.id, app.id),
    ]
    assert [e.action for e in store.events.list(app.id)] == ["run.start", "app.create", "release.create"]
    assert store.events.list(limit=1) == everything[:1]
    assert everything[0].at == clock.now()
    assert len({e.id for e in everything}) == len(everything)


def test_the_trail_holds_no_secrets(store: Store, app: App, user: User) -> None:
    store.configs.update(app.id, {"NAME": "the-secret-value"}, user.id)
    store.tokens.add(user.id, "the-secret-digest", "laptop")
    store.users.set_password(user.id, "the-secret-hash", by=user.id)

    trail = repr(store.events.list())

    assert "NAME" in trail
    assert "laptop" in trail
    assert "the-secret" not in trail
