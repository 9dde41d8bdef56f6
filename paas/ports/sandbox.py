"""Sandbox: a throw-away container in which a build's hostile code runs, spoken to over its standard input and output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from paas.ports.engine import Limits


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine, at `target` in the sandbox. Read-only unless told otherwise."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class SandboxSpec:
    """What to start. Non-root, without capabilities or ways to gain any, without the engine's socket."""

    build_id: str
    app_id: str
    app_name: str
    image: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    mounts: tuple[Mount, ...]
    limits: Limits


@dataclass(frozen=True)
class Ending:
    """How a sandbox ended: whether anything in it was killed for want of memory, and the last of its standard error."""

    out_of_memory: bool = False
    errors: str = ""


class SandboxSession(Protocol):
    """A running sandbox. What it says is hostile. Methods raise `EngineUnavailable` when the engine does not answer."""

    def send(self, data: bytes) -> None:
        """To the command's standard input. Lost without an error if nobody reads any more: `receive` tells the end."""

    def receive(self, timeout: float) -> bytes | None:
        """What the command wrote to standard output next; None when nothing came in `timeout` seconds; empty at its end."""

    def stop(self) -> None:
        """Kills everything in it. When this returns nothing of it runs any more, and the mounts are still. Idempotent."""

    def ending(self) -> Ending:
        """Stops it, and tells how it ended."""

    def close(self) -> None:
        """Stops it, and waits until it is removed. Idempotent."""


class Sandbox(Protocol):
    """Starts sandboxes."""

    def start(self, spec: SandboxSpec) -> SandboxSession:
        """A running one, attached before its first byte. Raises `EngineUnavailable`, and `PlatformFault` when the image is missing.

        Nothing is left behind when it raises."""

    def discard(self, build_id: str) -> None:
        """Kills and removes whatever sandboxes of that build there are, whoever started them. Idempotent."""
