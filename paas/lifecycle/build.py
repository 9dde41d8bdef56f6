"""Build: after restore, before export. Each buildpack of the group makes its layers (Buildpack API, *Build*)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from paas.errors import BuildFailed
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.environment import BUILD_PATHS, MAX_VALUE, Change, file_changes, path_changes
from paas.lifecycle.folder import Folder, TreeTooLarge
from paas.lifecycle.launch import Launch, parse_launch
from paas.lifecycle.layers import LayerMetadata, read_layers, read_sboms, read_toml
from paas.lifecycle.plan import Plan, Require

BUILD_ERROR = 51  # the phase's exit code
LAYERS = "/layers"  # where layers are in containers


@dataclass(frozen=True)
class Built:
    """What one buildpack left."""

    buildpack: Buildpack
    layers: Mapping[str, LayerMetadata] = field(default_factory=dict)
    launch: Launch = field(default_factory=Launch)
    store: Mapping[str, Any] = field(default_factory=dict)
    sboms: Mapping[tuple[str, str], bytes] = field(default_factory=dict)  # by layer ("": the launch's) and extension


Run = Callable[[Buildpack, str, Sequence[Change]], int]
"""Runs bin/build with a buildpack plan (TOML), in an environment with these changes. The exit code."""


def build(plan: Plan, layers: Path, exec_env: str, run: Run) -> list[Built]:
    """Runs the group, in order. `layers` holds each buildpack's folder. Raises `BuildFailed`."""
    built = []
    changes: list[Change] = []
    for buildpack in plan.group:
        requires = plan.for_buildpack(buildpack)
        code = run(buildpack, _plan_file(requires), changes)
        if code != 0:
            raise BuildFailed("build", BUILD_ERROR, f"{buildpack.ref}: bin/build ended with exit code {code}")
        try:
            with Folder(layers / buildpack.folder) as folder:
                result = _read(folder, buildpack, exec_env)
                changes += _build_changes(folder, result)
                unmet = _unmet(folder, requires)
        except (ValueError, OSError, TreeTooLarge) as exc:
            raise BuildFailed(
                "build", BUILD_ERROR, f"{buildpack.ref} left what the lifecycle can't take: {exc}"
            ) from exc
        plan = plan.met_by(buildpack, unmet)
        built.append(result)
    return built


def _plan_file(requires: Sequence[Require]) -> str:
    return tomli_w.dumps({"entries": [{"name": r.name, "metadata": r.metadata} for r in requires]})


def _read(folder: Folder, buildpack: Buildpack, exec_env: str) -> Built:
    layers = read_layers(folder)
    for name, metadata in layers.items():
        if not metadata.is_used:
            with suppress(OSError):  # a layer without a folder, or something in the way: it is left out in any case
                os.rename(name, f"{name}.ignore", src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
    store = read_toml(folder, "store.toml") or {}
    metadata = store.get("metadata", {})
    return Built(
        buildpack=buildpack,
        layers={name: layer for name, layer in layers.items() if layer.is_used},
        launch=parse_launch(read_toml(folder, "launch.toml") or {}, buildpack, exec_env),
        store=metadata if isinstance(metadata, Mapping) else {},
        sboms=read_sboms(folder, buildpack, layers),
    )


def _build_changes(folder: Folder, built: Built) -> list[Change]:
    """What the layers for the build mean for the buildpacks behind this one, layer by layer."""
    changes: list[Change] = []
    for name, metadata in built.layers.items():
        if not metadata.build or not folder.is_folder(name):
            continue
        with folder.folder(name) as layer:
            changes += path_changes(layer, f"{LAYERS}/{built.buildpack.folder}/{name}", BUILD_PATHS)
            for env in ("env", "env.build"):
                changes += file_changes(layer.files(env, MAX_VALUE))
    return changes


def _unmet(folder: Folder, requires: Sequence[Require]) -> frozenset[str]:
    document = read_toml(folder, "build.toml") or {}
    entries = document.get("unmet", [])
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) for e in entries):
        raise ValueError("build.toml: unmet is not a list of tables")
    unmet = frozenset(str(e.get("name", "")) for e in entries)
    if strange := unmet - {r.name for r in requires}:
        raise ValueError(f"build.toml: {', '.join(sorted(strange))} is unmet, but not in the plan")
    return unmet
