"""`kill -9` of every part, in the middle of a push and of a scale: apps go on serving, and what is wanted comes true by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.platform import Platform, Requests, commit, eventually, git, repository


@pytest.fixture(scope="module")
def fragile() -> Iterator[Platform]:
    """A platform that these tests may break."""
    platform = Platform()
    try:
        platform.up()
        yield platform
    finally:
        platform.purge()


@pytest.fixture
def app(fragile: Platform, tmp_path: Path) -> tuple[str, Path]:
    """An app that runs, and its repository with a slow release command and a new greeting, ready to be pushed."""
    name = fragile.create()
    folder = repository(tmp_path / "app", "python_flask", {"greeting.txt": "old"})
    assert fragile.push(folder, name).accepted
    commit(folder, {"greeting.txt": "new", "Procfile": "web: gunicorn app:app\nrelease: sleep 4\n"})
    return name, folder


def is_building(platform: Platform, app: str) -> bool:
    """Whether a build container of the app runs."""
    return bool(platform.containers(f"paas.app-name={app}", "paas.kind=build"))


def is_releasing(platform: Platform, app: str) -> bool:
    """Whether the app's release command runs."""
    return bool(platform.containers(f"paas.app-name={app}", "paas.kind=release"))


@pytest.mark.parametrize("moment", [is_building, is_releasing])
def test_a_push_whose_worker_is_killed_goes_live_all_the_same(fragile, app, moment) -> None:  # type: ignore[no-untyped-def]
    name, folder = app
    with ThreadPoolExecutor() as pool, Requests(fragile, name, clients=1) as traffic:
        push = pool.submit(fragile.push, folder, name)
        eventually(lambda: moment(fragile, name))
        fragile.kill("worker")
        done = push.result()

    assert done.accepted, done.output
    assert "starting again" in done.output
    assert traffic.failures == []
    assert "new" in fragile.get(name).text
    eventually(lambda: len(fragile.containers(f"paas.app-name={name}")) == 1)


def test_when_the_web_process_is_killed_the_build_goes_on(fragile: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    with ThreadPoolExecutor() as pool, Requests(fragile, name, clients=1) as traffic:
        push = pool.submit(fragile.push, folder, name)
        eventually(lambda: is_releasing(fragile, name))
        fragile.kill("web")
        done = push.result()
        eventually(lambda: "new" in fragile.get(name).text)

    assert not done.accepted
    assert traffic.failures == []
    again = fragile.push(folder, name)
    assert again.accepted, again.output
    assert (
        git(folder, "ls-remote", fragile.git_url(name), "main").split()[0] == git(folder, "rev-parse", "HEAD").strip()
    )


def test_when_redis_is_killed_the_push_goes_on(fragile: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    with ThreadPoolExecutor() as pool, Requests(fragile, name, clients=1) as traffic:
        push = pool.submit(fragile.push, folder, name)
        eventually(lambda: is_releasing(fragile, name))
        fragile.kill("redis")
        done = push.result()

    assert done.accepted, done.output
    assert traffic.failures == []
    assert "new" in fragile.get(name).text


def test_when_the_router_is_killed_it_comes_back_with_every_route(fragile: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    with ThreadPoolExecutor() as pool:
        push = pool.submit(fragile.push, folder, name)
        eventually(lambda: is_releasing(fragile, name))
        fragile.kill("haproxy")
        eventually(lambda: fragile.get(name).status_code == 200)
        push.result()  # its connection went through the router, so it was cut

    eventually(lambda: "new" in fragile.get(name).text)


@pytest.mark.parametrize("program", ["web", "worker", "controller", "redis", "haproxy"])
def test_a_scale_survives_the_death_of(fragile: Platform, app: tuple[str, Path], program: str) -> None:
    name, _ = app
    for quantity in (4, 1):
        answer = fragile.api("PATCH", f"/apps/{name}/formation", {"updates": [{"type": "web", "quantity": quantity}]})
        assert answer.ok, answer.text
        fragile.kill(program)

        eventually(lambda n=quantity: list(fragile.states(name).values()) == ["up"] * n)  # type: ignore[misc]
        eventually(lambda n=quantity: len(fragile.containers(f"paas.app-name={name}")) == n)  # type: ignore[misc]
        assert "old" in fragile.get(name).text


def test_a_running_app_is_not_harmed_by_the_death_of_the_control_plane(
    fragile: Platform, app: tuple[str, Path]
) -> None:
    name, _ = app
    with Requests(fragile, name) as traffic:
        for program in ("web", "worker", "controller", "redis"):
            fragile.kill(program)

    assert traffic.failures == []


def test_everything_comes_back_after_a_reboot(fragile: Platform, app: tuple[str, Path]) -> None:
    name, _ = app
    assert fragile.api("PATCH", f"/apps/{name}/formation", {"updates": [{"type": "web", "quantity": 2}]}).ok
    eventually(lambda: list(fragile.states(name).values()) == ["up", "up"])

    # What a reboot leaves: no process of ours, and containers that exited.
    fragile.run("docker", "kill", *fragile.containers())
    fragile.kill("redis")
    fragile.kill("haproxy")
    fragile.kill("controller")

    eventually(lambda: list(fragile.states(name).values()) == ["up", "up"])
    eventually(lambda: fragile.get(name).status_code == 200)


def test_down_and_up_bring_everything_back(fragile: Platform, app: tuple[str, Path]) -> None:
    name, _ = app

    fragile.down()
    assert fragile.containers() == []
    fragile.up()

    eventually(lambda: fragile.states(name) == {"web.1": "up"})
    eventually(lambda: "old" in fragile.get(name).text)
