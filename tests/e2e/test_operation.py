"""The operator's two commands on a real machine: up, again, down, up, healing, purge."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from paas import config
from paas.entrypoints.operator import supervision
from tests.e2e.platform import ROOT, Platform, eventually

UP = ROOT / "bin" / "up"


class Operated(Platform):
    """An instance whose first bin/up pushed the sample app, and what that run printed."""

    def first_up(self) -> None:
        self.first = self.run(UP)
        self.up()

    def pids_of_programs(self) -> dict[str, int]:
        return supervision.pids(config.load({"data_dir": self.data_dir}, {}))

    def sample(self) -> int:
        return self.get("hello").status_code


@pytest.fixture(scope="module")
def operated() -> Iterator[Operated]:
    platform = Operated()
    try:
        platform.first_up()
        yield platform
    finally:
        platform.purge()


@pytest.fixture
def engine() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


def told(output: str) -> dict[str, str]:
    """The rows that bin/up ends with."""
    return dict(re.findall(r"^(\S.*?)  +(.+)$", output, re.MULTILINE))


def test_up_tells_where_everything_is_and_all_of_it_answers(operated: Operated) -> None:
    rows = told(operated.first)

    assert rows["Console"] == operated.info["console"]
    assert rows["API"] == operated.info["api"]
    assert rows["Git"] == operated.info["git"]
    assert requests.get(rows["Console"] + "/", timeout=30).status_code == 200
    assert requests.get(rows["Sample app"] + "/", timeout=30).status_code == 200
    login = requests.post(
        rows["API"] + "/oauth/authorizations", auth=(rows["Admin"], rows["One-time password"]), json={}, timeout=30
    )
    assert login.json()["id"] == "password_expired"  # it fits, and is good for choosing one's own only
    assert operated.api("GET", "/account", token=rows["API token"]).json()["email"] == rows["Admin"]


def test_progress_names_each_step_and_its_time(operated: Operated) -> None:
    steps = re.findall(r"^\[(\d)/9\] (.+?) …", operated.first, re.MULTILINE)

    assert [number for number, _ in steps] == list("123456789")
    assert re.search(r"^\[1/9\] This machine … \d+\.\d s$", operated.first, re.MULTILINE)


def test_up_again_changes_nothing(operated: Operated) -> None:
    pids = operated.pids_of_programs()
    containers = operated.containers()
    token = told(operated.first)["API token"]

    again = operated.run(UP)

    assert operated.pids_of_programs() == pids
    assert operated.containers() == containers
    assert told(again)["API token"] == token
    assert told(again)["One-time password"].startswith("set earlier")


def test_info_and_token_are_a_contract_for_scripts(operated: Operated) -> None:
    assert operated.info.keys() >= {
        "console", "api", "git", "domain", "http_port", "https_port", "ca_file", "data_dir"
    }  # fmt: skip
    assert operated.info["data_dir"] == str(operated.data_dir)

    token = operated.paas("token", "create", "--description", "for a script").split()[-1]

    assert operated.api("GET", "/users", token=token).status_code == 200  # an administrator's


def test_https_listens_from_the_start_with_the_local_authoritys_certificate(operated: Operated) -> None:
    port, trusted = operated.info["https_port"], operated.info["ca_file"]

    for host in ("api.localhost", "localhost", "127.0.0.1", "hello.localhost"):
        path = "/" if host.startswith("hello") else "/health"
        assert requests.get(f"https://{host}:{port}{path}", verify=trusted, timeout=30).status_code == 200, host


def test_secrets_are_roots_alone(operated: Operated) -> None:
    for name in ("secret.key", "operator-token", "settings.json", "supervisord.conf", "store.db"):
        assert (operated.data_dir / name).stat().st_mode & 0o077 == 0, name
    for name in ("run", "log", "repos", "builds"):
        assert (operated.data_dir / name).stat().st_mode & 0o007 == 0, name


def test_only_the_two_ports_are_open(operated: Operated) -> None:
    pids = {pid for program in operated.pids_of_programs() for pid in operated.pids(program)}

    ports = {int(port) for port, pid in _listening() if pid in pids}

    assert ports == {operated.info["http_port"], operated.info["https_port"]}


def test_doctor_finds_all_well(operated: Operated) -> None:
    report = operated.paas("doctor")

    assert "BAD" not in report
    for part in (
        "engine",
        "redis",
        "haproxy",
        "web",
        "worker",
        "disk",
        "certificate",
        "stack images",
        "queue",
    ):
        assert part in report


def test_doctor_says_what_to_do_when_a_part_is_down(operated: Operated) -> None:
    os.kill(operated.pids_of_programs()["redis"], signal.SIGSTOP)
    try:
        frozen = operated.pids_of_programs()["redis"]
        operated.data_dir.joinpath("run", "redis.sock").rename(operated.data_dir / "run" / "hidden.sock")

        done = subprocess.run(
            [ROOT / "bin" / "paas", "doctor"], env=operated.environment, capture_output=True, text=True, check=False
        )

        assert done.returncode == 1
        assert re.search(r"BAD +queue.*\n +→ Run bin/up", done.stdout)
        assert "Traceback" not in done.stderr
    finally:
        operated.data_dir.joinpath("run", "hidden.sock").rename(operated.data_dir / "run" / "redis.sock")
        os.kill(frozen, signal.SIGCONT)


def test_a_second_operator_is_told_to_wait(operated: Operated) -> None:
    from paas.entrypoints.operator import locks

    with locks.instance(config.load({"data_dir": operated.data_dir}, {})):
        done = subprocess.run([UP], env=operated.environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "at work" in done.stderr


def test_a_port_of_somebody_else_stops_up_before_anything_is_started() -> None:
    taken = Platform()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        taken.environment["PAAS_HTTP_PORT"] = str(port)
        try:
            done = subprocess.run([UP], env=taken.environment, capture_output=True, text=True, check=False)

            assert done.returncode == 1
            assert f"Port {port} is in use by another program; nothing was started." in done.stderr
            assert not (taken.data_dir / "settings.json").exists()
        finally:
            taken.purge()


def test_a_folder_of_another_instance_is_refused(operated: Operated) -> None:
    environment = operated.environment | {"PAAS_NAME": "somebody-else"}

    done = subprocess.run([UP], env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"belongs to the instance {operated.name}" in done.stderr


def test_up_heals_after_the_supervisor_was_killed(operated: Operated) -> None:
    before = operated.pids_of_programs()
    os.kill(int((operated.data_dir / "run" / "supervisord.pid").read_text()), signal.SIGKILL)
    eventually(lambda: operated.pids_of_programs() == {})
    assert operated.sample() == 200  # apps don't depend on it

    operated.up()

    after = operated.pids_of_programs()
    assert set(after.values()).isdisjoint(before.values())
    assert not any(Path(f"/proc/{pid}").exists() for pid in before.values())
    assert operated.sample() == 200


def test_changed_settings_are_taken_up_and_kept(operated: Operated) -> None:
    before = operated.pids_of_programs()

    operated.up("--setting", "request_timeout=31")

    after = operated.pids_of_programs()
    assert {p for p in after if after[p] != before[p]} == {"web", "worker"}
    assert config.load({"data_dir": operated.data_dir}, {}).request_timeout == 31
    assert operated.sample() == 200


def test_down_stops_platform_and_apps_and_up_brings_them_back(operated: Operated) -> None:
    operated.paas("config", "set", "-a", "hello", "KEPT=yes")

    operated.down()

    assert operated.containers() == []
    assert operated.pids_of_programs() == {}
    with pytest.raises(requests.ConnectionError):
        operated.sample()
    operated.up()
    eventually(lambda: operated.sample() == 200)
    assert operated.paas("config", "get", "-a", "hello", "KEPT") == "yes\n"


def test_purge_removes_what_is_ours_and_nothing_else(operated: Operated, engine: Any, base_image: str) -> None:
    foreign_file = operated.data_dir / "holiday.jpg"
    foreign_file.write_text("sunny")
    network = engine.create_network("t-foreign", labels={"paas.instance": "somebody-else"})["Id"]
    container = engine.create_container(base_image, ["sleep", "600"], labels={"paas.instance": "somebody-else"})["Id"]
    ours = {"label": f"paas.instance={operated.name}"}
    assert engine.images(filters=ours)
    assert engine.networks(filters=ours)
    try:
        operated.down("--purge")

        assert engine.containers(all=True, filters=ours) == []
        assert engine.networks(filters=ours) == []
        assert engine.images(filters=ours) == []
        assert [p.name for p in operated.data_dir.iterdir()] == ["holiday.jpg"]
        assert engine.inspect_container(container)
        assert engine.inspect_network(network)
        assert engine.inspect_image(base_image)
        assert operated.pids_of_programs() == {}
    finally:
        engine.remove_container(container, force=True)
        engine.remove_network(network)


def test_down_says_so_where_there_is_nothing(operated: Operated) -> None:
    """After the purge."""
    done = subprocess.run(
        [ROOT / "bin" / "down"], env=operated.environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert f"There is no instance {operated.name}" in done.stderr


def _listening() -> Iterator[tuple[str, int]]:
    """(port, process id) of every listening TCP socket, as ss(8) of iproute2 tells."""
    lines = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout.splitlines()
    for line in lines:
        port = line.split()[3].rpartition(":")[2]
        yield from ((port, int(pid)) for pid in re.findall(r"pid=(\d+)", line))
