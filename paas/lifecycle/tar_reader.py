"""Reads tar archives that strangers made: one pass, bounded memory, nothing guessed (POSIX pax; GNU long names)."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn

from paas.errors import InvalidSource

_BLOCK = tarfile.BLOCKSIZE
_MAX_EXTENSION = 64 * 1024  # bytes of one extended header: names and link targets are at most 4 KiB each
_MAX_MEMBERS = 250_000
_CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b"

_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_PAX = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_GNU_LONG = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}


class Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARD_LINK = "hard link"


@dataclass(frozen=True)
class Member:
    """One member, as the archive has it: nothing about its name or target has been checked."""

    name: str
    kind: Kind
    executable: bool
    size: int
    target: str


class TarReader:
    """Iterates over the members; `content` must be asked for, if at all, before the next one. Raises `InvalidSource`."""

    def __init__(self, path: Path, limit: int) -> None:
        """`limit` bounds the bytes of the archive, decompressed."""
        self._raw = path.open("rb")
        compressed = self._raw.read(2) == _GZIP
        self._raw.seek(0)
        self._stream: BinaryIO = gzip.GzipFile(fileobj=self._raw) if compressed else self._raw  # type: ignore[assignment]
        self._limit = limit
        self._read_so_far = 0
        self._to_skip = 0  # what is left of the member at hand, with its padding

    def __enter__(self) -> TarReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    def __iter__(self) -> Iterator[Member]:
        extended: dict[str, str] = {}
        for _ in range(_MAX_MEMBERS):
            self._skip()
            header = self._header()
            if header is None:
                return
            if header.type in _PAX:
                records = _pax_records(self._extension(header))
                if header.type != tarfile.XGLTYPE:  # global ones only carry git's commit, or nothing that we look at
                    extended |= records
                continue
            if header.type in _GNU_LONG:
                extended[_GNU_LONG[header.type]] = (
                    self._extension(header).split(b"\0")[0].decode("utf-8", "surrogateescape")
                )
                continue
            member = _member(header, extended)
            extended = {}
            self._to_skip = _padded(member.size)
            yield member
        _refuse("", f"has more than {_MAX_MEMBERS} members")

    def content(self, member: Member) -> Iterator[bytes]:
        """The bytes of the member at hand, a piece at a time."""
        left = member.size
        while left:
            piece = self._read(min(left, _CHUNK))
            left -= len(piece)
            self._to_skip -= len(piece)
            yield piece

    def _header(self) -> tarfile.TarInfo | None:
        """None at the archive's end."""
        block = self._read(_BLOCK)
        if block == bytes(_BLOCK):
            return None
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.TarError as exc:
            raise InvalidSource("archive", "", f"is not a tar archive, or is damaged ({exc})") from exc
        if header.size < 0:
            _refuse(header.name, "has a negative size")
        return header

    def _extension(self, header: tarfile.TarInfo) -> bytes:
        if header.size > _MAX_EXTENSION:
            _refuse("", "has an extended header that is too long")
        return self._read(_padded(header.size))[: header.size]

    def _skip(self) -> None:
        while self._to_skip:
            self._to_skip -= len(self._read(min(self._to_skip, _CHUNK)))

    def _read(self, size: int) -> bytes:
        """Exactly that many bytes."""
        self._read_so_far += size
        if self._read_so_far > self._limit:
            _refuse("", f"is larger than {self._limit} bytes unpacked")
        try:
            data = self._stream.read(size)
        except (OSError, EOFError, zlib.error) as exc:
            raise InvalidSource("archive", "", f"can't be decompressed ({exc})") from exc
        if len(data) < size:
            _refuse("", "ends too early: it was cut short, or is empty")
        return data


def _member(header: tarfile.TarInfo, extended: dict[str, str]) -> Member:
    name = extended.get("path", header.name)
    if any(key.startswith("GNU.sparse") for key in extended) or header.type == tarfile.GNUTYPE_SPARSE:
        _refuse(name, "is stored as a sparse file, which only GNU tar writes (leave out --sparse)")
    if header.type in _FILES:
        kind = Kind.FILE
    elif header.type == tarfile.DIRTYPE:
        kind = Kind.FOLDER
    elif header.type == tarfile.SYMTYPE:
        kind = Kind.SYMLINK
    elif header.type == tarfile.LNKTYPE:
        kind = Kind.HARD_LINK
    else:
        _refuse(name, "is neither a file nor a folder nor a link (devices, FIFOs and the like are refused)")
    size = header.size if kind is Kind.FILE else 0
    if kind is Kind.FILE and "size" in extended:
        if not extended["size"].isdecimal():
            _refuse(name, "has a size that is no number")
        size = int(extended["size"])
    return Member(name, kind, bool(header.mode & 0o111), size, extended.get("linkpath", header.linkname))


def _pax_records(content: bytes) -> dict[str, str]:
    """`LENGTH KEY=VALUE\\n` …, as POSIX's *pax Extended Header* has it."""
    records = {}
    while content:
        length, space, _ = content.partition(b" ")
        if not space or not length.isdigit() or len(length) > 6 or not len(length) + 2 < int(length) <= len(content):
            _refuse("", "has a damaged extended header")
        record, content = content[len(length) + 1 : int(length)], content[int(length) :]
        key, equals, value = record.removesuffix(b"\n").partition(b"=")
        if not equals:
            _refuse("", "has a damaged extended header")
        records[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
    return records


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _refuse(name: str, reason: str) -> NoReturn:
    raise InvalidSource("archive member" if name else "archive", name, reason)
