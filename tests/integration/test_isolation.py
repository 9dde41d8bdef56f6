"""Apps are other people's code: they reach neither each other, nor the host's loopback, nor the control plane."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable
from ipaddress import IPv4Network

import docker
import pytest

from paas.adapters.docker_engine import DockerEngine
from paas.config import Settings
from paas.domain.process import Process
from paas.ports.engine import ProcessSpec

Spec = Callable[..., ProcessSpec]
WaitFor = Callable[..., None]

SERVES = "echo secret > /tmp/index.html; exec httpd -f -p 5000 -h /tmp"


@pytest.fixture
def server(docker_engine: DockerEngine, spec: Spec, wait_for: WaitFor) -> Process:
    """A web process of app A, which answers the host: that is how the router reaches it."""
    process = docker_engine.start(spec(SERVES, app="app-a"))
    wait_for(lambda: _answers(process))
    return process


def test_processes_of_one_app_reach_each_other(docker_engine: DockerEngine, spec: Spec, server: Process) -> None:
    assert _fetch(docker_engine, spec, "app-a", str(server.address), 5000) == ["HTTP/1.1 200 OK", "exit 0"]


def test_processes_of_another_app_do_not(docker_engine: DockerEngine, spec: Spec, server: Process) -> None:
    assert _fetch(docker_engine, spec, "app-b", str(server.address), 5000) == ["exit 1"]


def test_what_listens_on_the_hosts_loopback_is_out_of_reach(
    docker_engine: DockerEngine, settings: Settings, spec: Spec, server: Process
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for address in ("127.0.0.1", _gateway(settings)):
            assert _fetch(docker_engine, spec, "app-a", address, port) == ["exit 1"]


def test_no_socket_of_the_control_plane_is_in_a_container(docker_engine: DockerEngine, spec: Spec) -> None:
    process = docker_engine.start(
        spec("find / -xdev -type s; ls /run /var/run 2>&1 | grep -c docker; grep -c docker.sock /proc/mounts")
    )
    docker_engine.wait(process.id, 20)

    assert [line.text for line in docker_engine.output(process.id)] == ["0", "0"]


def test_a_process_sees_only_its_own_container(docker_engine: DockerEngine, spec: Spec, server: Process) -> None:
    process = docker_engine.start(
        spec("ls -d /proc/[0-9]* | wc -l; kill -0 -1; touch /etc/x /bin/x; mount -t tmpfs none /tmp; chroot / true")
    )
    docker_engine.wait(process.id, 20)

    lines = [line.text for line in docker_engine.output(process.id)]

    assert next(int(line) for line in lines if line.isdigit()) < 6
    assert sum("ermi" in line or "not permitted" in line for line in lines) >= 3


def _fetch(engine: DockerEngine, spec: Spec, app: str, address: str, port: int) -> list[str]:
    """What a one-off process of the app is answered there (the first line), and how that ended."""
    ask = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {address} {port} 2>/dev/null"
    process = engine.start(
        spec(f"answer=$({ask}); code=$?; echo \"$answer\" | grep HTTP | tr -d '\\r'; echo exit $code", app=app)
    )
    engine.wait(process.id, 20)
    return [line.text for line in engine.output(process.id)]


def _answers(process: Process) -> bool:
    try:
        with urllib.request.urlopen(f"http://{process.address}:5000/", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _gateway(settings: Settings) -> str:
    client = docker.APIClient(version="auto")
    network = client.networks(filters={"label": f"paas.instance={settings.name}"})[0]
    client.close()
    return str(next(IPv4Network(network["IPAM"]["Config"][0]["Subnet"]).hosts()))
