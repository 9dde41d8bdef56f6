"""Runs commands in the build container: the trusted end of `agent.py`'s protocol. Whatever the other end says is hostile."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from paas.ports.sandbox import SandboxSession

_TICK = 0.25  # seconds between two looks at the clock and at whether the build was cancelled
_MAX_MESSAGE = 1024 * 1024  # the agent's longest is 64 KiB of output with each byte escaped


@dataclass(frozen=True)
class Command:
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str = "/app"


class SandboxLost(Exception):
    """The agent ended, or spoke nonsense: killed for want of memory, or meddled with by what it runs."""


class Runner:
    """Sends batches of commands and reads what becomes of them. `check` is called often and raises to end it all."""

    def __init__(self, session: SandboxSession, check: Callable[[], None]) -> None:
        self._session = session
        self._check = check
        self._pending = bytearray()

    def run(self, commands: Sequence[Command], output: Callable[[int, bytes], None]) -> list[int]:
        """The exit codes, once all have ended; `output` gets (place in the list, bytes) as they come.

        Raises `SandboxLost`, what `check` raises, and the session's errors.
        """
        request = {"commands": [asdict(c) for c in commands]}
        self._session.send(json.dumps(request).encode() + b"\n")
        codes: dict[int, int] = {}
        while len(codes) < len(commands):
            index, data, code = _parse(self._next_line(), len(commands))
            if data:
                output(index, data)
            if code is not None:
                codes[index] = code
        return [codes[i] for i in range(len(commands))]

    def _next_line(self) -> bytes:
        searched = 0
        while True:
            end = self._pending.find(b"\n", searched)
            if end >= 0:
                line = bytes(self._pending[:end])
                del self._pending[: end + 1]
                return line
            if len(self._pending) > _MAX_MESSAGE:
                raise SandboxLost("a message without end")
            searched = len(self._pending)
            self._check()
            data = self._session.receive(_TICK)
            if data == b"":
                raise SandboxLost("the build container ended by itself")
            self._pending += data or b""


def _parse(line: bytes, count: int) -> tuple[int, bytes, int | None]:
    """(index, output, exit code or None). Raises `SandboxLost` for anything else."""
    try:
        message: Any = json.loads(line)
        index, code = message["i"], message.get("code")
        data = message.get("data", "").encode("latin-1")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise SandboxLost("a message that the agent does not send") from exc
    if type(index) is not int or not 0 <= index < count or not (code is None or type(code) is int):
        raise SandboxLost("a message that the agent does not send")
    return index, data, code
