"""Watches all apps: asks for a converge where one has drifted, retires what is surplus, removes what nobody owns."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from paas.bootstrap import Services
from paas.config import MiB
from paas.domain.process import Kind, Process
from paas.errors import NotFound, PaasError, QueueUnavailable
from paas.pipeline import apps, converge, deploy, journal, route
from paas.ports.engine import EngineEvent

SWEEP = 10.0  # seconds between two looks at everything; in between, events and signals say where to look
_RETIRING = 32  # processes drained and stopped at once
_LINGER = 2.0  # seconds that an ended one-off stays, so that its last output is collected


class Watch:
    """Its three loops are threads of the controller; between them goes a queue of app ids to look at."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._dirty: queue.Queue[str] = queue.Queue()
        self._due: dict[str, float] = {}  # app id → monotonic time of the next start of a crashed process
        self._pool = ThreadPoolExecutor(_RETIRING, thread_name_prefix="retire")
        self._retiring: set[str] = set()
        self._lock = threading.Lock()

    def listen_to_engine(self) -> None:
        """A process ended: its app is looked at, at once."""
        for event in self._services.engine.events():
            if event.action == "die":
                self._note_crash(event)
                self._services.signals.notify(event.app_id, "processes")
            self._dirty.put(event.app_id)

    def listen_to_signals(self) -> None:
        """Somebody changed an app."""
        for signal in self._services.signals.listen(None):
            if signal is not None and signal[1] != "builds":
                self._dirty.put(signal[0])

    def check_forever(self) -> None:
        """Looks at apps as they are named, and at all of them every `SWEEP` seconds, the first time at once."""
        next_sweep = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= next_sweep:
                self.sweep()
                next_sweep = time.monotonic() + SWEEP
            due = [app_id for app_id, at in self._due.items() if at <= now]
            for app_id in due:
                del self._due[app_id]
                self.check(app_id)
            wake = min([next_sweep, *self._due.values()])
            with contextlib.suppress(queue.Empty):
                named = {self._dirty.get(timeout=max(wake - time.monotonic(), 0.001))}
                with contextlib.suppress(queue.Empty):
                    while True:
                        named.add(self._dirty.get_nowait())
                for app_id in named:
                    self.check(app_id)

    def sweep(self) -> None:
        """Every app, from one listing of the engine."""
        by_app: dict[str, list[Process]] = defaultdict(list)
        for process in self._services.engine.list():
            by_app[process.app_id].append(process)
        apps = {app.id for app in self._services.store.apps.list()}
        for app_id in apps:
            self.check(app_id, by_app.get(app_id, []))
        for app_id in by_app.keys() - apps:
            self._forget(app_id)

    def check(self, app_id: str, known: Sequence[Process] | None = None) -> None:
        """One app: retire, forget, schedule, ask for a converge; whichever applies."""
        try:
            view = converge.look(self._services, app_id, known)
        except NotFound:
            self._forget(app_id)
            return
        surplus = list(view.plan.surplus)
        if view.plan.newer and not self._services.leases.is_taken(deploy.lease(app_id)):
            # Left by a deploy that died, unless it ended well since we looked; then the next look finds them wanted.
            current = self._services.store.releases.current(app_id).version
            surplus += [p for p in view.plan.newer if p.release > current]
        for process in [*surplus, *self._ended_one_offs(view)]:
            self._retire(process)
        if view.plan.due_in is not None:
            self._due[app_id] = time.monotonic() + view.plan.due_in
        if not converge.is_settled(self._services, view) and not self._services.leases.is_taken(converge.lease(app_id)):
            with contextlib.suppress(QueueUnavailable):
                self._services.queue.converge(app_id)

    def _note_crash(self, event: EngineEvent) -> None:
        """Says in the app's log that a process ended by itself; those that we stop, or that a deploy tries, are told of there."""
        with self._lock:
            if event.process_id in self._retiring:
                return
        process = self._services.engine.get(event.process_id)
        if process is None or process.running or process.kind is not Kind.FORMATION:
            return
        with contextlib.suppress(NotFound):
            if process.release > self._services.store.releases.current(process.app_id).version:
                return
        if process.out_of_memory:
            limit = self._services.settings.process_memory // MiB
            text = f"Error R15 (Memory quota vastly exceeded) -> Process used more than {limit} MB"
            journal.note(self._services, process.app_id, process.name, text)
        journal.note(self._services, process.app_id, process.name, f"Process exited with status {process.exit_code}")
        journal.note(self._services, process.app_id, process.name, "State changed from up to crashed")

    def _ended_one_offs(self, view: converge.View) -> list[Process]:
        now = self._services.clock.now()
        ended = []
        for process in view.processes:
            if process.kind is Kind.FORMATION or process.running:
                continue
            age = (now - (process.finished_at or now)).total_seconds()
            if age >= _LINGER:
                ended.append(process)
            else:
                self._due[view.app.id] = time.monotonic() + _LINGER - age
        return ended

    def _retire(self, process: Process) -> None:
        with self._lock:
            if process.id in self._retiring:
                return
            self._retiring.add(process.id)
        self._pool.submit(self._retire_one, process)

    def _retire_one(self, process: Process) -> None:
        try:
            route.retire(self._services, process)
        except PaasError as exc:
            journal.note(self._services, process.app_id, process.name, f"Could not be stopped yet: {exc}")
        finally:
            with self._lock:
                self._retiring.discard(process.id)

    def _forget(self, app_id: str) -> None:
        self._due.pop(app_id, None)
        with contextlib.suppress(PaasError):
            apps.purge(self._services, app_id)
