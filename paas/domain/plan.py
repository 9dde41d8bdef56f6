"""What is wanted against what runs: a pure function from both to what to keep, start and let go.

Everything `converge` and the controller do follows from a `Plan`, so it can be worked out anew from any state, by
anyone, after any crash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from paas.domain.process import Kind, Process, restart_delay
from paas.domain.route import Route, Server

WEB_PORT = 5000  # PORT in every web container: each has a network namespace of its own, so one number does for all
STABLE_AFTER = 600.0  # a process that ran this many seconds starts counting its crashes anew


@dataclass(frozen=True)
class Slot:
    """A place in the formation, and how often in a row its processes crashed."""

    type: str
    index: int
    crashes: int = 0
    restart: int = 0

    @property
    def name(self) -> str:
        return f"{self.type}.{self.index}"


@dataclass(frozen=True)
class Plan:
    """`keep`: run and are wanted. `start`: wanted, and nothing runs. `standing`: outdated, but their replacement isn't up yet.

    `crashed`: exited, waiting for their next start, the first of which is due in `due_in` seconds. `surplus`: to be
    drained and stopped. `newer`: of a release that isn't current (a deploy under way, or what a killed one left).
    """

    keep: tuple[Process, ...] = ()
    start: tuple[Slot, ...] = ()
    standing: tuple[Process, ...] = ()
    crashed: tuple[Process, ...] = ()
    surplus: tuple[Process, ...] = ()
    newer: tuple[Process, ...] = ()
    due_in: float | None = None


@dataclass(frozen=True)
class Wanted:
    """The store's side of it: the current release's version, its formation, and the restart marks (see `Apps`)."""

    release: int
    formation: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)

    def slots(self) -> list[Slot]:
        """All places of the formation."""
        return [
            Slot(name, index, restart=self.mark(name, index))
            for name, quantity in sorted(self.formation.items())
            for index in range(1, quantity + 1)
        ]

    def mark(self, type_name: str, index: int) -> int:
        """The sum of the restart marks that apply to this slot."""
        return sum(self.marks.get(scope, 0) for scope in ("", type_name, f"{type_name}.{index}"))


def server_of(process: Process) -> Server:
    """The router's name for a web process: readable, and never used again."""
    return Server(f"{process.name}-{process.id[:12]}", process.address or "", WEB_PORT)


def is_published(process: Process, route: Route | None) -> bool:
    """Whether the router sends requests to this very process at the address that it has now."""
    return route is not None and process.address is not None and server_of(process) in route.servers


def make(wanted: Wanted, processes: Iterable[Process], route: Route | None, now: datetime) -> Plan:
    """Compares. `processes` are an app's containers in order of creation; one-off ones are ignored."""
    formation = [p for p in processes if p.kind is Kind.FORMATION]
    newer = [p for p in formation if p.release > wanted.release]
    by_slot: dict[tuple[str, int], list[Process]] = {}
    for process in formation:
        if process.release <= wanted.release:
            by_slot.setdefault((process.type, process.index), []).append(process)

    keep: list[Process] = []
    start: list[Slot] = []
    standing: list[Process] = []
    crashed: list[Process] = []
    surplus: list[Process] = []
    dues: list[float] = []
    for slot in wanted.slots():
        there = by_slot.pop((slot.type, slot.index), [])
        fitting = [p for p in there if p.release == wanted.release and p.restart == slot.restart]
        running = [p for p in fitting if p.running]
        if running:
            best = running[-1]
            keep.append(best)
            up = slot.type != "web" or is_published(best, route)
            for process in there:
                if process is not best:
                    (surplus if up or not process.running else standing).append(process)
            continue
        last = fitting[-1] if fitting else None
        standing += [p for p in there if p.running]
        surplus += [p for p in there if not p.running and p is not last]
        if last is None:
            start.append(slot)
            continue
        crashed.append(last)
        crashes = _crashes(last)
        wait = restart_delay(crashes) - (now - (last.finished_at or now)).total_seconds()
        if wait <= 0:
            start.append(Slot(slot.type, slot.index, crashes, slot.restart))
        else:
            dues.append(wait)
    surplus += [p for leftover in by_slot.values() for p in leftover]
    return Plan(
        tuple(keep),
        tuple(start),
        tuple(standing),
        tuple(crashed),
        # What the router still sends requests to is let go only after it was told.
        tuple(p for p in surplus if not is_published(p, route)),
        tuple(newer),
        min(dues, default=None),
    )


def servers(plan: Plan, ready: Collection[str], route: Route | None) -> tuple[Server, ...]:
    """Who is to get requests now: wanted web processes that are ready, and outdated ones that still stand in."""
    fresh = [p for p in plan.keep if p.type == "web" and p.id in ready]
    covered = {(p.type, p.index) for p in fresh}
    stand_ins = [p for p in plan.standing if is_published(p, route) and (p.type, p.index) not in covered]
    return tuple(server_of(p) for p in [*fresh, *stand_ins])


def _crashes(process: Process) -> int:
    ran = (
        (process.finished_at - process.started_at).total_seconds()
        if process.finished_at and process.started_at
        else 0.0
    )
    return 1 if ran >= STABLE_AFTER else process.crashes + 1
