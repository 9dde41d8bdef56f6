"""Engine: what runs apps' processes. Docker today; everything is found by label, never by name or address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from paas.domain.process import Kind, Process


@dataclass(frozen=True)
class Limits:
    """Bytes of memory, processors, processes and threads."""

    memory: int
    cpus: float
    pids: int


@dataclass(frozen=True)
class ProcessSpec:
    """One container to start. A pure value: `docker_engine.container_config(spec)` is tested as a whole."""

    app_id: str
    app_name: str
    kind: Kind
    type: str
    index: int
    release: int
    image: str
    args: tuple[str, ...]  # for the entrypoint
    command: str  # what people read
    env: Mapping[str, str]
    limits: Limits
    crashes: int = 0
    restart: int = 0
    tty: bool = False
    stdin: bool = False
    entrypoint: tuple[str, ...] = ("/cnb/lifecycle/launcher",)


@dataclass(frozen=True)
class OutputLine:
    """One line a process wrote, without its newline."""

    at: datetime
    text: str
    stream: str = "stdout"


@dataclass(frozen=True)
class EngineEvent:
    """A process of ours started or ended (`start`, `die`, `oom`)."""

    action: str
    process_id: str
    app_id: str
    at: datetime
    exit_code: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


class Session(Protocol):
    """The open streams of a one-off process (`run`): bytes both ways."""

    def read(self, size: int) -> bytes:
        """What the process wrote next; empty at its end."""

    def write(self, data: bytes) -> None:
        """To the process's standard input."""

    def close_input(self) -> None:
        """End of file on standard input."""

    def resize(self, rows: int, columns: int) -> None:
        """The terminal's new size; ignored without a TTY."""

    def close(self) -> None:
        """Lets go of the streams; the process goes on."""


class Engine(Protocol):
    """Starts, lists and stops processes. Every method raises `EngineUnavailable` when the engine does not answer."""

    def start(self, spec: ProcessSpec) -> Process:
        """Creates the app's network if needed, creates and starts the container; returns it with its address.

        It runs, unless it ended within the first milliseconds. Raises `NotReady` (cause "failed to start") when the image
        or command can't be started; nothing is left behind.
        """

    def open(self, spec: ProcessSpec) -> tuple[Process, Session]:
        """Like `start`, attached before the first byte is written: nothing the process prints is lost."""

    def list(self, app_id: str | None = None) -> Sequence[Process]:
        """All containers of the instance (of one app), running or not, in order of creation."""

    def get(self, process_id: str) -> Process | None:
        """The container as it is now, or None if it is gone."""

    def wait(self, process_id: str, timeout: float) -> int | None:
        """The exit code once it ends, or None after `timeout` seconds. Raises `NotFound` when it is gone."""

    def stop(self, process_id: str, grace: float, *, remove: bool = True) -> int | None:
        """SIGTERM, up to `grace` seconds, SIGKILL, remove (or leave it there, exited). Idempotent. The exit code, if it was there."""

    def output(
        self, process_id: str, *, tail: int | None = None, since: datetime | None = None, follow: bool = False
    ) -> Iterator[OutputLine]:
        """What the process wrote (at or after `since`). With `follow` it ends when the process does. Nothing if it is gone."""

    def events(self) -> Iterator[EngineEvent]:
        """From now on, without end; raises `EngineUnavailable` when the engine goes away."""

    def forget(self, app_id: str) -> None:
        """Removes all containers and the network of a deleted app. Idempotent."""
