"""What only the Docker engine promises: limits, signals, races, forks, and hands off what isn't ours."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import docker
import pytest

from paas.adapters.docker_client import DockerClient
from paas.adapters.docker_engine import DockerEngine, container_config
from paas.adapters.docker_networks import uplink_mtu
from paas.config import Settings
from paas.domain.process import Process
from paas.errors import EngineUnavailable
from paas.ports.engine import ProcessSpec

Spec = Callable[..., ProcessSpec]
WaitFor = Callable[..., None]


def test_a_process_is_locked_in(docker_engine: DockerEngine, spec: Spec) -> None:
    process = docker_engine.start(
        spec("id -u; id -g; grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/self/status; ulimit -n; ulimit -c")
    )

    assert _output(docker_engine, process) == [
        "1000",
        "1000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",  # a filter is on: seccomp(2)
        "10000",
        "0",
    ]


def test_a_process_that_needs_too_much_memory_is_ended_and_said_to(docker_engine: DockerEngine, spec: Spec) -> None:
    events = docker_engine.events()
    process = docker_engine.start(spec("exec dd if=/dev/zero of=/dev/null bs=200M"))

    assert docker_engine.wait(process.id, 20) == 137
    ended = docker_engine.get(process.id)
    assert ended
    assert ended.out_of_memory
    assert [next(events).action for _ in range(2)] == ["start", "oom"]


def test_a_process_cannot_have_more_children_than_it_may(docker_engine: DockerEngine, spec: Spec) -> None:
    process = docker_engine.start(spec("for i in $(seq 100); do sleep 1000 & done; echo all"))

    assert any("can't fork" in line for line in _output(docker_engine, process))


def test_config_reaches_the_process_as_it_is(docker_engine: DockerEngine, spec: Spec) -> None:
    value = "two\nlines, 'quotes' \"and\" $HOME `id` \\ = ü"

    process = docker_engine.start(spec('printf "%s" "$VALUE"', env={"VALUE": value}))

    assert "\n".join(_output(docker_engine, process)) == value


def test_every_process_behind_a_shell_hears_sigterm(docker_engine: DockerEngine, spec: Spec) -> None:
    child = "sh -c 'trap \"echo child heard; exit 0\" TERM; echo up; while :; do sleep 0.05; done'"
    process = docker_engine.start(spec(f"trap 'echo shell heard' TERM; {child}; echo after; exit 5"))
    follower = docker_engine.output(process.id, follow=True)
    assert next(follower).text == "up"

    assert docker_engine.stop(process.id, 20) == 5
    assert {line.text for line in follower} == {"child heard", "shell heard", "Terminated", "after"}


def test_output_tells_the_streams_apart_and_keeps_long_lines_whole(docker_engine: DockerEngine, spec: Spec) -> None:
    long = "head -c 50000 /dev/zero | tr '\\0' x"
    process = docker_engine.start(spec(f"{long}; echo; echo problem >&2; printf 'no newline \\377'"))
    docker_engine.wait(process.id, 20)

    lines = {(line.stream, line.text) for line in docker_engine.output(process.id)}

    assert lines == {("stdout", "x" * 50_000), ("stderr", "problem"), ("stdout", "no newline \ufffd")}


def test_output_of_a_terminal_is_read_line_by_line(docker_engine: DockerEngine, spec: Spec) -> None:
    process = docker_engine.start(spec("echo one; echo two >&2; printf three", tty=True))
    docker_engine.wait(process.id, 20)

    assert _output(docker_engine, process) == ["one", "two", "three"]


def test_a_follower_of_a_log_that_is_rotated_gets_every_line_once(docker_engine: DockerEngine, spec: Spec) -> None:
    # 12 MB: more than one file of the log holds.
    process = docker_engine.start(spec("seq 130000 | sed 's/$/ of a log too long for a single file'/"))

    followed = [int(line.text.split()[0]) for line in docker_engine.output(process.id, follow=True)]

    assert followed == list(range(1, 130_001))


def test_a_follower_that_was_overtaken_hears_what_comes_later(
    docker_engine: DockerEngine, spec: Spec, wait_for: WaitFor
) -> None:
    # 30 MB within a second: the log is rotated several times before the follower has read its first file.
    flood = "seq 300000 | sed 's/$/ of a flood that nobody can read as fast as it comes'/"
    process = docker_engine.start(spec(f"trap 'echo and then?' USR1; {flood}; while :; do sleep 0.05; done"))
    heard: list[str] = []

    def listen() -> None:
        heard.extend(line.text for line in docker_engine.output(process.id, follow=True))

    listener = threading.Thread(target=listen)
    listener.start()
    wait_for(lambda: heard and heard[-1].startswith("300000 "), seconds=60)
    client = docker.APIClient(version="auto")
    client.kill(process.id, "SIGUSR1")
    client.close()
    wait_for(lambda: "and then?" in heard[-5:], seconds=60)
    docker_engine.stop(process.id, 0, remove=False)
    listener.join(60)

    assert len(heard) == len(set(heard))


def test_a_terminal_passes_every_key_on_at_once(docker_engine: DockerEngine, spec: Spec) -> None:
    control_p = b"\x10"  # Docker would keep it back, as the start of ctrl-p ctrl-q
    _, session = docker_engine.open(spec("stty raw -echo; echo up; head -c 1 | od -An -tx1", stdin=True, tty=True))

    with closing(session):
        assert session.read(100).startswith(b"up")
        session.write(control_p)
        assert b"10" in b"".join(iter(lambda: session.read(100), b""))


def test_a_terminal_has_the_size_it_was_given(docker_engine: DockerEngine, spec: Spec) -> None:
    _, session = docker_engine.open(spec("read go; stty size", stdin=True, tty=True))

    with closing(session):
        session.resize(50, 132)
        session.write(b"go\n")
        assert b"50 132" in b"".join(iter(lambda: session.read(100), b""))


def test_a_process_whose_reader_left_goes_on(docker_engine: DockerEngine, spec: Spec) -> None:
    process, session = docker_engine.open(spec("read go; echo done", stdin=True))
    session.write(b"go\n")

    session.close()

    assert docker_engine.wait(process.id, 20) == 0
    assert _output(docker_engine, process) == ["done"]


def test_apps_get_networks_of_their_own_with_the_uplinks_mtu(
    docker_engine: DockerEngine, settings: Settings, spec: Spec
) -> None:
    docker_engine.start(spec("runs", app="app-a"))
    docker_engine.start(spec("runs", app="app-b"))

    networks = _networks(settings)

    subnets = [n["IPAM"]["Config"][0]["Subnet"] for n in networks]
    assert len(set(subnets)) == 2
    assert all(s.endswith("/23") for s in subnets)
    assert {n["Options"]["com.docker.network.driver.mtu"] for n in networks} == {str(uplink_mtu())}


def test_threads_that_race_for_an_apps_first_process_make_one_network(settings: Settings, spec: Spec) -> None:
    engines = [DockerEngine(DockerClient(settings.docker_host), settings) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda engine: engine.start(spec("runs")), engines))

    assert len(_networks(settings)) == 1
    assert len({p.address for p in engines[0].list()}) == 4


def test_a_forked_child_and_its_parent_do_not_mix_their_answers(docker_engine: DockerEngine, spec: Spec) -> None:
    process = docker_engine.start(spec("runs"))

    children = [_fork(lambda: [docker_engine.get(process.id) for _ in range(30)] == [process] * 30) for _ in range(2)]
    mine = [docker_engine.get(process.id) for _ in range(30)]

    assert mine == [process] * 30
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]


def test_a_start_that_was_cut_off_can_be_seen_and_cleared_away(
    docker_engine: DockerEngine, settings: Settings, spec: Spec
) -> None:
    client = docker.APIClient(version="auto")
    config = container_config(spec("runs"), settings, "bridge")
    created = client.create_container_from_config(config)  # type: ignore[no-untyped-call]
    client.close()

    seen = docker_engine.get(created["Id"])

    assert seen
    assert (seen.running, seen.started_at, seen.exit_code) == (False, None, None)
    assert docker_engine.stop(created["Id"], 1) is None
    assert docker_engine.get(created["Id"]) is None


def test_what_is_not_ours_is_not_touched(docker_engine: DockerEngine, settings: Settings, spec: Spec) -> None:
    neighbour = DockerEngine(
        DockerClient(settings.docker_host), Settings(name=f"{settings.name}-b", data_dir=settings.data_dir)
    )
    theirs = neighbour.start(spec("runs"))
    try:
        assert docker_engine.get(theirs.id) is None
        assert docker_engine.stop(theirs.id, 0) is None
        assert list(docker_engine.output(theirs.id)) == []
        assert docker_engine.list() == []
        docker_engine.forget("app-a")
        assert neighbour.get(theirs.id) == theirs
    finally:
        neighbour.forget("app-a")


def test_an_app_is_forgotten_while_others_stop_its_processes(
    docker_engine: DockerEngine, settings: Settings, spec: Spec
) -> None:
    processes = [docker_engine.start(spec("ignores-term", index=index)) for index in (1, 2)]

    with ThreadPoolExecutor(3) as pool:
        stopping = [pool.submit(docker_engine.stop, p.id, 0) for p in processes]
        pool.submit(docker_engine.forget, "app-a").result()
        assert [s.result() in (137, None) for s in stopping] == [True, True]

    assert docker_engine.list("app-a") == []
    assert _networks(settings) == []


def test_containers_of_builds_are_no_processes(
    docker_engine: DockerEngine, settings: Settings, base_image: str
) -> None:
    client = docker.APIClient(version="auto")
    labels = {"paas.instance": settings.name, "paas.app": "app-a", "paas.kind": "build"}
    container = client.create_container(base_image, ["sleep", "1000"], labels=labels)["Id"]

    assert docker_engine.list("app-a") == []
    assert docker_engine.get(container) is None

    docker_engine.forget("app-a")
    assert client.containers(all=True, filters={"id": container}) == []
    client.close()


def test_a_network_that_somebody_removed_is_made_anew(
    docker_engine: DockerEngine, settings: Settings, spec: Spec
) -> None:
    docker_engine.stop(docker_engine.start(spec("runs")).id, 0)
    client = docker.APIClient(version="auto")
    client.remove_network(_networks(settings)[0]["Id"])
    client.close()

    with pytest.raises(EngineUnavailable):
        docker_engine.start(spec("runs"))

    assert docker_engine.start(spec("runs")).running
    assert len(docker_engine.list()) == 1


def test_a_pool_that_is_used_up_says_so(settings: Settings, spec: Spec) -> None:
    full = Settings(name=settings.name, data_dir=settings.data_dir, subnet_pool="10.99.0.0/23")
    engine = DockerEngine(DockerClient(settings.docker_host), full)
    engine.start(spec("runs", app="app-a"))

    with pytest.raises(EngineUnavailable, match="PAAS_SUBNET_POOL"):
        engine.start(spec("runs", app="app-b"))


def _output(engine: DockerEngine, process: Process) -> list[str]:
    engine.wait(process.id, 20)
    return [line.text for line in engine.output(process.id)]


def _networks(settings: Settings) -> list[dict[str, Any]]:
    client = docker.APIClient(version="auto")
    try:
        return list(client.networks(filters={"label": f"paas.instance={settings.name}"}))
    finally:
        client.close()


def _fork(check: Callable[[], bool]) -> int:
    child = os.fork()
    if child == 0:
        os._exit(0 if check() else 1)
    return child
