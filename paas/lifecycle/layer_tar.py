"""Layer tars, normalised: the same files give the same bytes, and so the same digest (CNB Platform API, *Export*)."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from paas.lifecycle.folder import Entry, Folder, TreeTooLarge, walk

EPOCH = 315532801  # 1980-01-01T00:00:01Z, the time stamp that all CNB tools use
OWNER = 1000  # the stack's user and group

_CHUNK = 1024 * 1024


class LayerTar:
    """Writes one layer. `limit` bounds its bytes: files may be sparse, and so larger than the disk."""

    def __init__(self, out: BinaryIO, limit: int) -> None:
        self._out = out
        self._left = limit

    def parents(self, path: str) -> None:
        """Root's folders above `path`: `layers`, `layers/paas_python`."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            self.folder("/".join(parts[:depth]), 0o755, 0)

    def folder(self, path: str, mode: int, owner: int) -> None:
        self._header(path, tarfile.DIRTYPE, mode, owner)

    def link(self, path: str, target: str, owner: int) -> None:
        self._header(path, tarfile.SYMTYPE, 0o777, owner, target=target)

    def file(self, path: str, content: bytes, mode: int, owner: int) -> None:
        self._header(path, tarfile.REGTYPE, mode, owner, size=len(content))
        self._write(content + bytes(-len(content) % tarfile.BLOCKSIZE))

    def tree(self, path: str, top: Path) -> None:
        """The folder `top` with all that is in it, as `path`. Sockets, FIFOs and devices are left out.

        Raises `TreeTooLarge`, `OSError`.
        """
        with Folder(top) as folder:
            self.folder(path, _mode(os.fstat(folder.fd)), OWNER)
            self.entries(path, walk(folder.fd))

    def entries(self, path: str, entries: Iterator[Entry]) -> None:
        """What a walk comes by, below `path`."""
        links: dict[tuple[int, int], str] = {}
        for entry in entries:
            name = f"{path}/{entry.path}"
            mode = entry.stat.st_mode
            if stat.S_ISDIR(mode):
                self.folder(name, _mode(entry.stat), OWNER)
            elif stat.S_ISLNK(mode):
                self.link(name, entry.target(), OWNER)
            elif stat.S_ISREG(mode):
                inode = (entry.stat.st_dev, entry.stat.st_ino)
                first = links.setdefault(inode, name) if entry.stat.st_nlink > 1 else name
                if first != name:
                    self._header(name, tarfile.LNKTYPE, _mode(entry.stat), OWNER, target=first)
                else:
                    self._copy(name, entry)

    def end(self) -> None:
        """The two empty blocks at the end of an archive."""
        self._write(bytes(2 * tarfile.BLOCKSIZE))

    def _copy(self, name: str, entry: Entry) -> None:
        fd = entry.open()
        try:
            size = os.fstat(fd).st_size
            self._header(name, tarfile.REGTYPE, _mode(entry.stat), OWNER, size=size)
            left = size
            while left:
                data = os.read(fd, min(left, _CHUNK))
                if not data:
                    raise OSError(f"{name} became shorter while it was read")
                self._write(data)
                left -= len(data)
            self._write(bytes(-size % tarfile.BLOCKSIZE))
        finally:
            os.close(fd)

    def _header(self, name: str, kind: bytes, mode: int, owner: int, *, size: int = 0, target: str = "") -> None:
        if size > self._left:
            raise TreeTooLarge(f"{name} is larger than what is left of the image's size")
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.size, info.linkname = kind, mode, size, target
        info.uid = info.gid = owner
        info.mtime = EPOCH
        # GNU's format takes names of any length and any bytes.
        self._write(info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))

    def _write(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise TreeTooLarge("the image is too large")
        self._out.write(data)


def _mode(status: os.stat_result) -> int:
    """Permissions without setuid, setgid and the sticky bit: no file of an app is to give anybody anything."""
    return status.st_mode & 0o777


class Hashing:
    """A file that is hashed while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def fingerprint(top: Path) -> str:
    """Changes whenever anything in the tree does, without reading it: names, kinds, modes, sizes, times, inodes.

    Times include the inode's change time, which no program can set back. Not the top folder's own: moving it changes that.
    """
    digest = hashlib.blake2b(digest_size=20)
    with Folder(top) as folder:
        for entry in walk(folder.fd):
            s = entry.stat
            digest.update(
                f"{entry.path!r} {s.st_mode} {s.st_size} {s.st_mtime_ns} {s.st_ctime_ns} {s.st_ino}\n".encode(
                    "utf-8", "surrogateescape"
                )
            )
    return digest.hexdigest()
