"""Layer tars: the same files give the same bytes; what must not be in an image isn't."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socket
import tarfile
from pathlib import Path

import pytest

from paas.lifecycle.folder import TreeTooLarge
from paas.lifecycle.layer_tar import EPOCH, Hashing, LayerTar, fingerprint

GiB = 2**30


def tar_of(top: Path, path: str = "layers/x/y", limit: int = GiB) -> bytes:
    out = io.BytesIO()
    tar = LayerTar(out, limit)
    tar.parents(path)
    tar.tree(path, top)
    tar.end()
    return out.getvalue()


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: member for member in tar}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "bin").mkdir(parents=True)
    (top / "bin" / "run").write_text("#!/bin/sh\n")
    (top / "bin" / "run").chmod(0o755)
    (top / "bin" / "link").symlink_to("run")
    os.link(top / "bin" / "run", top / "bin" / "twin")
    (top / os.fsdecode(b"\xff ") / ("n" * 200)).parent.mkdir()
    (top / os.fsdecode(b"\xff ") / ("n" * 200)).write_text("long")
    return top


def test_what_is_in_a_layer(tree: Path) -> None:
    found = members(tar_of(tree))

    assert {name: (m.type, oct(m.mode), m.uid, m.gid, m.linkname) for name, m in found.items()} == {
        "layers": (tarfile.DIRTYPE, "0o755", 0, 0, ""),
        "layers/x": (tarfile.DIRTYPE, "0o755", 0, 0, ""),
        "layers/x/y": (tarfile.DIRTYPE, "0o755", 1000, 1000, ""),
        "layers/x/y/bin": (tarfile.DIRTYPE, "0o755", 1000, 1000, ""),
        "layers/x/y/bin/link": (tarfile.SYMTYPE, "0o777", 1000, 1000, "run"),
        "layers/x/y/bin/run": (tarfile.REGTYPE, "0o755", 1000, 1000, ""),
        "layers/x/y/bin/twin": (tarfile.LNKTYPE, "0o755", 1000, 1000, "layers/x/y/bin/run"),
        f"layers/x/y/{os.fsdecode(bytes([255, 32]))}": (tarfile.DIRTYPE, "0o755", 1000, 1000, ""),
        f"layers/x/y/{os.fsdecode(bytes([255, 32]))}/{'n' * 200}": (tarfile.REGTYPE, "0o644", 1000, 1000, ""),
    }
    assert {m.mtime for m in found.values()} == {EPOCH}
    assert {m.uname + m.gname for m in found.values()} == {""}


def test_a_copy_with_other_times_gives_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy, symlinks=True)
    (copy / "bin" / "twin").unlink()  # copytree made two files of it
    os.link(copy / "bin" / "run", copy / "bin" / "twin")
    os.utime(copy / "bin" / "run", (1, 1))

    assert tar_of(copy) == tar_of(tree)


def test_setuid_devices_fifos_and_sockets_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "suid").touch()
    (tmp_path / "suid").chmod(0o6755)
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))

    found = members(tar_of(tmp_path, "app"))

    assert {name: oct(m.mode) for name, m in found.items() if name != "app"} == {"app/suid": "0o755"}


def test_a_file_larger_than_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)

    with pytest.raises(TreeTooLarge, match="sparse"):
        tar_of(tmp_path, limit=2**20)


def test_many_small_files_reach_the_limit_too(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).write_bytes(b"x")

    with pytest.raises(TreeTooLarge):
        tar_of(tmp_path, limit=15 * 1024)


def test_a_link_in_place_of_the_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")

    with pytest.raises(OSError, match="link"):
        tar_of(tmp_path / "link")


def test_the_hash_is_that_of_the_bytes(tree: Path) -> None:
    out = io.BytesIO()
    hashing = Hashing(out)
    hashing.write(b"a")
    hashing.write(b"bc")

    assert hashing.digest == f"sha256:{hashlib.sha256(b'abc').hexdigest()}"
    assert (hashing.size, out.getvalue()) == (3, b"abc")


def test_a_fingerprint_survives_a_move_but_no_change(tree: Path, tmp_path: Path) -> None:
    before = fingerprint(tree)
    tree = tree.rename(tmp_path / "moved")
    assert fingerprint(tree) == before

    file = tree / "bin" / "run"
    times = file.stat()
    file.write_text("#!/bin/ss\n")  # as long as before
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fingerprint(tree) != before


@pytest.mark.parametrize("change", ["chmod", "new", "gone", "renamed", "link"])
def test_a_fingerprint_notices(tree: Path, change: str) -> None:
    before = fingerprint(tree)
    match change:
        case "chmod":
            (tree / "bin").chmod(0o700)
        case "new":
            (tree / "new").touch()
        case "gone":
            (tree / "bin" / "link").unlink()
        case "renamed":
            (tree / "bin" / "run").rename(tree / "bin" / "ran")
        case "link":
            (tree / "bin" / "link").unlink()
            (tree / "bin" / "link").symlink_to("ran")

    assert fingerprint(tree) != before
