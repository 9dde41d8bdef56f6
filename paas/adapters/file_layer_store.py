"""The layer store as a folder of files, `<SHA-256>.tar`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from paas.errors import PlatformFault

_DIFF_ID = re.compile(r"sha256:([0-9a-f]{64})")
_GRACE = 3600.0  # seconds


class FileLayerStore:
    """Implements `LayerStore`. Any number of processes may use the folder at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, tar: Path, diff_id: str) -> None:
        kept = self._path(diff_id)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tar.open("rb") as file:
            os.fsync(file.fileno())  # a name that tells the content must never stand on less than that
        os.utime(tar)
        tar.replace(kept)

    def find(self, diff_id: str) -> Path | None:
        path = self._path(diff_id)
        return path if path.is_file() else None

    def collect(self, keep: Callable[[], Collection[str]]) -> int:
        # Listed before `keep` is asked, so that what is added and referred to meanwhile is not in the list.
        before = time.time() - _GRACE
        old = [path for path in self._folder.glob("*.tar") if _modified(path) < before]
        kept = {self._path(diff_id) for diff_id in keep()} if old else set()
        unused = [path for path in old if path not in kept]
        for path in unused:
            path.unlink(missing_ok=True)
        return len(unused)

    def _path(self, diff_id: str) -> Path:
        match = _DIFF_ID.fullmatch(diff_id)
        if not match:
            raise PlatformFault(f"{diff_id!r} is no layer's digest")
        return self._folder / f"{match[1]}.tar"


def _modified(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return time.time()
