"""Every build log keeps all of it, and tells followers as it comes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from paas.adapters.file_build_logs import FileBuildLogs
from paas.errors import Invalid
from paas.ports.logs import BuildLogs


def test_what_was_written_can_be_read(build_logs: BuildLogs) -> None:
    build_logs.append("b1", "-----> Python app detected\n")
    build_logs.append("b1", "       Ünïcödé\n")
    build_logs.append("b2", "other\n")

    assert build_logs.read("b1") == "-----> Python app detected\n       Ünïcödé\n"
    assert build_logs.read("b3") == ""


def test_a_closed_log_is_followed_to_its_end(build_logs: BuildLogs) -> None:
    build_logs.append("b1", "one\n")
    build_logs.append("b1", "two\n")
    build_logs.close("b1")
    build_logs.close("b1")

    assert "".join(build_logs.follow("b1")) == "one\ntwo\n"
    assert "".join(build_logs.follow("b1", offset=4)) == "two\n"
    assert "".join(build_logs.follow("b1", offset=8)) == ""
    assert build_logs.read("b1") == "one\ntwo\n"


def test_a_log_without_a_word_ends_too(build_logs: BuildLogs) -> None:
    build_logs.close("b1")

    assert "".join(build_logs.follow("b1")) == ""


def test_followers_see_text_as_it_comes(build_logs: BuildLogs) -> None:
    follower = build_logs.follow("b1")
    writer = threading.Timer(0.05, lambda: build_logs.append("b1", "one\n"))
    writer.start()
    assert next(follower) == "one\n"

    build_logs.append("b1", "two\n")
    assert next(follower) == "two\n"

    build_logs.append("b1", "three\n")
    build_logs.close("b1")
    assert "".join(follower) == "three\n"
    writer.join()


def test_many_followers_see_the_same(build_logs: BuildLogs) -> None:
    seen = ["", "", ""]

    def follow(n: int) -> None:
        seen[n] = "".join(build_logs.follow("b1"))

    followers = [threading.Thread(target=follow, args=(n,)) for n in range(3)]
    for follower in followers:
        follower.start()
    for n in range(200):
        build_logs.append("b1", f"line {n}\n")
    build_logs.close("b1")
    for follower in followers:
        follower.join(20)

    assert set(seen) == {"".join(f"line {n}\n" for n in range(200))}


def test_a_quiet_log_gives_a_sign_of_life(build_logs: BuildLogs) -> None:
    follower = build_logs.follow("b1", heartbeat=0.03)

    assert [next(follower), next(follower)] == ["", ""]


def test_lines_of_several_processes_are_not_mixed(data_dir: Path) -> None:
    program = (
        "import pathlib, sys; from paas.adapters.file_build_logs import FileBuildLogs\n"
        "logs = FileBuildLogs(pathlib.Path(sys.argv[1]))\n"
        "for _ in range(200): logs.append('b1', sys.argv[2] * 5000 + '\\n')"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(data_dir), letter]) for letter in "abc"]

    assert [w.wait() for w in writers] == [0, 0, 0]
    lines = FileBuildLogs(data_dir).read("b1").splitlines()
    assert len(lines) == 600
    assert {line[0] * 5000 for line in lines} == set(lines)


def test_a_character_that_arrives_in_two_parts_is_whole(data_dir: Path) -> None:
    logs = FileBuildLogs(data_dir)
    logs.append("b1", "a")
    follower = logs.follow("b1", heartbeat=0.03)
    assert next(follower) == "a"

    with (data_dir / "b1" / "log.txt").open("ab") as file:
        file.write("é".encode()[:1])
        file.flush()
        assert next(follower) == ""
        file.write("é".encode()[1:])

    assert "é" in [next(follower), next(follower)]


def test_following_ends_when_the_log_is_removed(data_dir: Path) -> None:
    logs = FileBuildLogs(data_dir)
    logs.append("b1", "one\n")
    follower = logs.follow("b1")
    assert next(follower) == "one\n"

    shutil.rmtree(data_dir / "b1")

    assert list(follower) == []


def test_a_follower_that_leaves_keeps_no_file_open(data_dir: Path) -> None:
    logs = FileBuildLogs(data_dir)
    logs.append("b1", "one\n")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  (iterdir would hold one itself)

    follower = logs.follow("b1")
    next(follower)
    assert hasattr(follower, "close")
    follower.close()

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize("build_id", ["", "..", "../b1", "a/b", "a\0b", ".hidden", "x" * 65])
def test_a_build_is_never_a_folder_elsewhere(data_dir: Path, build_id: str) -> None:
    logs = FileBuildLogs(data_dir)

    with pytest.raises(Invalid):
        logs.append(build_id, "text")
    with pytest.raises(Invalid):
        logs.read(build_id)
    with pytest.raises(Invalid):
        logs.close(build_id)
    with pytest.raises(Invalid):
        next(logs.follow(build_id))
