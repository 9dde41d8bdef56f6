"""Every queue remembers what was asked for, by id."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest
import redis
from rq import Queue as RealQueue
from rq import SimpleWorker

from paas.adapters.redis_client import connect
from paas.adapters.rq_queue import RqQueue, queue_name
from paas.config import Settings
from paas.errors import QueueUnavailable
from paas.ports.queue import Queue

BUILD = "0f8fad5b-d9cb-469f-a165-70867728950e"


def test_a_build_that_was_asked_for_is_queued(queue: Queue) -> None:
    assert queue.queued_builds() == set()

    queue.build(BUILD)
    queue.converge("app")
    queue.release("release")

    assert queue.queued_builds() == {BUILD}


def test_asking_again_does_no_harm(queue: Queue) -> None:
    queue.build(BUILD)
    queue.build(BUILD)
    queue.release("release")
    queue.release("release")

    assert queue.queued_builds() == {BUILD}


def test_workers_run_what_was_asked_for_in_order(
    rq_queue: RqQueue, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _jobs(monkeypatch)
    rq_queue.build(BUILD)
    rq_queue.converge("app-a")
    rq_queue.converge("app-b")
    rq_queue.converge("app-a")  # one of the same that still waits does for both
    rq_queue.release("release")

    _work(settings)

    assert ran == [("build", BUILD), ("converge", "app-a"), ("converge", "app-b"), ("release", "release")]
    assert rq_queue.queued_builds() == set()


def test_a_build_that_runs_no_longer_waits(
    rq_queue: RqQueue, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    monkeypatch.setattr(_module(monkeypatch), "build", lambda _: seen.append(rq_queue.queued_builds()), raising=False)
    rq_queue.build(BUILD)

    _work(settings)

    assert seen == [set()]


def test_a_converge_that_runs_does_not_keep_another_from_being_queued(
    rq_queue: RqQueue, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def converge(app_id: str) -> None:
        ran.append(app_id)
        if len(ran) == 1:
            rq_queue.converge(app_id)

    monkeypatch.setattr(_module(monkeypatch), "converge", converge, raising=False)
    rq_queue.converge("app")

    _work(settings)

    assert ran == ["app", "app"]


def test_a_job_that_fails_is_not_queued_any_more(
    rq_queue: RqQueue, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_module(monkeypatch), "build", lambda _: 1 / 0, raising=False)
    rq_queue.build(BUILD)

    _work(settings)

    assert rq_queue.queued_builds() == set()


def test_instances_do_not_share_queues(redis_server: subprocess.Popen[bytes], settings: Settings) -> None:
    connection = connect(settings.redis_socket)
    other = Settings(name="other", data_dir=settings.data_dir)

    RqQueue(connection, settings).build(BUILD)

    assert RqQueue(connection, other).queued_builds() == set()


def test_a_queue_that_came_back_empty_is_empty(
    rq_queue: RqQueue, settings: Settings, redis_server: subprocess.Popen[bytes]
) -> None:
    rq_queue.build(BUILD)

    connect(settings.redis_socket).flushall()

    assert rq_queue.queued_builds() == set()


def test_without_redis_the_queue_says_so(settings: Settings) -> None:
    queue = RqQueue(connect(settings.run_dir / "nobody-listens.sock"), settings)

    for call in (queue.build, queue.converge, queue.release):
        with pytest.raises(QueueUnavailable):
            call("id")
    with pytest.raises(QueueUnavailable):
        queue.queued_builds()


def _jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Job functions that note what they were called with."""
    ran: list[tuple[str, str]] = []
    module = _module(monkeypatch)
    for name in ("build", "converge", "release"):
        monkeypatch.setattr(module, name, lambda id_, name=name: ran.append((name, id_)), raising=False)
    return ran


def _module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Stands in for `paas.entrypoints.jobs`, which the queue knows by name only."""
    import paas.entrypoints

    module = types.ModuleType("paas.entrypoints.jobs")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(paas.entrypoints, "jobs", module, raising=False)
    return module


def _work(settings: Settings) -> None:
    """Runs all that waits, as the workers do, in this process."""
    connection = redis.Redis(unix_socket_path=str(settings.redis_socket))
    queues = [RealQueue(queue_name(settings, slot), connection=connection) for slot in ("builds", "short")]
    SimpleWorker(queues, connection=connection).work(burst=True, logging_level="CRITICAL")
    connection.close()
