"""Progress of a command with numbered steps: which one, what it does, how long it took."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from paas.errors import SetupFailed

TAIL_LINES = 25  # of a failed program's output: enough for pip's and apt's own explanation


class Progress:
    """Prints `[2/9] Python packages … 12.3 s`; details a step tells meanwhile come indented below its title."""

    def __init__(self, total: int, done: int = 0, out: TextIO = sys.stdout) -> None:
        self._total = total
        self._number = done
        self._out = out
        self._is_line_open = False

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step; its time is told when the block ends well."""
        self._number += 1
        self._write(f"[{self._number}/{self._total}] {title} …")
        self._is_line_open = True
        start = time.monotonic()
        try:
            yield
        except BaseException:
            self._end_line()
            raise
        seconds = f"{time.monotonic() - start:.1f} s\n"
        self._write(f" {seconds}" if self._is_line_open else f"      done in {seconds}")
        self._is_line_open = False

    def say(self, text: str) -> None:
        """Details: one or more lines, with or without the last newline."""
        self._end_line()
        for line in text.rstrip("\n").splitlines():
            self._write(f"      {line}\n")

    def _end_line(self) -> None:
        if self._is_line_open:
            self._write("\n")
            self._is_line_open = False

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def run(argv: Sequence[str | Path], *, what: str, advice: str, cwd: Path | None = None) -> str:
    """Runs a program to its end and returns what it printed. Raises `SetupFailed` with its last lines."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", cwd=cwd, check=False,
        )  # fmt: skip
    except FileNotFoundError as exc:
        raise SetupFailed(what, f"{argv[0]} is not installed. {advice}") from exc
    if done.returncode != 0:
        raise SetupFailed(what, advice, tuple(done.stdout.splitlines()[-TAIL_LINES:]))
    return done.stdout
