"""Unpacking source: what a push brings becomes the tree, and nothing that an archive can say leaves it."""

from __future__ import annotations

import gzip
import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from paas.errors import InvalidSource
from paas.lifecycle.source import unpack

MiB = 1024 * 1024


class Archive:
    """Writes archives member by member, as `tarfile` wouldn't."""

    def __init__(self, format_: Literal[0, 1, 2] = tarfile.PAX_FORMAT) -> None:
        self._format = format_
        self._out = io.BytesIO()

    def add(
        self, name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644
    ) -> Archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.mode, member.size = kind, link, mode, len(content)
        self._out.write(member.tobuf(self._format, "utf-8", "surrogateescape"))
        self._out.write(content + bytes(-len(content) % 512))
        return self

    def folder(self, name: str) -> Archive:
        return self.add(name, kind=tarfile.DIRTYPE, mode=0o755)

    def link(self, name: str, target: str) -> Archive:
        return self.add(name, kind=tarfile.SYMTYPE, link=target)

    def hard_link(self, name: str, target: str) -> Archive:
        return self.add(name, kind=tarfile.LNKTYPE, link=target)

    def raw(self, data: bytes) -> Archive:
        self._out.write(data)
        return self

    def bytes(self) -> bytes:
        return self._out.getvalue() + bytes(1024)


Unpack = Callable[..., Path]


@pytest.fixture
def unpacked(tmp_path: Path) -> Unpack:
    """Unpacks bytes and returns the folder."""

    def unpacked(data: bytes | Archive, limit: int = 16 * MiB) -> Path:
        (tmp_path / "source.tar").write_bytes(data.bytes() if isinstance(data, Archive) else data)
        into = tmp_path / "app"
        into.mkdir()
        unpack(tmp_path / "source.tar", into, limit)
        return into

    return unpacked


def test_files_folders_and_links_come_out(unpacked: Unpack) -> None:
    archive = Archive().folder("web/").add("web/app.py", b"print(1)\n").add("run", b"#!", mode=0o775)
    archive.link("web/link", "../run").hard_link("copy", "run").add("deep/er/file", b"x")

    app = unpacked(archive)

    assert (app / "web/app.py").read_text() == "print(1)\n"
    assert (app / "web/link").readlink() == Path("../run")
    assert (app / "copy").read_text() == "#!"
    assert (app / "deep/er/file").read_text() == "x"


def test_a_gzipped_archive_is_the_same(unpacked: Unpack) -> None:
    app = unpacked(gzip.compress(Archive().add("a", b"1").bytes()))

    assert (app / "a").read_text() == "1"


def test_permissions_become_gits_and_setuid_is_gone(unpacked: Unpack) -> None:
    archive = (
        Archive().add("plain", mode=0o600).add("program", mode=0o4711).add("shared", mode=0o2777).add("odd", mode=0)
    )

    app = unpacked(archive)

    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in app.iterdir()}
    assert modes == {"plain": 0o644, "program": 0o755, "shared": 0o755, "odd": 0o644}


def test_everything_belongs_to_the_builds_user(unpacked: Unpack) -> None:
    app = unpacked(Archive().add("a/b", b"x").link("a/c", "b"))

    assert {(p.lstat().st_uid, p.lstat().st_gid) for p in app.rglob("*")} == {(1000, 1000)}


def test_names_may_be_long_strange_or_not_utf8(unpacked: Unpack) -> None:
    long = "x" * 200 + "/" + "y" * 200
    strange = "a b\n'\"$;\t"
    formats: tuple[Literal[1, 2], ...] = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)
    for format_ in formats:
        archive = Archive(format_).add(f"{format_}/{long}", b"1").add(f"{format_}/{strange}", b"2")
        archive.add(f"{format_}/" + os.fsdecode(b"\xff\xfe"), b"3")
        app = unpacked(archive)
        assert (app / str(format_) / long).read_bytes() == b"1"
        assert (app / str(format_) / strange).read_bytes() == b"2"
        assert (app / str(format_) / os.fsdecode(b"\xff\xfe")).read_bytes() == b"3"
        app.rename(app.with_name(f"app-{format_}"))


def test_what_git_archive_makes_is_understood(unpacked: Unpack) -> None:
    comment = b"52 comment=" + b"c" * 40 + b"\n"
    archive = Archive(tarfile.USTAR_FORMAT).add("pax_global_header", comment, kind=tarfile.XGLTYPE).add("app.py", b"x")

    assert [p.name for p in unpacked(archive).iterdir()] == ["app.py"]


def test_the_repository_itself_is_left_out(unpacked: Unpack) -> None:
    archive = Archive().add(".git/config", b"secret").add(".gitignore", b"x").add("sub/.git", b"gitdir: x")

    assert sorted(p.name for p in unpacked(archive).iterdir()) == [".gitignore", "sub"]


def test_slugignored_files_are_removed(unpacked: Unpack) -> None:
    archive = (
        Archive().add(".slugignore", b"*.psd\n/docs\ntests/\n").add("a/logo.psd").add("docs/index").add("src/docs/kept")
    )
    archive.add("src/tests/test_a").add("tests", b"a file")

    app = unpacked(archive)

    assert sorted(str(p.relative_to(app)) for p in app.rglob("*") if p.is_file()) == [
        ".slugignore",
        "src/docs/kept",
        "tests",
    ]


def test_a_slugignore_that_is_a_link_is_not_read(unpacked: Unpack) -> None:
    app = unpacked(Archive().add("patterns", b"*.py").link(".slugignore", "patterns").add("app.py"))

    assert (app / "app.py").exists()


HOSTILE = {
    "parent": Archive().add("../evil"),
    "parent inside": Archive().add("a/../../evil"),
    "parent that stays": Archive().add("a/../b"),
    "absolute": Archive().add("/etc/evil"),
    "absolute folder": Archive().folder("/tmp/evil"),
    "link out": Archive().link("link", "../evil"),
    "link out from below": Archive().link("a/link", "../../evil"),
    "absolute link": Archive().link("link", "/etc/passwd"),
    "link to a neighbour": Archive().link("link", "/application"),
    "link to nowhere": Archive().link("link", ""),
    "hard link out": Archive().hard_link("link", "../evil"),
    "absolute hard link": Archive().hard_link("link", "/etc/passwd"),
    "hard link to a link": Archive().link("a", "b").hard_link("link", "a"),
    "hard link to what is missing": Archive().hard_link("link", "gone"),
    "hard link to a folder": Archive().folder("a").hard_link("link", "a"),
    "hard link through a link": Archive().add("d/f").link("a", "d").hard_link("link", "a/f"),
    "through a link": Archive().folder("d").link("a", "d").add("a/file"),
    "over a link": Archive().add("f").link("a", "f").add("a", b"overwritten"),
    "folder swapped for a link": Archive().folder("a").link("a", "b"),
    "link swapped for a folder": Archive().link("a", "b").folder("a"),
    "file twice": Archive().add("a", b"1").add("a", b"2"),
    "below a file": Archive().add("a").add("a/b"),
    "FIFO": Archive().add("a", kind=tarfile.FIFOTYPE),
    "character device": Archive().add("a", kind=tarfile.CHRTYPE),
    "block device": Archive().add("a", kind=tarfile.BLKTYPE),
    "sparse": Archive().add("a", kind=tarfile.GNUTYPE_SPARSE),
    "unknown kind": Archive().add("a", kind=b"Z"),
    "very deep": Archive().add("/".join("d" * 200)),
    "name too long": Archive().add("n" * 300),
    "damaged pax header": Archive().add("x", b"99 path=a\n", kind=tarfile.XHDTYPE).add("a"),
    "endless pax header": Archive().add("x", b"0 path=a\n", kind=tarfile.XHDTYPE).add("a"),
    "huge pax header": Archive().add("x", bytes(1 * MiB), kind=tarfile.XHDTYPE).add("a"),
    "huge long name": Archive().add("x", b"n" * MiB, kind=tarfile.GNUTYPE_LONGNAME).add("a"),
    "NUL in a name": Archive().add("x", b"12 path=a\0b\n", kind=tarfile.XHDTYPE).add("a"),
    "size that is no number": Archive().add("x", b"12 size=-10\n", kind=tarfile.XHDTYPE).add("a"),
    "pax path out": Archive().add("x", b"15 path=../evi\n", kind=tarfile.XHDTYPE).add("a"),
}


@pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_leaves_the_tree_or_is_no_file_is_refused(unpacked: Unpack, archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(InvalidSource) as refused:
        unpacked(archive)

    assert refused.value.reason
    assert not list(tmp_path.glob("evi*"))
    assert {p.name for p in tmp_path.iterdir()} == {"app", "source.tar"}


def test_links_within_the_tree_are_fine_even_absolute_ones(unpacked: Unpack) -> None:
    app = unpacked(Archive().link("a", "/app/b").link("c/d", "../e/f").link("top", "."))

    assert (app / "a").readlink() == Path("/app/b")


BROKEN = {
    "empty": b"",
    "text": b"this is no archive\n" * 100,
    "cut short": Archive().add("a", b"x" * 2000).bytes()[:1500],
    "no end": Archive().add("a", b"x").bytes()[:-1024],
    "bad checksum": b"a" + Archive().add("bcd", b"x").bytes()[1:],
    "gzip of nothing": gzip.compress(b""),
    "gzip cut short": gzip.compress(os.urandom(5000))[:2000],
    "gzip damaged": gzip.compress(Archive().add("a", os.urandom(5000)).bytes())[:-200] + bytes(200),
    "zip": b"PK\x03\x04" + bytes(2000),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_whole_tar_is_refused(unpacked: Unpack, data: bytes) -> None:
    with pytest.raises(InvalidSource):
        unpacked(data)


def test_a_bomb_is_stopped_at_the_limit(unpacked: Unpack) -> None:
    bomb = gzip.compress(Archive().add("zeros", bytes(8 * MiB)).bytes())
    assert len(bomb) < 64 * 1024

    with pytest.raises(InvalidSource, match="larger than 1048576 bytes"):
        unpacked(bomb, limit=1 * MiB)


def test_a_size_that_promises_too_much_is_stopped_before_it_is_read(unpacked: Unpack) -> None:
    member = tarfile.TarInfo("huge")
    member.size = 2**60

    with pytest.raises(InvalidSource):
        unpacked(member.tobuf(tarfile.GNU_FORMAT) + bytes(4096))


def test_a_full_disk_is_not_the_sources_fault(tmp_path: Path) -> None:
    (tmp_path / "source.tar").write_bytes(Archive().add("a", b"x" * 100_000).bytes())
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", small], check=True)

    try:
        with pytest.raises(OSError, match="No space left"):
            unpack(tmp_path / "source.tar", small, 16 * MiB)
    finally:
        subprocess.run(["umount", small], check=True)


def test_too_many_members_are_refused(unpacked: Unpack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paas.lifecycle.tar_reader._MAX_MEMBERS", 10)
    archive = Archive()
    for number in range(11):
        archive.add(str(number))

    with pytest.raises(InvalidSource, match="more than 10 members"):
        unpacked(archive)
