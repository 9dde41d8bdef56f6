"""Build logs as files: `<builds>/<id>/log.txt`, and `.closed` beside it once nothing more will come."""

from __future__ import annotations

import codecs
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from paas.errors import Invalid

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_PAUSE = 0.015  # seconds between two looks at a file that doesn't grow: not felt, and a thousandth of a processor
_CHUNK = 65536


class FileBuildLogs:
    """Implements `BuildLogs`. Several processes may write to one log: each `append` lands as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, build_id: str, text: str) -> None:
        path = self._log(build_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            file.write(text.encode("utf-8", "replace"))

    def close(self, build_id: str) -> None:
        path = self._log(build_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        _closed(path).touch()

    def read(self, build_id: str) -> str:
        try:
            return self._log(build_id).read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def follow(self, build_id: str, offset: int = 0, *, heartbeat: float = 10.0) -> Iterator[str]:
        """Waits for a log that doesn't exist yet; ends when the folder of a deleted app is removed."""
        path = self._log(build_id)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        fd: int | None = None
        quiet_since = time.monotonic()
        try:
            while True:
                # Asked before reading: what was written before the log was closed is then never missed.
                at_end = _closed(path).exists() or (fd is not None and os.fstat(fd).st_nlink == 0)
                fd = _open(path) if fd is None else fd
                while fd is not None and (data := os.pread(fd, _CHUNK, offset)):
                    offset += len(data)
                    yield decoder.decode(data)
                    quiet_since = time.monotonic()
                if at_end:
                    return
                if time.monotonic() - quiet_since >= heartbeat:
                    yield ""
                    quiet_since = time.monotonic()
                time.sleep(_PAUSE)
        finally:
            if fd is not None:
                os.close(fd)

    def _log(self, build_id: str) -> Path:
        if not _ID.fullmatch(build_id):
            raise Invalid("build", build_id, "is not the id of a build")
        return self._folder / build_id / "log.txt"


def _closed(path: Path) -> Path:
    return path.with_name(".closed")


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
