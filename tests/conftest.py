"""Parts that several kinds of tests need: an instance of its own for each test, Redis, an image, all cleaned up after."""

from __future__ import annotations

import io
import secrets
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from paas.adapters.docker_client import DockerClient
from paas.adapters.docker_engine import DockerEngine
from paas.config import MiB, Settings
from paas.domain.process import Kind
from paas.ports.engine import Limits, ProcessSpec

# What processes do, by name: as a shell command for engines that run it, as a script for the one that makes it up.
COMMANDS = {
    "runs": "exec sleep 1000",
    "prints": "echo one; echo two; exit 3",
    "echoes": "cat",
    "ignores-term": "trap '' TERM; echo ready; while :; do sleep 0.1; done",
    "never-starts": "",
}

BUSYBOX = Path("/bin/busybox")  # Debian's package busybox-static


@pytest.fixture
def wait_for() -> Callable[..., None]:
    """`wait_for(condition)` returns once the condition holds; fails the test if it doesn't within `seconds`."""

    def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.01)

    return wait_for


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder whose path is short enough for unix sockets (pytest's own isn't always)."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def settings(data_dir: Path) -> Iterator[Settings]:
    """An instance with a name and folder of its own. What it leaves on the Docker Engine is removed after the test."""
    settings = Settings(name=f"t-{secrets.token_hex(4)}", data_dir=data_dir)
    settings.run_dir.mkdir()
    yield settings
    remove_instance(settings)


@pytest.fixture
def redis_server(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The instance's Redis, on its unix socket only."""
    server = start_redis(settings)
    yield server
    server.kill()
    server.wait()


@pytest.fixture(scope="session")
def base_image() -> Iterator[str]:
    """An image as small as can be in which processes start as in an app's image: a shell, and the launcher's place."""
    client = docker.APIClient(version="auto")
    tag = f"t-engine/base:{secrets.token_hex(4)}"
    client.import_image_from_data(
        _busybox_tar(),
        repository=tag.split(":")[0],
        tag=tag.split(":")[1],
        changes=["USER 1000:1000", "WORKDIR /app", "ENV PATH=/bin"],
    )
    yield tag
    client.remove_image(tag, force=True)
    client.close()


@pytest.fixture
def spec(base_image: str) -> Callable[..., ProcessSpec]:
    """`spec("prints")`, or any shell command, with the fields of `ProcessSpec` that matter to a test."""

    def spec(does: str, *, app: str = "app-a", stdin: bool = False, **fields: Any) -> ProcessSpec:
        plain = ProcessSpec(
            app_id=app,
            app_name="shop",
            kind=Kind.RUN if stdin else Kind.FORMATION,
            type="web",
            index=1,
            release=7,
            image="no/such:image" if does == "never-starts" else base_image,
            args=(COMMANDS.get(does, does),),
            command=does,
            env={},
            limits=Limits(memory=64 * MiB, cpus=0.5, pids=32),
            crashes=2,
            restart=4,
            stdin=stdin,
        )
        return replace(plain, **fields)

    return spec


@pytest.fixture
def docker_engine(settings: Settings) -> DockerEngine:
    return DockerEngine(DockerClient(settings.docker_host), settings)


def start_redis(settings: Settings) -> subprocess.Popen[bytes]:
    """Returns when it answers."""
    argv = [
        "redis-server",
        "--port",
        "0",
        "--unixsocket",
        str(settings.redis_socket),
        "--save",
        "",
        "--loglevel",
        "warning",
    ]
    server = subprocess.Popen(argv, cwd=settings.run_dir, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not settings.redis_socket.exists():
        assert server.poll() is None, "redis-server ended at once"
        assert time.monotonic() < deadline, "redis-server did not open its socket"
        time.sleep(0.01)
    return server


def remove_instance(settings: Settings) -> None:
    """Removes the instance's containers, then its networks, found by label as always."""
    client = docker.APIClient(version="auto")
    ours = {"label": f"paas.instance={settings.name}"}
    for container in client.containers(all=True, filters=ours):
        client.remove_container(container["Id"], force=True, v=True)
    for network in client.networks(filters=ours):
        client.remove_network(network["Id"])
    for image in client.images(filters={"reference": f"{settings.name}/*"}):
        for tag in image["RepoTags"] or ():
            if tag.startswith(f"{settings.name}/"):
                client.remove_image(tag, force=True)
    client.close()


def _busybox_tar() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:

        def add(
            name: str, content: bytes = b"", *, mode: int = 0o755, kind: bytes = tarfile.REGTYPE, link: str = ""
        ) -> None:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.type, entry.linkname = len(content), mode, kind, link
            tar.addfile(entry, io.BytesIO(content))

        for folder in ("app", "bin", "cnb", "cnb/lifecycle", "etc", "var"):
            add(folder, kind=tarfile.DIRTYPE)
        add("tmp", kind=tarfile.DIRTYPE, mode=0o1777)
        add("bin/busybox", BUSYBOX.read_bytes())
        for applet in subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split():
            if applet != "busybox":
                add(f"bin/{applet}", kind=tarfile.SYMTYPE, link="busybox")
        add("etc/passwd", b"paas:x:1000:1000::/app:/bin/sh\n", mode=0o644)
        add("cnb/lifecycle/launcher", b'#!/bin/sh\nexec /bin/sh -c "$*"\n')
    return archive.getvalue()
