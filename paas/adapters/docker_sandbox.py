"""The sandbox on Docker: one container a build, attached before it starts, killed before its files are read."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker.errors

from paas.adapters.docker_client import VENDOR_ERRORS, DockerClient, engine_errors, explanation, status
from paas.adapters.docker_networks import DockerNetworks
from paas.adapters.docker_streams import Frames
from paas.adapters.readable import readable
from paas.config import Settings
from paas.errors import PlatformFault
from paas.ports.sandbox import Ending, SandboxSpec

_USER = "1000:1000"  # the stack's user
_NETWORK = "builds"
_KEPT_ERRORS = 4096  # bytes
_KILL_TIMEOUT = 10.0  # seconds


class DockerSandbox:
    """Implements `Sandbox`. Builds have a network of their own, in which they don't reach each other."""

    def __init__(self, client: DockerClient, networks: DockerNetworks, settings: Settings) -> None:
        self._client = client
        self._networks = networks
        self._settings = settings

    def start(self, spec: SandboxSpec) -> DockerSession:
        with engine_errors("starting the build container"):
            try:
                return self._start(spec)
            except docker.errors.NotFound as exc:
                if "network" not in explanation(exc):
                    raise
                self._networks.lost(_NETWORK)  # somebody removed it
                return self._start(spec)

    def discard(self, build_id: str) -> None:
        with engine_errors("removing build containers"):
            labels = [f"paas.instance={self._settings.name}", "paas.kind=build", f"paas.build={build_id}"]
            for container in self._client.api.containers(all=True, filters={"label": labels}):
                try:
                    self._client.api.remove_container(container["Id"], force=True, v=True)
                except docker.errors.APIError as exc:
                    if status(exc) not in (404, 409):  # gone; its removal is under way
                        raise

    def _start(self, spec: SandboxSpec) -> DockerSession:
        config = container_config(spec, self._settings.name, self._networks.ensure(_NETWORK, apart=True))
        try:
            created = self._client.api.create_container_from_config(config)  # type: ignore[no-untyped-call]
        except docker.errors.ImageNotFound as exc:
            raise PlatformFault(f"the build image {spec.image} is missing; bin/up makes it") from exc
        try:
            return DockerSession(self._client, created["Id"])
        except BaseException:
            with suppress(*VENDOR_ERRORS):
                self._client.api.remove_container(created["Id"], force=True, v=True)
            raise


def container_config(spec: SandboxSpec, instance: str, network: str) -> dict[str, Any]:
    """The body of the Engine API's *Create a container*. The one place where a build's confinement is written down."""
    return {
        "Image": spec.image,
        "Entrypoint": list(spec.command),
        "Cmd": [],
        "Env": [f"{name}={value}" for name, value in spec.env.items()],
        "User": _USER,
        "WorkingDir": "/app",
        "Hostname": "build",
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Labels": {
            "paas.instance": instance,
            "paas.kind": "build",
            "paas.build": spec.build_id,
            "paas.app": spec.app_id,
            "paas.app-name": spec.app_name,
        },
        "HostConfig": {
            "Init": True,  # reaps what commands leave behind
            "NetworkMode": network,
            "Binds": [f"{m.source}:{m.target}:{'rw' if m.writable else 'ro'}" for m in spec.mounts],
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Memory": spec.limits.memory,
            "MemorySwap": spec.limits.memory,  # memory and swap together: no swap
            "NanoCpus": int(spec.limits.cpus * 1e9),
            "PidsLimit": spec.limits.pids,
            "LogConfig": {"Type": "none"},  # we are attached; nothing needs to be kept
        },
    }


class DockerSession:
    """Implements `SandboxSession` over a hijacked connection."""

    def __init__(self, client: DockerClient, container: str) -> None:
        """Attaches, then starts it. Raises the SDK's errors."""
        self._client = client
        self._container = container
        self._frames = Frames()
        self._ready: deque[bytes] = deque()
        self._errors = b""
        self._stopped = False
        self._out_of_memory = False
        self._removal = threading.Thread(target=self._remove, name="build-container-removal")
        self._socket = client.attach(container)
        try:
            client.api.start(container)
            self._init: int | None = _open_init(client, container)
        except BaseException:
            self._socket.close()
            raise

    def send(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def receive(self, timeout: float) -> bytes | None:
        if not self._ready:
            if not readable(self._socket, timeout):
                return None
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return b""
            for stream, payload in self._frames.feed(data):
                if stream == "stdout":
                    self._ready.append(payload)
                else:
                    self._errors = (self._errors + payload)[-_KEPT_ERRORS:]
        return self._ready.popleft() if self._ready else None

    def stop(self) -> None:
        if self._stopped:
            return
        init, self._init = self._init, None
        if init is None or not _kill(init):
            with engine_errors("stopping the build container"):
                self._kill_by_engine()
        self._stopped = True
        # The engine takes a while to notice, to let go of the network and to unmount; the caller need not wait for that.
        self._removal.start()

    def ending(self) -> Ending:
        self.close()
        return Ending(self._out_of_memory, self._errors.decode("utf-8", "replace"))

    def close(self) -> None:
        self.stop()
        self._removal.join()
        self._socket.close()

    def _kill_by_engine(self) -> None:
        """Returns when no process of it is left."""
        try:
            self._client.api.kill(self._container)
        except docker.errors.APIError as exc:
            if status(exc) not in (404, 409):  # gone; not running
                raise
        with suppress(docker.errors.NotFound):
            self._client.api.wait(self._container)

    def _remove(self) -> None:
        """Best effort: what is left is found by its label when the build is discarded."""
        with suppress(*VENDOR_ERRORS):
            self._client.api.wait(self._container)
            state = self._client.api.inspect_container(self._container)["State"]
            self._out_of_memory = bool(state["OOMKilled"])
        with suppress(*VENDOR_ERRORS):
            self._client.api.remove_container(self._container, force=True, v=True)


def _open_init(client: DockerClient, container: str) -> int | None:
    """A descriptor of the container's first process, if it is one of this machine's that we can see.

    The kernel kills all others of a PID namespace before its first process has ended (pid_namespaces(7)), and tells us so some
    100 ms before the engine would. A process id is worth nothing by itself: it must be in the container's control group.
    """
    pid = int(client.api.inspect_container(container)["State"]["Pid"])
    try:
        fd = os.pidfd_open(pid)
    except (OSError, ValueError):
        return None
    with suppress(OSError):
        if container in Path(f"/proc/{pid}/cgroup").read_text():
            return fd
    os.close(fd)
    return None


def _kill(init: int) -> bool:
    """Whether it ended, and all its namespace with it."""
    try:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(init, signal.SIGKILL)
        return readable(init, _KILL_TIMEOUT)
    except OSError:
        return False
    finally:
        os.close(init)
