"""Runs in the build container, alone with the standard library: starts what the lifecycle asks for, passes on what it prints.

One JSON object a line each way. In: `{"commands": [{"argv", "env", "cwd"}, …]}`, run at the same time. Out, with `i` the
command's place in the list: `{"i", "data"}` for output (bytes as Latin-1), `{"i", "code"}` once it has ended. It decides
nothing and is trusted with nothing: hostile code under the same user can do all that it can.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from typing import Any

CHUNK = 65536
PIPE_MAX = 1024 * 1024  # the most that a pipe can hold (/proc/sys/fs/pipe-max-size)


class Child:
    """One command under way."""

    def __init__(self, index: int, command: dict[str, Any]) -> None:
        """Raises `OSError` when it can't be started."""
        self.index = index
        self.process = subprocess.Popen(
            command["argv"],
            env=command["env"],
            cwd=command["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )
        assert self.process.stdout is not None
        self.pipe = self.process.stdout.fileno()
        os.set_blocking(self.pipe, False)
        self.pidfd = os.pidfd_open(self.process.pid)

    def forward(self) -> bool | None:
        """Passes on what is there. None when there is nothing now, False when there will be no more."""
        try:
            data = os.read(self.pipe, CHUNK)
        except BlockingIOError:
            return None
        if data:
            tell({"i": self.index, "data": data.decode("latin-1")})
        return bool(data)

    def finish(self) -> None:
        """Ends what it left in the background, so that the next one is alone; tells the exit code as a shell would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        for _ in range(PIPE_MAX // CHUNK):  # who left the process group may write without end
            if not self.forward():
                break
        tell({"i": self.index, "code": code if code >= 0 else 128 - code})
        os.close(self.pidfd)
        os.close(self.pipe)


def main() -> None:
    """Makes the home that commands will be told of, then serves requests until standard input ends."""
    os.umask(0o022)
    os.makedirs(sys.argv[1], mode=0o700, exist_ok=True)  # noqa: PTH103  (importing pathlib takes longer than all the rest)
    for line in sys.stdin.buffer:
        run(json.loads(line)["commands"])


def run(commands: list[dict[str, Any]]) -> None:
    """Runs all at the same time; returns when each has ended.

    Not the end of the output counts but the end of the process: something in the background may keep the pipe open.
    """
    selector = selectors.DefaultSelector()
    running = 0
    for index, command in enumerate(commands):
        try:
            child = Child(index, command)
        except OSError as error:
            tell({"i": index, "data": f"{error.filename}: {error.strerror}\n"})
            tell({"i": index, "code": 127 if isinstance(error, FileNotFoundError) else 126})  # a shell's codes for that
            continue
        running += 1
        selector.register(child.pidfd, selectors.EVENT_READ, child)
        selector.register(child.pipe, selectors.EVENT_READ, child)
    while running:
        ended = []
        for key, _ in selector.select():
            if key.fd == key.data.pidfd:
                ended.append(key.data)
            elif key.data.forward() is False:
                selector.unregister(key.fd)
        for child in ended:
            selector.unregister(child.pidfd)
            with contextlib.suppress(KeyError):  # its output ended before it did
                selector.unregister(child.pipe)
            child.finish()
            running -= 1
    selector.close()


def tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
