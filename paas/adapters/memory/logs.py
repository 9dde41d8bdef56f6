"""Logs and signals within one process."""

from __future__ import annotations

import itertools
import queue
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from paas.adapters.redis_logs import MAX_LINES, check_position, fits, split
from paas.ports.logs import LogLine


class MemoryAppLogs:
    """Implements `AppLogs`."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, deque[LogLine]] = defaultdict(lambda: deque(maxlen=MAX_LINES))
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()

    def append(self, app_id: str, lines: Sequence[LogLine]) -> None:
        with self._changed:
            for line in lines:
                for text in split(line.text):
                    self._lines[app_id].append(replace(line, text=text, id=f"{next(self._numbers)}-0"))
            self._changed.notify_all()

    def tail(self, app_id: str, count: int, *, source: str | None = None, process: str | None = None) -> list[LogLine]:
        wanted = [line for line in self._lines[app_id] if fits(line, source, process)]
        return wanted[-count:] if count > 0 else []

    def follow(self, app_id: str, after: str, *, heartbeat: float = 15.0) -> Iterator[LogLine | None]:
        if after == "$":
            after = self._lines[app_id][-1].id if self._lines[app_id] else ""
        return self._follow(app_id, int(check_position(after or "0").split("-")[0]), heartbeat)

    def drop(self, app_id: str) -> None:
        self._lines.pop(app_id, None)

    def _follow(self, app_id: str, seen: int, heartbeat: float) -> Iterator[LogLine | None]:
        while True:
            with self._changed:
                if not (new := self._after(app_id, seen)):
                    self._changed.wait(heartbeat)
                    new = self._after(app_id, seen)
            seen = _number(new[-1]) if new else seen
            yield from new or (None,)

    def _after(self, app_id: str, seen: int) -> list[LogLine]:
        return [line for line in self._lines[app_id] if _number(line) > seen]


class MemoryBuildLogs:
    """Implements `BuildLogs`."""

    def __init__(self) -> None:
        self._texts: defaultdict[str, bytes] = defaultdict(bytes)
        self._closed: set[str] = set()
        self._changed = threading.Condition()

    def append(self, build_id: str, text: str) -> None:
        with self._changed:
            self._texts[build_id] += text.encode("utf-8", "replace")
            self._changed.notify_all()

    def close(self, build_id: str) -> None:
        with self._changed:
            self._closed.add(build_id)
            self._changed.notify_all()

    def read(self, build_id: str) -> str:
        return self._texts[build_id].decode()

    def follow(self, build_id: str, offset: int = 0, *, heartbeat: float = 10.0) -> Iterator[str]:
        while True:
            with self._changed:
                if len(self._texts[build_id]) == offset and build_id not in self._closed:
                    self._changed.wait(heartbeat)
                new, ended = self._texts[build_id][offset:], build_id in self._closed
            offset += len(new)
            if new or not ended:
                yield new.decode("utf-8", "replace")
            if ended:
                return


class MemorySignals:
    """Implements `Signals`."""

    def __init__(self) -> None:
        self._listeners: list[tuple[str | None, queue.SimpleQueue[tuple[str, str]]]] = []

    def notify(self, app_id: str, what: str) -> None:
        for wanted, listener in self._listeners:
            if wanted in (None, app_id):
                listener.put((app_id, what))

    def listen(self, app_id: str | None, *, heartbeat: float = 15.0) -> Iterator[tuple[str, str] | None]:
        listener: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._listeners.append((app_id, listener))
        return self._listen(listener, heartbeat)

    def _listen(
        self, listener: queue.SimpleQueue[tuple[str, str]], heartbeat: float
    ) -> Iterator[tuple[str, str] | None]:
        while True:
            try:
                yield listener.get(timeout=heartbeat)
            except queue.Empty:
                yield None


def _number(line: LogLine) -> int:
    return int(line.id.split("-")[0])
