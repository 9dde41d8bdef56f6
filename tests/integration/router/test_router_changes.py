"""Changes while requests run: nothing fails, nothing is lost, and a killed HAProxy comes back as it was."""

from __future__ import annotations

import http.client
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from paas.adapters.file_leases import FileLeases
from paas.adapters.haproxy import router as haproxy_router
from paas.adapters.haproxy.disk import SPARE_SLOTS
from paas.adapters.haproxy.router import HaproxyRouter, prepare
from paas.adapters.haproxy.runtime import RuntimeAPI, read_servers
from paas.domain.route import Route, RouteState, Server
from paas.errors import Invalid
from tests.haproxy import RunningRouter, Web, free_port, route


@contextmanager
def load(running: RunningRouter, host: str = "shop.localhost", clients: int = 4) -> Iterator[list[str]]:
    """Requests without pause until the block ends, on connections that are kept; the list fills with what went wrong."""
    failures: list[str] = []
    counts = [0] * clients
    ended = threading.Event()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.settings.http_port, timeout=20)
        while not ended.is_set():
            try:
                connection.request("GET", "/", headers={"Host": host})
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    failures.append(f"{response.status} {response.headers.get('x-paas-error')} {body[:40]!r}")
            except (OSError, http.client.HTTPException) as exc:
                failures.append(repr(exc))
                connection.close()
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield failures
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert min(counts) > 0, "a client made no request, so nothing was shown"


def test_no_request_fails_while_servers_come_and_go(running: RunningRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(haproxy_router, "_REST_BEFORE_DELETE", 1)
    serving = Web("web.1-0").start()
    running.router.publish(route(serving))

    with load(running) as failures:
        for number in range(1, 51):
            new = Web(f"web.1-{number}").start()
            running.router.publish(route(new))
            assert running.router.drained("app-a", [serving.name], timeout=20)
            serving.stop()
            serving = new

    serving.stop()
    assert failures == []


def test_servers_that_were_taken_out_are_forgotten(
    running: RunningRouter, app: Web, other: Web, monkeypatch: pytest.MonkeyPatch, wait_for: Callable[..., None]
) -> None:
    monkeypatch.setattr(haproxy_router, "_REST_BEFORE_DELETE", 1)
    running.router.publish(route(app))
    running.router.publish(route(other))
    running.router.drained("app-a", [app.name], timeout=20)

    def forgotten() -> bool:
        running.router.publish(route(other))
        return live_servers(running) == {other.name}

    wait_for(forgotten)


def test_no_request_fails_while_haproxy_is_reloaded(running: RunningRouter, app: Web, platform: Web) -> None:
    running.router.publish(route(app))
    before = worker(running)

    with load(running) as failures, load(running, "localhost", clients=1) as platform_failures:
        for timeout in (5, 6, 7):
            changed = replace(running.settings, request_timeout=timeout)
            HaproxyRouter(changed, FileLeases(changed.leases_dir)).sync([route(app)])

    assert worker(running) != before
    assert failures == []
    assert platform_failures == []


def test_more_apps_than_spare_slots_get_more_slots_while_requests_run(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))
    before = worker(running)

    with load(running, clients=2) as failures:
        for number in range(SPARE_SLOTS):
            running.router.publish(route(app, app=f"app-{number}", hosts=(f"{number}.localhost",)))

    assert worker(running) != before
    assert running.get(f"{SPARE_SLOTS - 1}.localhost").text == app.name
    assert failures == []


def test_a_new_app_needs_no_reload(running: RunningRouter, app: Web) -> None:
    before = worker(running)

    running.router.publish(route(app))
    running.router.publish(route(app, app="app-b", hosts=("b.localhost", "shop.example.com")))
    running.router.publish(route(app, app="app-b", state=RouteState.MAINTENANCE))
    running.router.withdraw("app-a")

    assert worker(running) == before


def test_drained_waits_for_requests_that_an_old_worker_still_has(running: RunningRouter, app: Web, other: Web) -> None:
    running.router.publish(route(app))
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(running.get, "shop.localhost", "/wait")
        assert app.waiting.acquire(timeout=20)
        longer = replace(running.settings, https_port=free_port())
        HaproxyRouter(longer, FileLeases(longer.leases_dir)).sync([route(app)])
        running.router.publish(route(other))

        assert running.router.drained("app-a", [app.name], timeout=0.1) is False

        app.go_on.set()
        assert running.router.drained("app-a", [app.name], timeout=20) is True
        assert slow.result().status == 200


def test_a_killed_haproxy_serves_the_same_when_it_is_started_again(
    running: RunningRouter, app: Web, other: Web
) -> None:
    running.router.publish(route(app))
    running.router.publish(route(other, app="app-b", hosts=("b.localhost",)))
    running.router.publish(route(app, app="app-c", hosts=("c.localhost",), state=RouteState.MAINTENANCE))

    running.kill()
    running.start()

    assert running.get("shop.localhost").text == app.name
    assert running.get("b.localhost").text == other.name
    assert running.get("c.localhost").error == "H80"
    running.router.publish(route(other))
    assert running.get("shop.localhost").text == other.name


def test_sync_brings_back_everything_when_the_files_were_lost(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))
    for path in running.settings.router_dir.rglob("*.*"):
        path.unlink()

    running.router.sync([route(app)])

    assert running.get("shop.localhost").text == app.name
    running.kill()
    running.start()
    assert running.get("shop.localhost").text == app.name


def test_a_publish_that_was_cut_short_is_made_good_by_the_next(
    running: RunningRouter, app: Web, other: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.router.publish(route(app))
    with monkeypatch.context() as patched:
        patched.setattr(RuntimeAPI, "change", _dies)
        with pytest.raises(KeyboardInterrupt):
            running.router.publish(route(other, hosts=("moved.localhost",)))
    assert running.get("shop.localhost").text == app.name

    running.router.publish(route(other, hosts=("moved.localhost",)))

    assert running.get("moved.localhost").text == other.name
    assert running.get("shop.localhost").error == "404"


def test_a_broken_record_is_set_aside_and_breaks_no_other_app(
    running: RunningRouter, app: Web, other: Web, caplog: pytest.LogCaptureFixture
) -> None:
    running.router.publish(route(app))
    running.router.publish(route(other, app="app-b", hosts=("b.localhost",)))
    record = running.settings.router_dir / "records" / "app-a.json"
    record.write_text(record.read_text()[:50])

    running.router.publish(route(other, app="app-b", hosts=("b.localhost", "new.localhost")))

    assert running.get("new.localhost").text == other.name
    assert "app-a.json" in caplog.text
    running.router.publish(route(app))
    assert running.get("shop.localhost").text == app.name


def test_a_server_that_came_back_with_another_address_is_followed(running: RunningRouter, app: Web, other: Web) -> None:
    running.router.publish(route(Server("web.1-same", "127.0.0.1", app.route_server.port)))

    running.router.publish(route(Server("web.1-same", "127.0.0.1", other.route_server.port)))

    assert running.get("shop.localhost").text == other.name


def test_many_publish_at_once(running: RunningRouter, app: Web) -> None:
    def publish(number: int) -> None:
        settings = running.settings
        HaproxyRouter(settings, FileLeases(settings.leases_dir)).publish(
            route(app, app=f"app-{number}", hosts=(f"{number}.localhost",))
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(40)))

    assert [running.get(f"{number}.localhost").text for number in range(40)] == [app.name] * 40


def test_withdrawing_an_app_ends_its_requests(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(running.get, "shop.localhost", "/hang")
        slow_path = pool.submit(app.waiting.acquire, timeout=0.2)
        slow_path.result()

        running.router.withdraw("app-a")

        assert slow.result().status == 503


@pytest.mark.parametrize(
    "wrong",
    [
        route(Server("web 1\n    server evil 1.2.3.4:80", "127.0.0.1", 80)),
        route(Server("web.1", "127.0.0.1 check", 80)),
        route(Server("web.1", "example.com", 80)),
        route(Server("web.1", "127.0.0.1", 0)),
        route(hosts=("shop.localhost evil",)),
        route(hosts=("api.localhost",)),
        route(app="../../etc/passwd"),
    ],
)
def test_what_does_not_belong_into_a_configuration_is_refused(running: RunningRouter, wrong: Route) -> None:
    with pytest.raises(Invalid):
        running.router.publish(wrong)


def test_a_certificate_that_was_renewed_is_served_without_a_reload(running: RunningRouter, app: Web) -> None:
    running.router.publish(route(app))
    before, first = worker(running), served_certificate(running)
    (running.settings.tls_dir / "server.pem").unlink()

    running.router.sync([route(app)])

    assert served_certificate(running) != first
    assert worker(running) == before


def test_preparing_twice_asks_for_no_reload(running: RunningRouter) -> None:
    assert prepare(running.settings) is False


def test_the_workers_are_not_root(running: RunningRouter) -> None:
    status = Path(f"/proc/{worker(running)}/status").read_text()

    assert re.search(r"^Uid:\t0\t", status, re.MULTILINE) is None


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def live_servers(running: RunningRouter) -> set[str]:
    """The names of all apps' servers that HAProxy holds, in service or not."""
    stat = RuntimeAPI(running.settings.router_socket).run(["show stat -1 4 -1"])[0]
    return {server.name for server in read_servers(stat)} - {"web"}


def worker(running: RunningRouter) -> str:
    """The process id of the worker that serves: another one after a reload."""
    match = re.search(r"^Pid: (\d+)", RuntimeAPI(running.settings.router_socket).run(["show info"])[0], re.MULTILINE)
    assert match is not None
    return match[1]


def served_certificate(running: RunningRouter) -> str:
    return ssl.get_server_certificate(("127.0.0.1", running.settings.https_port))
