"""The plan: what is wanted against what runs, from every state that a kill can leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from paas.domain.plan import Plan, Wanted, make, server_of, servers
from paas.domain.process import Kind, Process
from paas.domain.route import Route, RouteState

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def process(
    name: str,
    *,
    release: int = 2,
    running: bool = True,
    crashes: int = 0,
    restart: int = 0,
    ended_ago: float = 0,
    ran: float = 1,
    container: str | None = None,
    kind: Kind = Kind.FORMATION,
) -> Process:
    type_name, _, index = name.partition(".")
    ended = NOW - timedelta(seconds=ended_ago)
    return Process(
        id=container or f"{name}-{release}-{restart}-{running}",
        app_id="a",
        kind=kind,
        type=type_name,
        index=int(index),
        release=release,
        running=running,
        created_at=NOW,
        started_at=ended - timedelta(seconds=ran),
        finished_at=None if running else ended,
        address="10.0.0.2" if running else None,
        crashes=crashes,
        restart=restart,
    )


def route(*processes: Process) -> Route:
    return Route("a", "app", ("app.localhost",), tuple(server_of(p) for p in processes), RouteState.SERVING)


def plan(wanted: Wanted, *processes: Process, published: Route | None = None) -> Plan:
    return make(wanted, processes, published, NOW)


def test_a_slot_without_a_process_is_started() -> None:
    made = plan(Wanted(2, {"web": 2}), process("web.1"))

    assert [s.name for s in made.start] == ["web.2"]
    assert [p.name for p in made.keep] == ["web.1"]


def test_a_process_beyond_the_formation_is_surplus_once_the_router_forgot_it() -> None:
    one, two = process("web.1"), process("web.2")

    told = plan(Wanted(2, {"web": 1}), one, two, published=route(one))
    untold = plan(Wanted(2, {"web": 1}), one, two, published=route(one, two))

    assert told.surplus == (two,)
    assert untold.surplus == ()


def test_the_old_release_stands_until_the_new_one_is_published() -> None:
    old, new = process("web.1", release=1), process("web.1", release=2)

    before = plan(Wanted(2, {"web": 1}), old, new, published=route(old))
    after = plan(Wanted(2, {"web": 1}), old, new, published=route(new))

    assert before.standing == (old,)
    assert before.surplus == ()
    assert servers(before, set(), route(old)) == (server_of(old),)
    assert servers(before, {new.id}, route(old)) == (server_of(new),)
    assert after.surplus == (old,)


def test_an_old_worker_goes_as_soon_as_the_new_one_runs() -> None:
    old, new = process("worker.1", release=1), process("worker.1", release=2)

    assert plan(Wanted(2, {"worker": 1}), old).standing == (old,)
    assert plan(Wanted(2, {"worker": 1}), old, new).surplus == (old,)


def test_a_newer_release_is_left_to_its_deploy() -> None:
    current, coming = process("web.1", release=2), process("web.1", release=3)

    made = plan(Wanted(2, {"web": 1}), current, coming, published=route(current))

    assert made.newer == (coming,)
    assert made.keep == (current,)
    assert made.surplus == ()


def test_the_first_crash_is_started_again_at_once_and_counted() -> None:
    made = plan(Wanted(2, {"web": 1}), process("web.1", running=False))

    assert [(s.name, s.crashes) for s in made.start] == [("web.1", 1)]
    assert [p.name for p in made.crashed] == ["web.1"]


def test_the_second_crash_in_a_row_waits() -> None:
    made = plan(Wanted(2, {"web": 1}), process("web.1", running=False, crashes=1, ended_ago=2))

    assert made.start == ()
    assert made.due_in == 3.0


def test_a_crash_after_a_long_life_counts_as_the_first() -> None:
    made = plan(Wanted(2, {"web": 1}), process("web.1", running=False, crashes=7, ran=700))

    assert [(s.name, s.crashes) for s in made.start] == [("web.1", 1)]


def test_a_new_release_forgets_the_crashes_of_the_old_one() -> None:
    made = plan(Wanted(3, {"web": 1}), process("web.1", release=2, running=False, crashes=7))

    assert [(s.name, s.crashes) for s in made.start] == [("web.1", 0)]
    assert [p.name for p in made.surplus] == ["web.1"]


def test_a_crashed_process_is_removed_when_its_successor_runs() -> None:
    dead, alive = process("worker.1", running=False), process("worker.1", crashes=1, container="alive")

    made = plan(Wanted(2, {"worker": 1}), dead, alive)

    assert made.surplus == (dead,)
    assert made.crashed == ()


def test_a_restart_mark_replaces_what_was_started_before_it() -> None:
    old = process("web.1")

    made = plan(Wanted(2, {"web": 1}, {"web": 1}), old, published=route(old))

    assert [(s.name, s.restart) for s in made.start] == [("web.1", 1)]
    assert made.standing == (old,)


def test_a_mark_on_one_process_leaves_its_siblings() -> None:
    made = plan(Wanted(2, {"web": 2}, {"web.2": 1}), process("web.1"), process("web.2"))

    assert [s.name for s in made.start] == ["web.2"]


def test_one_off_processes_are_nobodys_surplus() -> None:
    made = plan(Wanted(2, {}), process("run.4711", kind=Kind.RUN))

    assert made == Plan()


def test_a_process_that_came_back_at_another_address_is_not_taken_for_published() -> None:
    old = process("web.1")
    moved = Process(**{**old.__dict__, "address": "10.0.0.9"})

    made = plan(Wanted(2, {"web": 1}), moved, published=route(old))

    assert servers(made, set(), route(old)) == ()
    assert made.keep == (moved,)
