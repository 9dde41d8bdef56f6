"""HAProxy's runtime API: commands over its unix sockets (management guide, section 9.3)."""

from __future__ import annotations

import csv
import io
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paas.errors import RouterUnavailable

_PROMPT = b"\n> "
# HAProxy reads commands into one buffer of 16 KB, and we read nothing while we write.
_BATCH = 50
_DONE = re.compile(r"(New server registered\.|Server deleted\.|(no need to change the addr|IP changed from).*)?")


@dataclass(frozen=True)
class LiveServer:
    """A server as HAProxy has it now. `seconds` since its state last changed."""

    backend: str
    name: str
    address: str
    status: str
    sessions: int
    connections: int
    seconds: int

    @property
    def is_in_maintenance(self) -> bool:
        return self.status.startswith("MAINT")

    @property
    def is_up(self) -> bool:
        return self.status.startswith("UP")

    @property
    def is_draining(self) -> bool:
        return self.status.startswith("DRAIN")


class RuntimeAPI:
    """One instance a socket; one connection a call. Raises `RouterUnavailable` when HAProxy does not answer or refuses."""

    def __init__(self, path: Path, timeout: float = 10.0) -> None:
        self._path = path
        self._timeout = timeout

    def run(self, commands: Sequence[str], *, patience: float = 0.0) -> list[str]:
        """The answer to each command, in order, over one connection.

        With `patience` it waits up to that many seconds for a HAProxy that is just being started.
        """
        answers: list[str] = []
        if not commands:
            return answers
        with self._connect(patience) as connection:
            try:
                reader = _Prompts(connection)
                connection.sendall(b"prompt\n")
                reader.next()
                for start in range(0, len(commands), _BATCH):
                    batch = commands[start : start + _BATCH]
                    connection.sendall("".join(f"{command}\n" for command in batch).encode())
                    answers += [reader.next() for _ in batch]
            except OSError as exc:
                raise RouterUnavailable(f"{self._path}: {exc or 'timed out'}") from exc
        return answers

    def change(self, commands: Sequence[str]) -> None:
        """Runs commands that answer nothing or that they did it; anything else is a refusal."""
        for command, answer in zip(commands, self.run(commands), strict=True):
            if not _DONE.fullmatch(answer):
                raise RouterUnavailable(f"HAProxy refused {command.splitlines()[0]!r}: {answer}")

    def once(self, command: str, *, patience: float = 0.0) -> str:
        """The answer to one command with a payload, or for the master, which knows no prompt inside of another."""
        with self._connect(patience) as connection:
            try:
                connection.sendall(command.encode() + b"\n")
                connection.shutdown(socket.SHUT_WR)
                received = bytearray()
                while chunk := connection.recv(65536):
                    received += chunk
            except OSError as exc:
                raise RouterUnavailable(f"{self._path}: {exc or 'timed out'}") from exc
        return received.decode(errors="replace").strip()

    def _connect(self, patience: float) -> socket.socket:
        deadline = time.monotonic() + patience
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self._timeout)
            try:
                connection.connect(str(self._path))
            except OSError as exc:
                connection.close()
                if time.monotonic() >= deadline:
                    raise RouterUnavailable(f"{self._path}: {exc}") from exc
                time.sleep(0.05)
            else:
                return connection


class _Prompts:
    """Cuts what HAProxy writes in interactive mode at its prompts."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = bytearray(b"\n")  # the first prompt stands at the start of a line, too

    def next(self) -> str:
        while (end := self._received.find(_PROMPT)) < 0:
            chunk = self._connection.recv(65536)
            if not chunk:
                raise ConnectionResetError("closed before the answer was complete")
            self._received += chunk
        answer = bytes(self._received[:end]).decode(errors="replace").strip()
        del self._received[: end + len(_PROMPT) - 1]
        self._received[:1] = b"\n"
        return answer


def read_servers(stat: str) -> list[LiveServer]:
    """The servers in the answer to `show stat … 4 -1` (section 9.1: CSV format)."""
    rows = csv.DictReader(io.StringIO(stat.removeprefix("# ")))
    return [
        LiveServer(
            backend=row["pxname"],
            name=row["svname"],
            address=row["addr"],
            status=row["status"],
            sessions=int(row["scur"] or 0) + int(row["qcur"] or 0),
            connections=int(row["used_conn_cur"] or 0) + int(row["idle_conn_cur"] or 0),
            seconds=int(row["lastchg"] or 0),
        )
        for row in rows
        if row.get("svname")
    ]


def read_map(dump: str) -> dict[str, str]:
    """Key → value in the answer to `show map …` (each line: address, key, value)."""
    return {key: value for _, key, value in (line.split(" ", 2) for line in dump.splitlines() if line)}


def map_changes(path: Path, have: dict[str, str], want: dict[str, str]) -> list[str]:
    """The commands that make a map what it should be; what is new comes before what goes."""
    changes = [f"set map {path} {key} {value}" for key, value in want.items() if have.get(key, value) != value]
    changes += [f"add map {path} {key} {value}" for key, value in want.items() if key not in have]
    return changes + [f"del map {path} {key}" for key in have if key not in want]
