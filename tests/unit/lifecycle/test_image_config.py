"""The image's configuration: whole values, because what runs depends on each field."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from paas.lifecycle.build import Built
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.image_config import ImageFacts, ImagePart, configuration, metadata_toml
from paas.lifecycle.launch import Launch, LaunchProcess
from paas.lifecycle.layers import LayerMetadata
from paas.ports.image_store import ImageInfo

BASE = ImageInfo(
    id="sha256:run",
    diff_ids=("sha256:base",),
    labels={"io.buildpacks.base.distro.name": "debian", "paas.stack": "12"},
    env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    config={"User": "", "StopSignal": "SIGINT", "Hostname": "left-out", "Cmd": ["bash"]},
)
X = Built(
    Buildpack("test/x", "1.0", "0.10", "/x", homepage="https://example.org"),
    {"deps": LayerMetadata(launch=True, cache=True, data={"sum": "1"}), "tools": LayerMetadata(cache=True)},
    store={"key": "value"},
)
WEB = LaunchProcess("web", ("gunicorn",), ("app:app",), buildpack="test/x")


def facts(launch: Launch | None = None, **more: Any) -> ImageFacts:
    fields: dict[str, Any] = {
        "base": BASE,
        "base_name": "paas-stack/run:12",
        "built": [X],
        "launch": Launch((WEB,), (), {"own": "label"}) if launch is None else launch,
        "parts": [
            ImagePart("buildpack", "sha256:deps", "test/x", "deps"),
            ImagePart("launcher", "sha256:launcher"),
            ImagePart("config", "sha256:config"),
            ImagePart("app", "sha256:app"),
        ],
        "instance": "paas",
        "app_id": "app-1",
        "commit": "c0ffee",
    }
    return ImageFacts(**{**fields, **more})


def config_of(made: ImageFacts) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(configuration(made))
    return document


def test_the_whole_configuration() -> None:
    document = config_of(facts())

    labels = document["config"].pop("Labels")
    assert document == {
        "architecture": "amd64",
        "os": "linux",
        "created": "1980-01-01T00:00:01Z",
        "config": {
            "StopSignal": "SIGINT",
            "Env": [
                "HOME=/app",
                "PATH=/cnb/process:/usr/bin:/bin",
                "LANG=C.UTF-8",
                "CNB_LAYERS_DIR=/layers",
                "CNB_APP_DIR=/app",
            ],
            "Entrypoint": ["/cnb/process/web"],
            "User": "1000:1000",
            "WorkingDir": "/app",
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": ["sha256:base", "sha256:deps", "sha256:launcher", "sha256:config", "sha256:app"],
        },
        "history": [
            {"created": "1980-01-01T00:00:01Z", "created_by": text}
            for text in ("paas-stack/run:12", "buildpack test/x deps", "launcher", "config", "app")
        ],
    }
    assert set(labels) == {
        "io.buildpacks.base.distro.name",
        "io.buildpacks.lifecycle.metadata",
        "io.buildpacks.build.metadata",
        "io.buildpacks.project.metadata",
        "io.buildpacks.rebasable",
        "own",
        "paas.instance",
        "paas.app",
    }
    assert json.loads(labels["io.buildpacks.lifecycle.metadata"]) == {
        "app": [{"sha": "sha256:app"}],
        "launcher": {"sha": "sha256:launcher"},
        "config": {"sha": "sha256:config"},
        "process-types": {"sha": "sha256:config"},
        "buildpacks": [
            {
                "key": "test/x",
                "version": "1.0",
                "store": {"metadata": {"key": "value"}},
                "layers": {
                    "deps": {"sha": "sha256:deps", "data": {"sum": "1"}, "build": False, "launch": True, "cache": True}
                },
            }
        ],
        "runImage": {
            "image": "paas-stack/run:12",
            "reference": "sha256:run",
            "topLayer": "sha256:base",
            "mirrors": [],
        },
    }
    build = json.loads(labels["io.buildpacks.build.metadata"])
    assert build["processes"] == [
        {
            "type": "web",
            "command": ["gunicorn"],
            "args": ["app:app"],
            "direct": True,
            "working-dir": "/app",
            "buildpackID": "test/x",
        }
    ]
    assert build["buildpacks"] == [{"id": "test/x", "version": "1.0", "api": "0.10", "homepage": "https://example.org"}]
    project = json.loads(labels["io.buildpacks.project.metadata"])
    assert project == {"source": {"type": "git", "version": {"commit": "c0ffee"}, "metadata": {}}}


def test_a_buildpack_cannot_pass_its_image_off_as_another_apps() -> None:
    launch = Launch((), (), {"paas.app": "other", "io.buildpacks.rebasable": "false"})

    labels = config_of(facts(launch))["config"]["Labels"]

    assert labels["paas.app"] == "app-1"


def test_without_a_default_process_the_launcher_is_the_entrypoint() -> None:
    assert config_of(facts(Launch()))["config"]["Entrypoint"] == ["/cnb/lifecycle/launcher"]


def test_root_is_never_the_user_but_another_one_of_the_base_is_kept() -> None:
    def user(of_base: str) -> str:
        base = ImageInfo("i", (), {}, {}, config={"User": of_base})
        return str(config_of(facts(base=base))["config"]["User"])

    assert [user(u) for u in ("root", "0", "0:0", "root:root", "1001:1001")] == ["1000:1000"] * 4 + ["1001:1001"]


def test_the_same_facts_give_the_same_bytes() -> None:
    assert configuration(facts()) == configuration(facts())


def test_metadata_toml_can_be_read() -> None:
    assert tomllib.loads(metadata_toml([X], Launch((WEB,))).decode()) == {
        "buildpacks": [{"id": "test/x", "version": "1.0", "api": "0.10"}],
        "buildpack-default-process-type": "web",
        "processes": [
            {"type": "web", "command": ["gunicorn"], "args": ["app:app"], "direct": True, "working-dir": "/app"}
        ],
    }
