"""The runner and the agent, talking: real processes, and an agent that lies."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import paas.lifecycle.agent
from paas.adapters.memory.sandbox import LocalSandbox
from paas.errors import BuildCancelled
from paas.lifecycle.runner import Command, Runner, SandboxLost
from paas.ports.engine import Limits
from paas.ports.sandbox import SandboxSession, SandboxSpec

Start = Callable[..., SandboxSession]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python program in a sandbox."""
    sandbox = LocalSandbox()

    def start(*argv: str) -> SandboxSession:
        command = (sys.executable, "-I", "-S", *argv)
        return sandbox.start(SandboxSpec("b", "a", "shop", "any", command, {}, (), Limits(0, 0, 0)))

    yield start
    sandbox.discard("b")


@pytest.fixture
def agent(start: Start, tmp_path: Path) -> SandboxSession:
    return start(paas.lifecycle.agent.__file__, str(tmp_path / "home"))


def sh(script: str, **env: str) -> Command:
    return Command(("/bin/sh", "-c", script), {"PATH": os.defpath, **env}, "/")


def run(session: SandboxSession, *commands: Command) -> tuple[list[int], list[bytes]]:
    outputs = [b"" for _ in commands]

    def collect(place: int, data: bytes) -> None:
        outputs[place] += data

    return Runner(session, lambda: None).run(commands, collect), outputs


def test_output_and_exit_codes_come_back(agent: SandboxSession) -> None:
    assert run(agent, sh("echo out; echo err >&2; exit 7")) == ([7], [b"out\nerr\n"])


def test_commands_of_a_batch_run_at_the_same_time(agent: SandboxSession, tmp_path: Path) -> None:
    # Each waits for what the other sends.
    os.mkfifo(tmp_path / "a")
    os.mkfifo(tmp_path / "b")
    one = sh(f"echo x > {tmp_path}/a; cat {tmp_path}/b")
    two = sh(f"cat {tmp_path}/a; echo y > {tmp_path}/b")

    assert run(agent, one, two) == ([0, 0], [b"y\n", b"x\n"])


def test_batches_follow_each_other(agent: SandboxSession) -> None:
    assert run(agent, sh("exit 1"))[0] == [1]
    assert run(agent, sh("exit 2"), sh("exit 3"))[0] == [2, 3]


def test_environment_and_arguments_are_passed_as_they_are(agent: SandboxSession) -> None:
    odd = "a b\n'\"$x \udcff ä"
    command = Command(("/bin/sh", "-c", 'printf %s "$ODD$1"', "sh", odd), {"ODD": odd}, "/")

    assert run(agent, command)[1] == [(odd * 2).encode("utf-8", "surrogateescape")]


def test_nothing_else_is_in_the_environment(agent: SandboxSession) -> None:
    assert run(agent, Command(("/usr/bin/env",), {"ONLY": "this"}, "/"))[1] == [b"ONLY=this\n"]


def test_a_program_that_is_missing_or_no_program(agent: SandboxSession, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")

    codes, [missing, text] = run(agent, Command(("/no/such",), {}, "/"), Command((str(tmp_path / "text"),), {}, "/"))

    assert codes == [127, 126]
    assert b"/no/such: No such file" in missing
    assert b"Permission denied" in text


def test_a_signal_is_told_as_a_shell_does(agent: SandboxSession) -> None:
    assert run(agent, sh("kill -9 $$"))[0] == [137]


def test_what_stays_in_the_background_neither_blocks_nor_stays(
    agent: SandboxSession, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    codes, outputs = run(agent, sh(f"sleep 1000 & echo $! > {tmp_path}/pid; echo done"))

    assert (codes, outputs) == ([0], [b"done\n"])
    pid = int((tmp_path / "pid").read_text())
    wait_for(lambda: run(agent, sh(f"grep '^State:.[^Z]' /proc/{pid}/status"))[0] != [0])  # gone, or waits to be reaped


def test_output_without_end_does_not_pile_up(agent: SandboxSession) -> None:
    codes, [output] = run(agent, sh("head -c 2000000 /dev/zero"))

    assert codes == [0]
    assert len(output) == 2_000_000


def test_what_a_detached_process_prints_does_not_keep_the_command_from_ending(agent: SandboxSession) -> None:
    codes, _ = run(agent, sh("setsid yes & exit 4"))  # its pipe is closed then, which ends it

    assert codes == [4]


def test_the_check_ends_a_run(agent: SandboxSession) -> None:
    def check() -> None:
        raise BuildCancelled

    with pytest.raises(BuildCancelled):
        Runner(agent, check).run([sh("sleep 1000")], lambda *_: None)


def test_an_agent_that_dies_is_noticed(agent: SandboxSession) -> None:
    with pytest.raises(SandboxLost):
        run(agent, sh("kill -9 $PPID; sleep 1000"))


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", "3", "null", "{}", '{"i": 1, "code": 0}', '{"i": -1}', '{"i": 0, "code": "0"}', '{"i": true, "code": 0}',
     '{"i": 0, "data": 3}', '{"i": 0, "data": "\\u4e00"}', '{"i": 0, "code": 1.5}', "[" * 100_000, "9" * 5000],
)  # fmt: skip
def test_forged_messages_are_no_more_than_a_failed_build(start: Start, line: str, tmp_path: Path) -> None:
    (tmp_path / "line").write_text(line)
    liar = start("-c", f"import time; print(open({str(tmp_path / 'line')!r}).read(), flush=True); time.sleep(1000)")

    with pytest.raises(SandboxLost):
        run(liar, sh("true"))


def test_a_message_without_end_is_cut_off(start: Start) -> None:
    liar = start("-c", "while True: print('x' * 65536, end='', flush=True)")

    with pytest.raises(SandboxLost, match="without end"):
        run(liar, sh("true"))
