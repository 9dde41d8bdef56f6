"""What the engine is told of a container, as a whole: each line of it is a decision."""

from __future__ import annotations

from dataclasses import replace

from paas.adapters.docker_engine import container_config
from paas.config import MiB, Settings
from paas.domain.process import Kind
from paas.ports.engine import Limits, ProcessSpec

WEB = ProcessSpec(
    app_id="0f8fad5b",
    app_name="shop",
    kind=Kind.FORMATION,
    type="web",
    index=2,
    release=7,
    image="sha256:1234",
    args=("gunicorn app:app --bind 0.0.0.0:$PORT",),
    command="gunicorn app:app --bind 0.0.0.0:$PORT",
    env={"PORT": "5000", "DYNO": "web.2", "SECRET": "two\nlines"},
    limits=Limits(memory=512 * MiB, cpus=0.5, pids=256),
    crashes=3,
    restart=4,
)


def test_a_web_process() -> None:
    assert container_config(WEB, Settings(name="prod"), "network-id") == {
        "Image": "sha256:1234",
        "Entrypoint": ["/cnb/lifecycle/launcher"],
        "Cmd": ["gunicorn app:app --bind 0.0.0.0:$PORT"],
        "Env": ["DYNO=web.2", "PORT=5000", "SECRET=two\nlines", "TINI_KILL_PROCESS_GROUP=1"],
        "User": "1000:1000",
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "AttachStdin": False,
        "StopSignal": "SIGTERM",
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {
            "paas.instance": "prod",
            "paas.app": "0f8fad5b",
            "paas.app-name": "shop",
            "paas.kind": "formation",
            "paas.type": "web",
            "paas.index": "2",
            "paas.release": "7",
            "paas.crashes": "3",
            "paas.restart": "4",
            "paas.command": "gunicorn app:app --bind 0.0.0.0:$PORT",
        },
        "HostConfig": {
            "NetworkMode": "network-id",
            "Init": True,
            "RestartPolicy": {"Name": "no"},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "Memory": 536870912,
            "MemorySwap": 536870912,
            "NanoCpus": 500000000,
            "PidsLimit": 256,
            "OomScoreAdj": 500,
            "IpcMode": "private",
            "ShmSize": 67108864,
            "Ulimits": [
                {"Name": "nofile", "Soft": 10000, "Hard": 10000},
                {"Name": "core", "Soft": 0, "Hard": 0},
            ],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
        },
    }


def test_a_one_off_with_a_terminal_differs_in_its_streams_only() -> None:
    run = replace(WEB, kind=Kind.RUN, type="run", index=4821, tty=True, stdin=True)
    web, config = (container_config(s, Settings(name="prod"), "network-id") for s in (WEB, run))

    changed = {key: value for key, value in config.items() if value != web[key]}

    assert {key: changed.pop(key) for key in ("Tty", "OpenStdin", "StdinOnce", "AttachStdin")} == {
        "Tty": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
    }
    assert list(changed) == ["Labels"]


def test_an_app_cannot_take_back_what_keeps_its_signals_working() -> None:
    stubborn = replace(WEB, env={"TINI_KILL_PROCESS_GROUP": ""})

    assert container_config(stubborn, Settings(), "network-id")["Env"] == ["TINI_KILL_PROCESS_GROUP=1"]
