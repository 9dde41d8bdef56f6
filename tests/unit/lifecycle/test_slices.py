"""Slices: which part of the app goes into which layer."""

from __future__ import annotations

from pathlib import Path

from paas.lifecycle.folder import Folder
from paas.lifecycle.slices import assign, part


def parts(app: Path, *slices: list[str]) -> list[list[str]]:
    """The files and folders of each slice, and of the rest."""
    with Folder(app) as folder:
        taken = assign(folder.fd, slices)
        return [[e.path for e in part(folder.fd, taken, number)] for number in (*range(len(slices)), None)]


def tree(app: Path, *paths: str) -> None:
    for path in paths:
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).touch()


def test_the_first_slice_takes_a_file(tmp_path: Path) -> None:
    tree(tmp_path, "a.txt", "b.txt", "c.py")

    assert parts(tmp_path, ["a.*"], ["*.txt"]) == [["a.txt"], ["b.txt"], ["c.py"]]


def test_a_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    tree(tmp_path, "static/css/a", "static/b", "app")

    assert parts(tmp_path, ["static"]) == [["static", "static/b", "static/css", "static/css/a"], ["app"]]


def test_stars_stop_at_slashes_and_folders_above_come_along(tmp_path: Path) -> None:
    tree(tmp_path, "static/css/a.css", "static/b.css")

    assert parts(tmp_path, ["static/*.css"]) == [
        ["static", "static/b.css"],
        ["static", "static/css", "static/css/a.css"],
    ]


def test_an_empty_slice_is_legal(tmp_path: Path) -> None:
    tree(tmp_path, "a")

    assert parts(tmp_path, []) == [[], ["a"]]
