"""Each port's fixture gives the fake and the real adapter in turn: every contract test runs on both."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import docker.errors
import pytest

from paas.adapters.docker_client import DockerClient
from paas.adapters.docker_engine import DockerEngine
from paas.adapters.docker_images import DockerImages
from paas.adapters.file_build_logs import FileBuildLogs
from paas.adapters.file_leases import FileLeases
from paas.adapters.memory.engine import MemoryEngine, Script
from paas.adapters.memory.images import MemoryImages
from paas.adapters.memory.leases import MemoryLeases
from paas.adapters.memory.logs import MemoryAppLogs, MemoryBuildLogs, MemorySignals
from paas.adapters.memory.queue import MemoryQueue
from paas.adapters.redis_client import connect
from paas.adapters.redis_logs import RedisAppLogs, RedisSignals
from paas.adapters.rq_queue import RqQueue
from paas.config import Settings
from paas.ports.engine import Engine
from paas.ports.images import Images
from paas.ports.leases import Leases
from paas.ports.logs import AppLogs, BuildLogs, Signals
from paas.ports.queue import Queue
from tests.conftest import COMMANDS

SCRIPTS = {
    COMMANDS["prints"]: Script(lines=("one", "two"), exit_code=3),
    COMMANDS["echoes"]: Script(echoes=True),
    COMMANDS["ignores-term"]: Script(lines=("ready",), ignores_term=True),
    COMMANDS["never-starts"]: Script(starts=False),
}


@pytest.fixture(params=["memory", "docker"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "memory":
        return MemoryEngine(scripts=SCRIPTS)
    engine: DockerEngine = request.getfixturevalue("docker_engine")
    return engine


@pytest.fixture(params=["memory", "docker"])
def dead_engine(request: pytest.FixtureRequest, settings: Settings) -> Engine:
    """One that doesn't answer."""
    if request.param == "memory":
        engine = MemoryEngine()
        engine.go_down()
        return engine
    return DockerEngine(DockerClient(f"unix://{settings.run_dir}/nobody-listens.sock"), settings)


@pytest.fixture
def docker_images(settings: Settings) -> DockerImages:
    return DockerImages(DockerClient(settings.docker_host), settings)


@pytest.fixture
def dead_images(settings: Settings) -> DockerImages:
    return DockerImages(DockerClient(f"unix://{settings.run_dir}/nobody-listens.sock"), settings)


@pytest.fixture(params=["memory", "docker"])
def images(request: pytest.FixtureRequest, base_image: str) -> Images:
    if request.param == "memory":
        return MemoryImages(base_image, "own")
    images: DockerImages = request.getfixturevalue("docker_images")
    return images


@pytest.fixture
def own_image(request: pytest.FixtureRequest, images: Images) -> str:
    """An image that nothing else holds."""
    return "own" if isinstance(images, MemoryImages) else str(request.getfixturevalue("untagged_image"))


@pytest.fixture
def untagged_image(base_image: str) -> Iterator[str]:
    """The base image with another label: its own id, and no tag."""
    client = docker.APIClient(version="auto")
    container = client.create_container(base_image, ["true"])["Id"]
    image = str(client.commit(container, changes=[f"LABEL test={secrets.token_hex(8)}"])["Id"])
    client.remove_container(container)
    yield image
    with suppress(docker.errors.NotFound):
        client.remove_image(image, force=True)
    client.close()


@pytest.fixture(params=["memory", "files"])
def leases(request: pytest.FixtureRequest, data_dir: Path) -> Leases:
    return MemoryLeases() if request.param == "memory" else FileLeases(data_dir / "leases")


@pytest.fixture(params=["memory", "files"])
def build_logs(request: pytest.FixtureRequest, data_dir: Path) -> BuildLogs:
    return MemoryBuildLogs() if request.param == "memory" else FileBuildLogs(data_dir / "builds")


@pytest.fixture(params=["memory", "redis"])
def app_logs(request: pytest.FixtureRequest, settings: Settings) -> AppLogs:
    if request.param == "memory":
        return MemoryAppLogs()
    request.getfixturevalue("redis_server")
    return RedisAppLogs(connect(settings.redis_socket, text=True), settings.name)


@pytest.fixture(params=["memory", "redis"])
def signals(request: pytest.FixtureRequest, settings: Settings) -> Signals:
    if request.param == "memory":
        return MemorySignals()
    request.getfixturevalue("redis_server")
    return RedisSignals(connect(settings.redis_socket, text=True), settings.name)


@pytest.fixture
def rq_queue(redis_server: subprocess.Popen[bytes], settings: Settings) -> RqQueue:
    return RqQueue(connect(settings.redis_socket), settings)


@pytest.fixture(params=["memory", "rq"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "memory":
        return MemoryQueue()
    queue: RqQueue = request.getfixturevalue("rq_queue")
    return queue
