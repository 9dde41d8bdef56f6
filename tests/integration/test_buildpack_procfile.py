"""The procfile buildpack, run in the build image."""

from __future__ import annotations

import pytest

from tests.buildpacks import BuildBox


def commands(box: BuildBox) -> dict[str, str]:
    return {p["type"]: p["command"] for p in box.layer("procfile", "launch")["processes"]}


def test_each_line_becomes_a_process_that_a_shell_runs(box: BuildBox) -> None:
    lines = """\ufeff# how it runs

web: echo "a: b" \\$HOME | tee 'x' # with a comment
release:python manage.py migrate
  Clock_2-x :\techo\ttabs ünïcode\r
"""
    box.push("procfile_only", {"Procfile": lines})

    built = box.build("procfile")

    assert built.code == 0, built.output
    assert commands(box) == {
        "web": "echo \"a: b\" \\$HOME | tee 'x' # with a comment",
        "release": "python manage.py migrate",
        "Clock_2-x": "echo\ttabs ünïcode",
    }
    assert [p["default"] for p in box.layer("procfile", "launch")["processes"]] == [True, False, False]
    assert all(p["direct"] is False for p in box.layer("procfile", "launch")["processes"])


def test_the_last_line_of_a_type_wins_with_a_warning(box: BuildBox) -> None:
    box.push("procfile_only", {"Procfile": "web: one\nweb: two"})

    built = box.build("procfile")

    assert commands(box) == {"web": "two"}
    assert " !     Warning: Procfile line 2 declares web again; this one counts.\n" in built.output


@pytest.mark.parametrize(
    "line",
    [
        "this is not a process type",
        "web:",
        ": true",
        "we b: true",
        "$(touch /tmp/x): true",
        "x" * 31 + ": true",
        "a: \x07",
    ],
)
def test_a_line_that_can_not_be_read_fails_and_is_shown(box: BuildBox, line: str) -> None:
    box.push("procfile_only", {"Procfile": f"web: true\n{line}\n"})

    built = box.build("procfile")

    assert built.code == 1
    assert " !     Error: Line 2 of the Procfile can't be read:\n" in built.output
    assert f" !         {line.replace(chr(7), '?')}\n" in built.output
    assert box.run("test", "-e", "/tmp/x").code == 1


def test_a_procfile_of_nothing_but_comments_fails(box: BuildBox) -> None:
    box.push("procfile_only", {"Procfile": "# later\n"})

    built = box.build("procfile")

    assert built.code == 1
    assert "The Procfile declares no process type" in built.output


def test_text_in_another_encoding_fails(box: BuildBox) -> None:
    box.push("procfile_only")
    box.run("sh", "-c", "printf 'web: \\374ber\\n' > Procfile")

    assert "The Procfile is not UTF-8 text." in box.build("procfile").output


def test_it_passes_detection_only_with_a_procfile(box: BuildBox) -> None:
    assert box.detect("procfile").code == 100
    box.push("procfile_only")
    assert box.detect("procfile").code == 0
