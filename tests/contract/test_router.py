"""The router's contract, on HAProxy and on the fake in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Protocol

import pytest

from paas.adapters.memory.router import MemoryRouter
from paas.domain.route import Route, RouteState
from paas.errors import RouterUnavailable
from paas.ports.router import Router
from tests.haproxy import RunningRouter, Web, route, running_router, web


class Bench(Protocol):
    """A router, and what a test must be able to see and do around it."""

    @property
    def router(self) -> Router: ...

    def answer(self, host: str) -> str:
        """A server's name, a code, or 404."""

    def busy(self, server: Web) -> AbstractContextManager[None]:
        """For the block, the server has a request in flight."""

    def kill(self) -> None: ...

    def revive(self) -> None: ...


class MemoryBench:
    def __init__(self) -> None:
        self.router = MemoryRouter()

    def answer(self, host: str) -> str:
        return self.router.answer(host)

    @contextmanager
    def busy(self, server: Web) -> Iterator[None]:
        self.router.busy.add(server.name)
        yield
        self.router.busy.discard(server.name)

    def kill(self) -> None:
        self.router.is_down = True

    def revive(self) -> None:
        self.router.is_down = False


class HaproxyBench:
    def __init__(self, running: RunningRouter) -> None:
        self.router = running.router
        self._running = running

    def answer(self, host: str) -> str:
        answer = self._running.get(host)
        return answer.error or answer.text

    @contextmanager
    def busy(self, server: Web) -> Iterator[None]:
        host = "shop.localhost"
        request = threading.Thread(target=self._running.get, args=(host, "/wait"))
        request.start()
        assert server.waiting.acquire(timeout=20)
        yield
        server.go_on.set()
        request.join()

    def kill(self) -> None:
        self._running.kill()

    def revive(self) -> None:
        self._running.start()


@pytest.fixture(params=["memory", "haproxy"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "memory":
        yield MemoryBench()
        return
    with running_router() as running:
        yield HaproxyBench(running)


@pytest.fixture
def old() -> Iterator[Web]:
    with web("web.1-old") as server:
        yield server


@pytest.fixture
def new() -> Iterator[Web]:
    with web("web.1-new") as server:
        yield server


def test_requests_go_to_the_servers_published_last(bench: Bench, old: Web, new: Web) -> None:
    bench.router.publish(route(old))
    assert bench.answer("shop.localhost") == old.name

    bench.router.publish(route(new))

    assert bench.answer("shop.localhost") == new.name


def test_publishing_twice_changes_nothing(bench: Bench, old: Web) -> None:
    bench.router.publish(route(old))
    bench.router.publish(route(old))

    assert bench.answer("shop.localhost") == old.name
    assert bench.router.published("app-a") == route(old)


def test_an_app_answers_on_all_its_hosts_and_on_no_other(bench: Bench, old: Web) -> None:
    bench.router.publish(route(old, hosts=("shop.localhost", "shop.example.com")))
    assert bench.answer("shop.example.com") == old.name

    bench.router.publish(route(old, hosts=("store.localhost",)))

    assert bench.answer("store.localhost") == old.name
    assert bench.answer("shop.localhost") == "404"
    assert bench.answer("shop.example.com") == "404"


@pytest.mark.parametrize(
    ("state", "code"), [(RouteState.NO_WEB, "H14"), (RouteState.CRASHED, "H10"), (RouteState.MAINTENANCE, "H80")]
)
def test_without_a_server_the_page_tells_why(bench: Bench, old: Web, state: RouteState, code: str) -> None:
    bench.router.publish(route(old))

    bench.router.publish(route(state=state))

    assert bench.answer("shop.localhost") == code


def test_maintenance_hides_the_servers_and_its_end_brings_them_back(bench: Bench, old: Web) -> None:
    bench.router.publish(route(old))
    bench.router.publish(route(old, state=RouteState.MAINTENANCE))
    assert bench.answer("shop.localhost") == "H80"

    bench.router.publish(route(old))

    assert bench.answer("shop.localhost") == old.name


def test_what_was_published_can_be_read(bench: Bench, old: Web) -> None:
    assert bench.router.published("app-a") is None

    bench.router.publish(route(old))

    assert bench.router.published("app-a") == route(old)


def test_a_server_is_drained_when_its_last_request_has_ended(bench: Bench, old: Web, new: Web) -> None:
    bench.router.publish(route(old))
    with bench.busy(old):
        bench.router.publish(route(new))
        assert bench.router.drained("app-a", [old.name], timeout=0.1) is False

    assert bench.router.drained("app-a", [old.name], timeout=20) is True
    assert bench.answer("shop.localhost") == new.name


def test_servers_that_are_not_there_are_drained(bench: Bench, old: Web) -> None:
    assert bench.router.drained("app-a", ["web.9-gone"], timeout=0) is True
    bench.router.publish(route(old))
    assert bench.router.drained("app-a", ["web.9-gone"], timeout=0) is True


def test_withdrawn_hosts_are_no_app_and_can_be_given_to_another(bench: Bench, old: Web, new: Web) -> None:
    bench.router.publish(route(old))

    bench.router.withdraw("app-a")
    bench.router.withdraw("app-a")

    assert bench.answer("shop.localhost") == "404"
    assert bench.router.published("app-a") is None
    bench.router.publish(route(new, app="app-b"))
    assert bench.answer("shop.localhost") == new.name


def test_sync_leaves_these_routes_and_no_others(bench: Bench, old: Web, new: Web) -> None:
    bench.router.publish(route(old))
    bench.router.publish(route(old, app="app-b", hosts=("b.localhost",)))

    bench.router.sync([route(new), route(state=RouteState.NO_WEB, app="app-c", hosts=("c.localhost",))])

    assert bench.answer("shop.localhost") == new.name
    assert bench.answer("b.localhost") == "404"
    assert bench.answer("c.localhost") == "H14"


def test_a_change_that_the_router_could_not_be_told_holds_when_it_is_back(bench: Bench, old: Web, new: Web) -> None:
    bench.router.publish(route(old))
    bench.kill()

    with pytest.raises(RouterUnavailable):
        bench.router.publish(route(new))

    assert bench.router.published("app-a") == route(new)
    bench.revive()
    assert bench.answer("shop.localhost") == new.name


def test_a_host_that_two_apps_claim_goes_to_the_one_published_last(bench: Bench, old: Web, new: Web) -> None:
    claims = route(old, hosts=("shop.localhost", "a.localhost"))
    bench.router.publish(claims)
    bench.router.publish(route(new, app="app-b"))
    assert bench.answer("shop.localhost") == new.name

    bench.router.publish(_without(claims, "shop.localhost"))

    assert bench.answer("shop.localhost") == new.name
    assert bench.answer("a.localhost") == old.name


def _without(route: Route, host: str) -> Route:
    return replace(route, hosts=tuple(h for h in route.hosts if h != host))
