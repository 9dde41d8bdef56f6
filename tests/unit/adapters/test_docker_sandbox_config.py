"""A build's confinement, whole: each line of it is a wall."""

from __future__ import annotations

from pathlib import Path

from paas.adapters.docker_sandbox import container_config
from paas.config import MiB
from paas.ports.engine import Limits
from paas.ports.sandbox import Mount, SandboxSpec


def test_the_whole_configuration() -> None:
    spec = SandboxSpec(
        build_id="build-1",
        app_id="app-1",
        app_name="shop",
        image="sha256:build",
        command=("python3", "agent.py"),
        env={"A": "1"},
        mounts=(Mount(Path("/data/app"), "/app", writable=True), Mount(Path("/buildpacks"), "/cnb/buildpacks")),
        limits=Limits(512 * MiB, 1.5, 100),
    )

    assert container_config(spec, "paas", "network-1") == {
        "Image": "sha256:build",
        "Entrypoint": ["python3", "agent.py"],
        "Cmd": [],
        "Env": ["A=1"],
        "User": "1000:1000",
        "WorkingDir": "/app",
        "Hostname": "build",
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Labels": {
            "paas.instance": "paas",
            "paas.kind": "build",
            "paas.build": "build-1",
            "paas.app": "app-1",
            "paas.app-name": "shop",
        },
        "HostConfig": {
            "Init": True,
            "NetworkMode": "network-1",
            "Binds": ["/data/app:/app:rw", "/buildpacks:/cnb/buildpacks:ro"],
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Memory": 512 * MiB,
            "MemorySwap": 512 * MiB,
            "NanoCpus": 1_500_000_000,
            "PidsLimit": 100,
            "LogConfig": {"Type": "none"},
        },
    }
