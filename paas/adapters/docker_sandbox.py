"""The sandbox on Docker: one container a build, attached before it starts, killed before its files are read."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections import deque
from contextlib import suppress
from typing import Any

import docker.errors

from paas.adapters.docker_client import VENDOR_ERRORS, DockerClient, engine_errors, status
from paas.adapters.docker_networks import DockerNetworks
from paas.adapters.docker_streams import Frames
from paas.config import Settings
from paas.errors import PlatformFault
from paas.ports.sandbox import Ending, SandboxSpec

_USER = "1000:1000"  # the stack's user
_NETWORK = "builds"
_DETACH_NEVER = b"\xff,\xff"  # else ctrl-p ctrl-q in what we send would detach us
_KEPT_ERRORS = 4096


class DockerSandbox:
    """Implements `Sandbox`. Builds share a network of their own, apart from the apps'."""

    def __init__(self, client: DockerClient, networks: DockerNetworks, settings: Settings) -> None:
        self._client = client
        self._networks = networks
        self._settings = settings

    def start(self, spec: SandboxSpec) -> DockerSession:
        with engine_errors("starting the build container"):
            container = self._create(spec)
            try:
                session = DockerSession(self._client, container)
                self._client.api.start(container)
            except BaseException:
                _remove(self._client, container)
                raise
            return session

    def discard(self, build_id: str) -> None:
        with engine_errors("removing build containers"):
            labels = [f"paas.instance={self._settings.name}", "paas.kind=build", f"paas.build={build_id}"]
            for container in self._client.api.containers(all=True, filters={"label": labels}):
                try:
                    self._client.api.remove_container(container["Id"], force=True, v=True)
                except docker.errors.APIError as exc:
                    if status(exc) not in (404, 409):  # gone; its removal is under way
                        raise

    def _create(self, spec: SandboxSpec) -> str:
        for attempt in (1, 2):
            config = container_config(spec, self._settings.name, self._networks.ensure(_NETWORK))
            try:
                created = self._client.api.create_container_from_config(config)  # type: ignore[no-untyped-call]
                return str(created["Id"])
            except docker.errors.ImageNotFound as exc:
                raise PlatformFault(f"the build image {spec.image} is missing; bin/up makes it") from exc
            except docker.errors.NotFound:
                if attempt == 2:
                    raise
                self._networks.lost(_NETWORK)  # somebody removed it; make it again, once
        raise AssertionError


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
        """Attaches; the container need not run yet. Raises the SDK's errors."""
        self._client = client
        self._container = container
        self._frames = Frames()
        self._ready: deque[bytes] = deque()
        self._errors = b""
        self._ending: Ending | None = None
        self._removal = threading.Thread(target=_remove, args=(client, container))
        params = {"stream": 1, "stdin": 1, "stdout": 1, "stderr": 1, "detachKeys": _DETACH_NEVER}
        attached = client.api.attach_socket(container, params)
        self._socket = socket.socket(fileno=os.dup(attached.fileno()))
        self._socket.setblocking(True)
        attached.close()

    def send(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def receive(self, timeout: float) -> bytes | None:
        if not self._ready:
            if not select.select([self._socket], [], [], timeout)[0]:
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

    def stop(self) -> Ending:
        if self._ending is None:
            with engine_errors("stopping the build container"):
                out_of_memory = self._kill()
            self._ending = Ending(out_of_memory, self._errors.decode("utf-8", "replace"))
            self._socket.close()
            # Taking it down takes as long as killing it, and the mounts are still already.
            self._removal.start()
        return self._ending

    def close(self) -> None:
        self.stop()
        self._removal.join()

    def _kill(self) -> bool:
        """Returns when no process of it is left; whether the kernel killed some for want of memory."""
        try:
            self._client.api.kill(self._container)
        except docker.errors.APIError as exc:
            if status(exc) == 404:
                return False
            if status(exc) != 409:  # 409: it isn't running any more
                raise
        try:
            self._client.api.wait(self._container)
            return bool(self._client.api.inspect_container(self._container)["State"]["OOMKilled"])
        except docker.errors.NotFound:
            return False


def _remove(client: DockerClient, container: str) -> None:
    """Best effort: what is left is found by its label when the build is discarded."""
    with suppress(*VENDOR_ERRORS):
        client.api.remove_container(container, force=True, v=True)
