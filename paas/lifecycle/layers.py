"""Layers: what buildpacks leave in their folder under /layers, as the lifecycle sees it (Buildpack API, *Layer Types*)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from paas.lifecycle.descriptor import SBOM_TYPES, Buildpack
from paas.lifecycle.folder import Folder

MAX_TOML = 1024 * 1024
MAX_SBOM = 16 * 1024 * 1024

_NOT_LAYERS = frozenset({"launch", "build", "store"})
_NAME = re.compile(r"[^/\0\n]{1,200}")


@dataclass(frozen=True)
class LayerMetadata:
    """`<layer>.toml`."""

    launch: bool = False
    build: bool = False
    cache: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_used(self) -> bool:
        return self.launch or self.build or self.cache


def read_toml(folder: Folder, name: str) -> dict[str, Any] | None:
    """A TOML file that a buildpack wrote; None if it wrote none. Raises `ValueError`, `TreeTooLarge`."""
    content = folder.read(name, MAX_TOML)
    if content is None:
        return None
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"{name} is not valid TOML: {exc}") from exc


def read_layers(folder: Folder) -> dict[str, LayerMetadata]:
    """A buildpack's layers by name, in order. Raises `ValueError`, `TreeTooLarge`."""
    found = {}
    for file in folder.names():
        name = file.removesuffix(".toml")
        if name == file or name in _NOT_LAYERS or not folder.is_file(file):
            continue
        if not _NAME.fullmatch(name) or name.startswith("."):
            raise ValueError(f"{name!r} can't be a layer's name")
        found[name] = _metadata(read_toml(folder, file) or {}, file)
    return found


def read_sboms(
    folder: Folder, buildpack: Buildpack, layers: Mapping[str, LayerMetadata]
) -> dict[tuple[str, str], bytes]:
    """The software bills of materials of layers, and, with "" for a layer, of the launch as a whole: (layer, extension) →
    content. Those of the build are only for whoever looks on while it runs.

    Raises `ValueError` for one in a format that the buildpack doesn't declare, `TreeTooLarge`.
    """
    found = {}
    for file in folder.names():
        name, sbom, extension = file.partition(".sbom.")
        if not sbom or extension not in SBOM_TYPES:
            continue
        if not any(declared.split(";")[0].strip() == SBOM_TYPES[extension] for declared in buildpack.sbom_formats):
            raise ValueError(f"{file}: buildpack.toml does not list {SBOM_TYPES[extension]} in sbom-formats")
        if (name == "launch" or name in layers) and (content := folder.read(file, MAX_SBOM)) is not None:
            found["" if name == "launch" else name, extension] = content
    return found


def _metadata(document: Mapping[str, Any], file: str) -> LayerMetadata:
    types = document.get("types", {})
    if not isinstance(types, Mapping):
        raise ValueError(f"{file}: types is not a table")
    flags = [types.get(key, False) for key in ("launch", "build", "cache")]
    if not all(isinstance(flag, bool) for flag in flags):
        raise ValueError(f"{file}: types must be true or false")
    launch, build, cache = flags
    return LayerMetadata(launch, build, cache, document.get("metadata", {}))
