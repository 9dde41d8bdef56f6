"""An engine of made-up processes: each does what its script says, until a test interferes."""

from __future__ import annotations

import itertools
import queue
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from paas.adapters.system_clock import SystemClock
from paas.domain.process import Process
from paas.errors import EngineUnavailable, NotFound, NotReady
from paas.ports.clock import Clock
from paas.ports.engine import EngineEvent, OutputLine, ProcessSpec, Session

_SIGTERM, _SIGKILL = 128 + 15, 128 + 9  # exit codes of what signals end


@dataclass(frozen=True)
class Script:
    """What a process does. As it stands: prints nothing, listens on its PORT, runs until it is stopped."""

    lines: tuple[str, ...] = ()  # printed at once
    exit_code: int | None = None  # ends by itself, right after its start
    echoes: bool = False  # prints what it reads, and ends with its input
    listens: bool = True  # False: never gets ready
    ignores_term: bool = False
    starts: bool = True  # False: the engine can't even start it


@dataclass
class _Container:
    process: Process
    script: Script
    tty: bool
    output: list[OutputLine] = field(default_factory=list)
    listener: socket.socket | None = None


class MemoryEngine:
    """Implements `Engine`. `scripts` are found by the process's arguments, joined; what isn't there gets `Script()`.

    A process with a PORT listens for real, on a loopback address of its own, so that probes need no fake.
    """

    def __init__(self, clock: Clock | None = None, scripts: Mapping[str, Script] | None = None) -> None:
        self.scripts = dict(scripts or {})
        self.down = False
        self._clock = clock or SystemClock()
        self._containers: dict[str, _Container] = {}
        self._changed = threading.Condition()
        self._listeners: list[queue.SimpleQueue[EngineEvent | None]] = []
        self._network = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250)}"
        self._hosts = itertools.cycle(range(1, 255))

    # --- what tests do to processes ------------------------------------------------------------------------------

    def crash(self, process_id: str, exit_code: int = 1, *, out_of_memory: bool = False) -> None:
        """The process ends by itself."""
        with self._changed:
            self._end(self._containers[process_id], exit_code, out_of_memory=out_of_memory)

    def print(self, process_id: str, text: str) -> None:
        """The process writes a line."""
        with self._changed:
            self._print(self._containers[process_id], text)

    def go_down(self) -> None:
        """From now on the engine doesn't answer (until `down` is set back); who listens to it is told."""
        self.down = True
        for listener in self._listeners:
            listener.put(None)

    # --- Engine --------------------------------------------------------------------------------------------------

    def start(self, spec: ProcessSpec) -> Process:
        return self._start(spec).process

    def open(self, spec: ProcessSpec) -> tuple[Process, Session]:
        container = self._start(spec)
        return container.process, _MemorySession(self, container)

    def list(self, app_id: str | None = None) -> Sequence[Process]:
        self._answer()
        with self._changed:
            return [c.process for c in self._containers.values() if app_id in (None, c.process.app_id)]

    def get(self, process_id: str) -> Process | None:
        self._answer()
        container = self._containers.get(process_id)
        return container.process if container else None

    def wait(self, process_id: str, timeout: float) -> int | None:
        self._answer()
        with self._changed:
            container = self._containers.get(process_id)
            if container is None:
                raise NotFound("process", process_id)
            self._changed.wait_for(lambda: not container.process.running, timeout)
            return container.process.exit_code

    def stop(self, process_id: str, grace: float, *, remove: bool = True) -> int | None:  # noqa: ARG002  (nobody waits)
        self._answer()
        with self._changed:
            container = self._containers.get(process_id)
            if container is None:
                return None
            self._end(container, _SIGKILL if container.script.ignores_term else _SIGTERM)
            if remove:
                del self._containers[process_id]
            return container.process.exit_code

    def output(
        self, process_id: str, *, tail: int | None = None, since: datetime | None = None, follow: bool = False
    ) -> Iterator[OutputLine]:
        self._answer()
        container = self._containers.get(process_id)
        if container is None:
            return
        with self._changed:
            shown = [line for line in container.output if since is None or line.at >= since]
            seen = len(container.output)
        yield from shown if tail is None else shown[len(shown) - min(tail, len(shown)) :]
        while follow:
            with self._changed:
                while len(container.output) == seen and container.process.running:
                    self._changed.wait()
                new, seen = container.output[seen:], len(container.output)
            if not new:
                return
            yield from new

    def events(self) -> Iterator[EngineEvent]:
        self._answer()
        listener: queue.SimpleQueue[EngineEvent | None] = queue.SimpleQueue()
        self._listeners.append(listener)
        return self._events(listener)

    def forget(self, app_id: str) -> None:
        self._answer()
        with self._changed:
            for container in [c for c in self._containers.values() if c.process.app_id == app_id]:
                self._end(container, _SIGKILL)
                del self._containers[container.process.id]

    # --- how ---------------------------------------------------------------------------------------------------

    def _answer(self) -> None:
        if self.down:
            raise EngineUnavailable("the engine is down")

    def _start(self, spec: ProcessSpec) -> _Container:
        self._answer()
        script = self.scripts.get(" ".join(spec.args), Script())
        if not script.starts:
            raise NotReady(f"{spec.type}.{spec.index}", "failed to start", "no such command", ())
        now = self._clock.now()
        process = Process(
            id=secrets.token_hex(32),
            app_id=spec.app_id,
            kind=spec.kind,
            type=spec.type,
            index=spec.index,
            release=spec.release,
            running=True,
            created_at=now,
            started_at=now,
            address=f"{self._network}.{next(self._hosts)}",
            crashes=spec.crashes,
            command=spec.command,
            restart=spec.restart,
        )
        container = _Container(process, script, spec.tty)
        with self._changed:
            self._containers[process.id] = container
            if script.listens and "PORT" in spec.env:
                container.listener = socket.create_server((str(process.address), int(spec.env["PORT"])))
            self._tell("start", process)
            for text in script.lines:
                self._print(container, text)
            if script.exit_code is not None:
                self._end(container, script.exit_code)
        return container

    def _print(self, container: _Container, text: str) -> None:
        container.output.append(OutputLine(self._clock.now(), text))
        self._changed.notify_all()

    def _end(self, container: _Container, exit_code: int, *, out_of_memory: bool = False) -> None:
        if not container.process.running:
            return
        if container.listener:
            container.listener.close()
        container.process = replace(
            container.process,
            running=False,
            finished_at=self._clock.now(),
            exit_code=exit_code,
            out_of_memory=out_of_memory,
            address=None,
        )
        self._changed.notify_all()
        if out_of_memory:
            self._tell("oom", container.process)
        self._tell("die", container.process)

    def _tell(self, action: str, process: Process) -> None:
        for listener in self._listeners:
            listener.put(EngineEvent(action, process.id, process.app_id, self._clock.now(), process.exit_code))

    def _events(self, listener: queue.SimpleQueue[EngineEvent | None]) -> Iterator[EngineEvent]:
        try:
            while (event := listener.get()) is not None:
                yield event
        finally:
            self._listeners.remove(listener)
        raise EngineUnavailable("the engine went down")


class _MemorySession:
    """Implements `Session`: gives what the process prints as bytes, line by line."""

    def __init__(self, engine: MemoryEngine, container: _Container) -> None:
        self._engine = engine
        self._container = container
        self._newline = b"\r\n" if container.tty else b"\n"
        self._lines = engine.output(container.process.id, follow=True)
        self._ready = b""

    def read(self, size: int) -> bytes:
        if not self._ready:
            line = next(self._lines, None)
            self._ready = line.text.encode() + self._newline if line else b""
        given, self._ready = self._ready[:size], self._ready[size:]
        return given

    def write(self, data: bytes) -> None:
        if not self._container.process.running:
            raise EngineUnavailable("the process has ended")
        if self._container.script.echoes:
            for line in data.decode().splitlines():
                self._engine.print(self._container.process.id, line)

    def close_input(self) -> None:
        if self._container.script.echoes:
            self._engine.crash(self._container.process.id, 0)

    def resize(self, rows: int, columns: int) -> None:
        """Made-up processes draw nothing."""

    def close(self) -> None:
        self._lines = iter(())
