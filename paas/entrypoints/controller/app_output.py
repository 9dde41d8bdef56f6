"""Follows what every process prints and puts it into its app's log."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import defaultdict
from datetime import datetime, timedelta

from paas.bootstrap import Services
from paas.domain.process import Process
from paas.errors import PaasError
from paas.ports.logs import LogLine

_BUFFERED = 20_000  # lines; what a flood puts on top is counted and dropped (Heroku's L10)
_POLL = 5.0  # seconds between two looks for processes whose start was missed


class AppOutput:
    """A thread per running process reads; one writes, batched by app. Where to go on after a restart is read off the log."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lines: queue.Queue[tuple[str, LogLine]] = queue.Queue(_BUFFERED)
        self._followed: set[str] = set()
        self._dropped: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def follow_new(self) -> None:
        """Follows all that runs, then whatever starts."""
        wake = threading.Event()
        threading.Thread(target=self._wake_on_start, args=(wake,), name="engine starts", daemon=True).start()
        while True:
            wake.clear()
            listed = self._services.engine.list()
            with self._lock:
                self._followed &= {process.id for process in listed}
            for process in listed:
                with self._lock:
                    if process.id in self._followed:
                        continue
                    self._followed.add(process.id)
                threading.Thread(target=self._follow, args=(process,), name=process.name, daemon=True).start()
            wake.wait(_POLL)

    def write_forever(self) -> None:
        """Writes what was read, as it comes, at most 20 times a second."""
        while True:
            batch: dict[str, list[LogLine]] = defaultdict(list)
            app_id, line = self._lines.get()
            batch[app_id].append(line)
            with contextlib.suppress(queue.Empty):
                for _ in range(2_000):
                    app_id, line = self._lines.get_nowait()
                    batch[app_id].append(line)
            for app_id, lines in batch.items():
                dropped = self._dropped.pop(app_id, 0)
                if dropped:
                    text = f"Error L10 (output buffer overflow): {dropped} messages dropped"
                    lines.append(LogLine(self._services.clock.now(), "heroku", "logplex", text))
                self._services.app_logs.append(app_id, lines)
            time.sleep(0.05)

    def _wake_on_start(self, wake: threading.Event) -> None:
        with contextlib.suppress(PaasError):
            for event in self._services.engine.events():
                if event.action == "start":
                    wake.set()

    def _follow(self, process: Process) -> None:
        try:
            for line in self._services.engine.output(process.id, since=self._last(process), follow=True):
                self._put(process.app_id, LogLine(line.at, "app", process.name, line.text))
        except PaasError:
            with self._lock:
                self._followed.discard(process.id)  # followed again at the next look, if it is still there

    def _put(self, app_id: str, line: LogLine) -> None:
        try:
            self._lines.put_nowait((app_id, line))
        except queue.Full:
            self._dropped[app_id] += 1

    def _last(self, process: Process) -> datetime | None:
        """Just after the newest line of this process that the log has."""
        lines = self._services.app_logs.tail(process.app_id, 1, source="app", process=process.name)
        if not lines or lines[0].at < process.created_at:
            return None
        return lines[0].at + timedelta(microseconds=1)
