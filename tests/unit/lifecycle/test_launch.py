"""launch.toml: what is accepted, how several are merged, and what the platform makes of it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from paas.domain.formation import ProcessType
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.launch import Launch, LaunchProcess, merge, parse_launch, process_types


def pack(api: str = "0.10", identity: str = "test/x") -> Buildpack:
    return Buildpack(identity, "1", api, "/x")


def launch(text: str, api: str = "0.10") -> Launch:
    return parse_launch(tomllib.loads(text), pack(api), "production")


def test_a_process_has_a_command_that_stays_and_arguments_that_may_be_replaced() -> None:
    text = """
        [[processes]]
        type = "web"
        command = ["gunicorn", "app:app"]
        args = ["--workers", "2"]
        default = true
        working-dir = "sub"
    """

    [process] = launch(text).processes

    assert process == LaunchProcess("web", ("gunicorn", "app:app"), ("--workers", "2"), True, True, "sub", "test/x")


def test_before_0_9_a_command_is_a_line_for_a_shell() -> None:
    [web, direct] = launch(
        """
        [[processes]]
        type = "web"
        command = "gunicorn $OPTIONS"
        [[processes]]
        type = "direct"
        command = "worker"
        args = ["a b"]
        direct = true
        """,
        "0.8",
    ).processes

    assert (web.command, web.direct) == (("gunicorn $OPTIONS",), False)
    assert (direct.command, direct.args, direct.direct) == (("worker",), ("a b",), True)


def test_before_0_8_there_is_no_working_directory() -> None:
    text = '[[processes]]\ntype = "web"\ncommand = "x"\nworking-dir = "sub"'

    assert launch(text, "0.7").processes[0].working_dir == ""
    assert launch(text, "0.8").processes[0].working_dir == "sub"


def test_processes_for_other_environments_are_left_out() -> None:
    text = """
        [[processes]]
        type = "a"
        command = ["x"]
        exec-env = ["test"]
        [[processes]]
        type = "b"
        command = ["x"]
        exec-env = ["test", "production"]
    """

    assert [p.type for p in launch(text, "0.12").processes] == ["b"]


def test_labels_and_slices() -> None:
    found = launch('[[labels]]\nkey = "k"\nvalue = "v"\n[[slices]]\npaths = ["static/*"]\n[[slices]]\npaths = []')

    assert found.labels == {"k": "v"}
    assert found.slices == (("static/*",), ())


@pytest.mark.parametrize(
    ("text", "api"),
    [
        ('[[processes]]\ncommand = ["x"]', "0.10"),
        ('[[processes]]\ntype = "a/b"\ncommand = ["x"]', "0.10"),
        ('[[processes]]\ntype = "a"', "0.10"),
        ('[[processes]]\ntype = "a"\ncommand = []', "0.10"),
        ('[[processes]]\ntype = "a"\ncommand = [""]', "0.10"),
        ('[[processes]]\ntype = "a"\ncommand = "x"', "0.10"),
        ('[[processes]]\ntype = "a"\ncommand = ["x"]', "0.8"),
        ('[[processes]]\ntype = "a"\ncommand = ["x"]\ndirect = true', "0.9"),
        ('[[processes]]\ntype = "a"\ncommand = ["x\\u0000"]', "0.10"),
        ('[[processes]]\ntype = "a"\ncommand = ["x"]\n' * 2, "0.10"),
        ('[[processes]]\ntype = "a"\ncommand = ["x"]\ndefault = true\n[[processes]]\ntype = "b"\ncommand = ["x"]\ndefault = true', "0.10"),
        ("processes = 3", "0.10"),
        ("processes = [3]", "0.10"),
        ("[[labels]]\nkey = 1", "0.10"),
        ("[[slices]]", "0.10"),
    ],
)  # fmt: skip
def test_what_breaks_the_specification_is_told(text: str, api: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the sentence is for people)
        launch(text, api)


def process(kind: str, command: str = "x", **more: Any) -> LaunchProcess:
    return LaunchProcess(kind, (command,), **more)


def test_a_later_buildpack_redefines_a_type() -> None:
    merged = merge([Launch((process("web", "a"), process("b"))), Launch((process("web", "c"),))])

    assert [(p.type, p.command) for p in merged.processes] == [("b", ("x",)), ("web", ("c",))]


@pytest.mark.parametrize(
    ("launches", "default"),
    [
        ([[process("web")]], "web"),
        ([[process("a", default=True), process("web")]], "a"),
        ([[process("a", default=True)], [process("b", default=True)]], "b"),
        ([[process("a", default=True)], [process("a")]], None),
        ([[process("a", default=True)], [process("b")]], "a"),
        ([[process("a")]], None),
    ],
)
def test_the_default_is_the_last_one_chosen_else_web(launches: list[list[LaunchProcess]], default: str | None) -> None:
    assert merge([Launch(tuple(each)) for each in launches]).default == default


def test_labels_of_later_buildpacks_win_and_slices_keep_their_order() -> None:
    merged = merge([Launch((), (("a",),), {"k": "1"}), Launch((), (("b",),), {"k": "2"})])

    assert (merged.slices, merged.labels) == ((("a",), ("b",)), {"k": "2"})


def test_lines_become_one_argument_and_other_processes_are_named() -> None:
    processes = [
        process("web", "gunicorn app:app -b :$PORT # now", direct=False),
        LaunchProcess("worker", ("python", "worker.py"), ("--name", "a b")),
        process("sub", "x", direct=False, working_dir="sub"),
        process("release", "./migrate && echo", direct=False),
        process("odd.type"),
    ]

    types, release, refused = process_types(processes)

    line = "gunicorn app:app -b :$PORT # now"
    assert types == (
        ProcessType("web", line, (line,)),
        ProcessType("worker", "python worker.py --name 'a b'", ("--process", "worker")),
        ProcessType("sub", "x", ("--process", "sub")),
    )
    assert release == "./migrate && echo"
    assert refused == ("odd.type",)
