"""Folders of hostile code: no link leads out, nothing blocks, nothing is without bounds."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from paas.lifecycle import folder as module
from paas.lifecycle.folder import Folder, TreeTooLarge, walk


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))

    with Folder(tmp_path) as folder:
        read = {name: folder.read(name, 100) for name in folder.names()}

    assert read == {"fifo": None, "file": b"content", "folder": None, "link": None, "socket": None}


def test_a_file_longer_than_the_limit_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(101))

    with Folder(tmp_path) as folder, pytest.raises(TreeTooLarge):
        folder.read("file", 100)


def test_a_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")

    with Folder(tmp_path) as folder:
        assert not folder.is_folder("link")
        assert folder.files("link", 100) == {}
        with pytest.raises(OSError, match="link"):
            folder.folder("link")
    with pytest.raises(OSError, match="link"):
        Folder(tmp_path / "link")


def test_a_walk_is_sorted_and_stays_inside(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "a").write_text("x")
    (tmp_path / "b-").write_text("x")
    (tmp_path / "a").symlink_to("/etc")

    with Folder(tmp_path) as folder:
        assert [entry.path for entry in walk(folder.fd)] == ["a", "b", "b/a", "b/c", "b-"]


def test_a_walk_ends_in_deep_trees_and_closes_what_it_opened(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(module.MAX_DEPTH + 5):
        deep = deep / "d"
    deep.mkdir(parents=True)
    before = len(list(Path("/proc/self/fd").iterdir()))

    with Folder(tmp_path) as folder, pytest.raises(TreeTooLarge):
        list(walk(folder.fd))

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_walk_ends_in_wide_trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 10)
    for number in range(11):
        (tmp_path / str(number)).touch()

    with Folder(tmp_path) as folder:
        with pytest.raises(TreeTooLarge):
            list(walk(folder.fd))
        with pytest.raises(TreeTooLarge):
            folder.names()
