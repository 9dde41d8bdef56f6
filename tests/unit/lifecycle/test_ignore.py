"""Ignore patterns mean what gitignore(5) says."""

from __future__ import annotations

import pytest

from paas.lifecycle.ignore import Patterns


@pytest.mark.parametrize(
    ("pattern", "path", "is_folder", "ignored"),
    [
        ("*.log", "a.log", False, True),
        ("*.log", "deep/er/a.log", False, True),
        ("*.log", "a.log.txt", False, False),
        ("docs", "docs", True, True),
        ("docs", "src/docs", True, True),
        ("/docs", "src/docs", True, False),
        ("docs/", "docs", True, True),
        ("docs/", "docs", False, False),
        ("src/*.c", "src/a.c", False, True),
        ("src/*.c", "src/deep/a.c", False, False),
        ("src/*.c", "other/src/a.c", False, False),
        ("**/tmp", "tmp", True, True),
        ("**/tmp", "a/b/tmp", True, True),
        ("a/**/z", "a/z", False, True),
        ("a/**/z", "a/b/c/z", False, True),
        ("a/**", "a", True, False),
        ("a/**", "a/b", False, True),
        ("[ab].txt", "a.txt", False, True),
        ("[!ab].txt", "a.txt", False, False),
        ("?.txt", "ab.txt", False, False),
        ("# comment", "# comment", False, False),
        ("!keep", "keep", False, False),
        ("/", "a", True, False),
        ("[", "[", False, True),
    ],
)
def test_patterns(pattern: str, path: str, is_folder: bool, ignored: bool) -> None:
    assert Patterns.parse(pattern).match(path, is_folder=is_folder) is ignored


def test_no_pattern_takes_for_ever() -> None:
    evil = Patterns.parse("*a" * 60 + "b\n" + "/".join(["**"] * 60) + "/x\n")

    assert not evil.match("a" * 250, is_folder=False)
    assert not evil.match("/".join(["y"] * 100), is_folder=False)
