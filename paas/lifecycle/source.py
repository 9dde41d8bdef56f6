"""Source: unpacks the archive of a push into the folder that becomes /app. The archive is hostile."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import NoReturn

from paas.errors import InvalidSource
from paas.lifecycle.folder import MAX_DEPTH
from paas.lifecycle.ignore import Patterns, remove_ignored
from paas.lifecycle.layer_tar import OWNER
from paas.lifecycle.tar_reader import Kind, Member, TarReader

APP = "/app"  # where the tree is in containers

_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_IGNORE = 256 * 1024
# What the file system says of members that don't go together, or can't be.
_REFUSED = {
    errno.EEXIST: "is in the archive twice, or once as a file and once as a folder",
    errno.ENOTDIR: "lies below something that is no folder, or below a link",
    errno.ELOOP: "lies below a link",
    errno.ENOENT: "is a link to what is not in the archive, or not before it",
    errno.ENAMETOOLONG: "has a name that is too long",
    errno.EMLINK: "is one link too many to the same file",
}


def unpack(archive: Path, into: Path, limit: int) -> None:
    """Unpacks a tar (plain or gzip) into the empty folder `into`, as the build's user; `limit` in bytes, unpacked.

    Permissions become git's (755 for executables and folders, else 644), so that the same tree gives the same image, whoever
    packed it. `.git` is left out, and what `.slugignore` lists (Heroku's article *Slug Compiler*). Raises `InvalidSource`
    for what leaves the tree or isn't a file, folder or link; `into` is to be thrown away then.
    """
    with TarReader(archive, limit) as members, _Tree(into) as tree:
        for member in members:
            parts = _parts(member)
            if not parts or parts[0] == ".git":
                continue
            try:
                _add(tree, member, parts, members)
            except OSError as exc:
                if exc.errno not in _REFUSED:
                    raise
                raise InvalidSource("archive member", member.name, _REFUSED[exc.errno]) from exc
    ignore = into / ".slugignore"
    if ignore.is_file() and not ignore.is_symlink():
        with ignore.open("rb") as file:
            remove_ignored(into, Patterns.parse(file.read(_MAX_IGNORE).decode("utf-8", "replace")))


def _add(tree: _Tree, member: Member, parts: tuple[str, ...], archive: TarReader) -> None:
    match member.kind:
        case Kind.FOLDER:
            tree.folder(parts)
        case Kind.FILE:
            fd = tree.create(parts, 0o755 if member.executable else 0o644)
            with os.fdopen(fd, "wb") as file:
                for piece in archive.content(member):
                    file.write(piece)
        case Kind.SYMLINK:
            _check_target(member, parts)
            tree.symlink(parts, member.target)
        case Kind.HARD_LINK:
            target = PurePosixPath(member.target).parts
            if not target or target[0] == "/" or ".." in target:
                _refuse(member, f"is a link to {member.target!r}, which is outside the tree")
            tree.hard_link(parts, target)


def _parts(member: Member) -> tuple[str, ...]:
    """The components of the name; none for the tree's top itself."""
    if "\0" in member.name:
        _refuse(member, "has a NUL byte in its name")
    if member.name.startswith("/"):
        _refuse(member, "has an absolute path")
    parts = PurePosixPath(member.name).parts
    if ".." in parts:
        _refuse(member, "leads out of the tree with '..'")
    if len(parts) > MAX_DEPTH:
        _refuse(member, f"lies more than {MAX_DEPTH} folders deep")
    return parts


def _check_target(member: Member, parts: tuple[str, ...]) -> None:
    """By the names alone: links that lead to other links may still leave the tree. That reaches no further than the container
    that follows them, as nothing outside of one ever does."""
    if not member.target or "\0" in member.target:
        _refuse(member, "is a link to nowhere")
    target = os.path.normpath(os.path.join(APP, *parts[:-1], member.target))  # noqa: PTH118  (pathlib keeps '..')
    if target != APP and not target.startswith(f"{APP}/"):
        _refuse(member, f"is a link to {member.target!r}, which is outside the tree")


def _refuse(member: Member, reason: str) -> NoReturn:
    raise InvalidSource("archive member", member.name, reason)


class _Tree:
    """Creates things below a folder, walking down by descriptors: no link is followed, nothing that exists is replaced."""

    def __init__(self, top: Path) -> None:
        self._top = os.open(top, _FOLDER)
        self._here: tuple[tuple[str, ...], int] = ((), self._top)  # the folder that was needed last

    def __enter__(self) -> _Tree:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        os.close(self._top)

    def folder(self, parts: tuple[str, ...]) -> int:
        """A descriptor of the folder, made with its parents if it isn't there. Valid until the next call."""
        if parts == self._here[0]:
            return self._here[1]
        fd = os.dup(self._top)
        for part in parts:
            try:
                os.mkdir(part, 0o755, dir_fd=fd)
                made = True
            except FileExistsError:
                made = False
            try:
                inner = os.open(part, _FOLDER, dir_fd=fd)
            finally:
                os.close(fd)
            fd = inner
            if made:
                _own(fd, 0o755)
        self._leave()
        self._here = (parts, fd)
        return fd

    def create(self, parts: tuple[str, ...], mode: int) -> int:
        """A descriptor of the new file, open for writing."""
        fd = os.open(parts[-1], _NEW_FILE, mode, dir_fd=self.folder(parts[:-1]))
        _own(fd, mode)
        return fd

    def symlink(self, parts: tuple[str, ...], target: str) -> None:
        folder = self.folder(parts[:-1])
        os.symlink(target, parts[-1], dir_fd=folder)
        if os.geteuid() == 0:
            os.chown(parts[-1], OWNER, OWNER, dir_fd=folder, follow_symlinks=False)

    def hard_link(self, parts: tuple[str, ...], target: tuple[str, ...]) -> None:
        source = os.dup(self.folder(target[:-1]))
        try:
            if not stat.S_ISREG(os.stat(target[-1], dir_fd=source, follow_symlinks=False).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "not a file")
            os.link(target[-1], parts[-1], src_dir_fd=source, dst_dir_fd=self.folder(parts[:-1]), follow_symlinks=False)
        finally:
            os.close(source)

    def _leave(self) -> None:
        if self._here[0]:
            os.close(self._here[1])
        self._here = ((), self._top)


def _own(fd: int, mode: int) -> None:
    """Gives a new file or folder to the build's user. Without root, we are that user."""
    os.fchmod(fd, mode)
    if os.geteuid() == 0:
        os.fchown(fd, OWNER, OWNER)
