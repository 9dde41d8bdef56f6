"""The image's configuration, labels and launch files, from what the build left: pure values (CNB Platform API, *Labels*).

Nothing in here depends on the time or on the build's id: the same tree gives the same image.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomli_w

from paas.lifecycle.build import LAYERS, Built
from paas.lifecycle.launch import Launch, LaunchProcess
from paas.ports.image_store import ImageInfo

LAUNCHER = "/cnb/lifecycle/launcher"
CREATED = "1980-01-01T00:00:01Z"

_USER = "1000:1000"
_PROCESSES = "/cnb/process"
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BASE_FIELDS = ("ExposedPorts", "Volumes", "StopSignal", "Shell")


@dataclass(frozen=True)
class ImagePart:
    """A layer of the image to be, above its base. `role` is `buildpack`, `launcher`, `sbom`, `config` or `app`."""

    role: str
    diff_id: str
    buildpack: str = ""
    layer: str = ""


@dataclass(frozen=True)
class ImageFacts:
    """All that goes into the configuration."""

    base: ImageInfo
    base_name: str
    built: Sequence[Built]
    launch: Launch
    parts: Sequence[ImagePart]
    instance: str
    app_id: str
    commit: str


def configuration(facts: ImageFacts) -> bytes:
    """An OCI image configuration, as JSON. Its SHA-256 is the image's id."""
    base = facts.base
    default = facts.launch.default
    env = {"HOME": "/app"} | dict(base.env)
    env |= {"CNB_LAYERS_DIR": LAYERS, "CNB_APP_DIR": "/app"}
    env["PATH"] = f"{_PROCESSES}:{base.env.get('PATH', _DEFAULT_PATH)}"
    user = str(base.config.get("User") or "")
    config = {
        **{key: base.config[key] for key in _BASE_FIELDS if base.config.get(key)},
        "Env": [f"{name}={value}" for name, value in env.items()],
        "Entrypoint": [f"{_PROCESSES}/{default}" if default else LAUNCHER],
        "User": _USER if user.split(":")[0] in ("", "0", "root") else user,
        "WorkingDir": "/app",
        "Labels": labels(facts),
    }
    return _json(
        {
            "architecture": base.architecture,
            "os": base.os,
            "created": CREATED,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [*base.diff_ids, *(p.diff_id for p in facts.parts)]},
            "history": [
                *({"created": CREATED, "created_by": facts.base_name} for _ in base.diff_ids),
                *(
                    {"created": CREATED, "created_by": " ".join(filter(None, (p.role, p.buildpack, p.layer)))}
                    for p in facts.parts
                ),
            ],
        }
    ).encode()


def labels(facts: ImageFacts) -> dict[str, str]:
    """The image's labels: the specification's, then ours."""
    return {
        **{k: v for k, v in facts.base.labels.items() if k.startswith("io.buildpacks.base.")},
        "io.buildpacks.lifecycle.metadata": _json(_lifecycle_metadata(facts)),
        "io.buildpacks.build.metadata": _json(_build_metadata(facts)),
        "io.buildpacks.project.metadata": _json(
            {"source": {"type": "git", "version": {"commit": facts.commit}, "metadata": {}}} if facts.commit else {}
        ),
        "io.buildpacks.rebasable": "true",
        **facts.launch.labels,
        "paas.instance": facts.instance,
        "paas.app": facts.app_id,
    }


def metadata_toml(built: Sequence[Built], launch: Launch) -> bytes:
    """`/layers/config/metadata.toml`, for tools that look into the image."""
    document = {
        "buildpacks": [{"id": b.buildpack.id, "version": b.buildpack.version, "api": b.buildpack.api} for b in built],
        "buildpack-default-process-type": launch.default or "",
        "processes": [_process(p) for p in launch.processes],
    }
    return tomli_w.dumps(document).encode("utf-8", "surrogateescape")


def launch_file(built: Sequence[Built], launch: Launch) -> bytes:
    """`/layers/config/launch`: the same for our launcher, so that nothing has to parse TOML when a process starts."""
    lines = [f"__cnb_buildpacks=({_words(b.buildpack.folder for b in built)})", "__cnb_process() {", "  case $1 in"]
    for process in launch.processes:
        appends = "" if process.direct else "1"
        lines += [
            f"    {shlex.quote(process.type)})",
            f"      __cnb_direct={'1' if process.direct else ''} __cnb_appends={appends}",
            f"      __cnb_folder={shlex.quote(process.working_dir)}",
            f"      __cnb_command=({_words(process.command)})",
            f"      __cnb_args=({_words(process.args)}) ;;",
        ]
    lines += ["    *) return 1 ;;", "  esac", "}"]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _lifecycle_metadata(facts: ImageFacts) -> dict[str, Any]:
    by_layer = {(p.buildpack, p.layer): p.diff_id for p in facts.parts if p.role == "buildpack"}
    single = {p.role: {"sha": p.diff_id} for p in facts.parts if p.role in ("launcher", "sbom", "config")}
    return {
        "app": [{"sha": p.diff_id} for p in facts.parts if p.role == "app"],
        **single,
        "process-types": single.get("config", {}),  # their links are in the same layer
        "buildpacks": [
            {
                "key": b.buildpack.id,
                "version": b.buildpack.version,
                "store": {"metadata": b.store},
                "layers": {
                    name: {
                        "sha": by_layer[b.buildpack.id, name],
                        "data": layer.data,
                        "build": layer.build,
                        "launch": layer.launch,
                        "cache": layer.cache,
                    }
                    for name, layer in b.layers.items()
                    if (b.buildpack.id, name) in by_layer
                },
            }
            for b in facts.built
        ],
        "runImage": {
            "image": facts.base_name,
            "reference": facts.base.id,
            "topLayer": facts.base.diff_ids[-1] if facts.base.diff_ids else "",
            "mirrors": [],
        },
    }


def _build_metadata(facts: ImageFacts) -> dict[str, Any]:
    return {
        "processes": [_process(p) | {"buildpackID": p.buildpack} for p in facts.launch.processes],
        "buildpacks": [
            {
                "id": b.buildpack.id,
                "version": b.buildpack.version,
                "api": b.buildpack.api,
                "homepage": b.buildpack.homepage,
            }
            for b in facts.built
        ],
        "launcher": {"version": "", "source": {"git": {"repository": "", "commit": ""}}},
    }


def _process(process: LaunchProcess) -> dict[str, Any]:
    return {
        "type": process.type,
        "command": list(process.command),
        "args": list(process.args),
        "direct": process.direct,
        "working-dir": process.working_dir or "/app",
    }


def _words(words: Any) -> str:
    return " ".join(map(shlex.quote, words))


def _json(document: Mapping[str, Any]) -> str:
    # TOML has dates, JSON has none.
    return json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
