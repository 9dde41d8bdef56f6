"""Folders that hostile code has written to: read below their descriptors, so that no link leads anywhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

MAX_DEPTH = 100  # levels; each holds a descriptor open while it is walked
MAX_ENTRIES = 500_000  # files and folders of one tree

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # non-blocking: a FIFO must not stop us
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


class TreeTooLarge(Exception):
    """A tree with more levels or entries than we walk, or a file larger than we read."""


class Folder:
    """An open directory. Names are single components; everything that isn't a plain file or folder is as if it weren't there."""

    def __init__(self, path: Path | str, *, inside: int | None = None) -> None:
        """Raises `OSError`, for a link too."""
        self.fd = os.open(path, _FOLDER, dir_fd=inside)

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.fd)

    def names(self) -> list[str]:
        """All names, sorted. Raises `TreeTooLarge`."""
        names = []
        with os.scandir(self.fd) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) > MAX_ENTRIES:
                    raise TreeTooLarge(f"more than {MAX_ENTRIES} files in one folder")
        return sorted(names)

    def is_folder(self, name: str) -> bool:
        return self._has(name, stat.S_IFDIR)

    def is_file(self, name: str) -> bool:
        return self._has(name, stat.S_IFREG)

    def folder(self, name: str) -> Folder:
        """A folder in it. Raises `OSError` if it isn't one."""
        return Folder(name, inside=self.fd)

    def read(self, name: str, limit: int) -> bytes | None:
        """The content of a plain file; None if there is none. Raises `TreeTooLarge` if it is longer than `limit`."""
        try:
            fd = os.open(name, _FILE, dir_fd=self.fd)
        except OSError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            with os.fdopen(fd, "rb", closefd=False) as file:
                content = file.read(limit + 1)
        finally:
            os.close(fd)
        if len(content) > limit:
            raise TreeTooLarge(f"{name} is larger than {limit} bytes")
        return content

    def files(self, name: str, limit: int) -> dict[str, bytes]:
        """The plain files of a folder in it, by name, in order; empty if there is no such folder."""
        if not self.is_folder(name):
            return {}
        with self.folder(name) as inner:
            found = ((each, inner.read(each, limit)) for each in inner.names())
            return {each: content for each, content in found if content is not None}

    def _has(self, name: str, kind: int) -> bool:
        try:
            return stat.S_IFMT(os.stat(name, dir_fd=self.fd, follow_symlinks=False).st_mode) == kind
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a tree. `path` is relative to the tree's top; `parent` is the open folder that holds it, for as long as
    the walk stands at this entry."""

    path: str
    name: str
    parent: int
    stat: os.stat_result

    def open(self) -> int:
        """A descriptor of a plain file. Raises `OSError` when it is not what it was."""
        return os.open(self.name, _FILE, dir_fd=self.parent)

    def target(self) -> str:
        """Where a link points to."""
        return os.readlink(self.name, dir_fd=self.parent)


def walk(top: int) -> Iterator[Entry]:
    """All below the open directory `top`, each folder before its content, names in order, no link followed.

    Raises `TreeTooLarge`.
    """
    count = 0
    # One level: its descriptor, the path of it, and what of it is still to come.
    levels: list[tuple[int, str, Iterator[tuple[str, os.stat_result]]]] = [(top, "", _list(top))]
    try:
        while levels:
            fd, path, rest = levels[-1]
            name, status = next(rest, ("", None))
            if status is None:
                levels.pop()
                if levels:
                    os.close(fd)
                continue
            count += 1
            if count > MAX_ENTRIES:
                raise TreeTooLarge(f"more than {MAX_ENTRIES} files")
            entry = Entry(f"{path}{name}", name, fd, status)
            yield entry
            if stat.S_ISDIR(status.st_mode):
                if len(levels) > MAX_DEPTH:
                    raise TreeTooLarge(f"folders nested more than {MAX_DEPTH} deep")
                inner = os.open(name, _FOLDER, dir_fd=fd)
                levels.append((inner, f"{entry.path}/", _list(inner)))
    finally:
        for fd, _, _ in levels[1:]:
            os.close(fd)


def _list(fd: int) -> Iterator[tuple[str, os.stat_result]]:
    found = []
    with os.scandir(fd) as entries:
        for entry in entries:
            found.append((entry.name, entry.stat(follow_symlinks=False)))
            if len(found) > MAX_ENTRIES:
                raise TreeTooLarge(f"more than {MAX_ENTRIES} files in one folder")
    return iter(sorted(found))
