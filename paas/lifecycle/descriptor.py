"""buildpack.toml and order.toml: what a buildpack says of itself, and which are tried in which order (CNB Buildpack API)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paas.errors import PlatformFault

SUPPORTED_APIS = ("0.7", "0.8", "0.9", "0.10", "0.11", "0.12")
SBOM_TYPES = {
    "cdx.json": "application/vnd.cyclonedx+json",
    "spdx.json": "application/spdx+json",
    "syft.json": "application/vnd.syft+json",
}

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]*")
_RESERVED_IDS = frozenset({"app", "config", "generated", "sbom"})


@dataclass(frozen=True)
class Target:
    """Where a buildpack runs. Empty fields fit everything."""

    os: str = ""
    arch: str = ""
    variant: str = ""
    distros: tuple[tuple[str, str], ...] = ()  # (name, version)

    def fits(self, wanted: Target) -> bool:
        """Whether it includes `wanted`, which names one distribution at most."""
        if (self.os and self.os != wanted.os) or (self.arch and self.arch != wanted.arch):
            return False
        if self.variant and wanted.variant and self.variant != wanted.variant:
            return False
        if not self.distros or not wanted.distros:
            return True
        name, version = wanted.distros[0]
        return any(n == name and (not v or v == version) for n, v in self.distros)


@dataclass(frozen=True)
class GroupMember:
    """A buildpack's place in an order. An empty version means the only one there is."""

    id: str
    version: str = ""
    optional: bool = False
    exec_env: tuple[str, ...] = ()


Order = tuple[tuple[GroupMember, ...], ...]


@dataclass(frozen=True)
class Buildpack:
    """A buildpack directory. Composite ones have an order instead of programs."""

    id: str
    version: str
    api: str
    path: str  # in the build container
    name: str = ""
    homepage: str = ""
    clear_env: bool = False
    sbom_formats: tuple[str, ...] = ()
    exec_env: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    stacks: tuple[str, ...] = ()
    order: Order = ()

    @property
    def ref(self) -> str:
        """`paas/python 0.1.0`."""
        return f"{self.id} {self.version}".rstrip()

    @property
    def folder(self) -> str:
        """The id as a directory's name."""
        return self.id.replace("/", "_")

    def speaks(self, api: str) -> bool:
        """Whether the buildpack was written for that version of the API, or a later one."""
        return SUPPORTED_APIS.index(self.api) >= SUPPORTED_APIS.index(api)

    def runs_on(self, target: Target) -> bool:
        return not self.targets or any(t.fits(target) for t in self.targets)

    def runs_in(self, exec_env: str) -> bool:
        return not self.exec_env or "*" in self.exec_env or exec_env in self.exec_env


def read_buildpack(folder: Path, path: str) -> Buildpack:
    """The buildpack in `folder`, which the build container sees as `path`. Raises `PlatformFault`: these are the operator's."""
    file = folder / "buildpack.toml"
    return parse_buildpack(_read_toml(file), path, str(file))


def read_order(file: Path) -> Order:
    """The groups of an order.toml. Raises `PlatformFault`."""
    return _order(_read_toml(file).get("order", []), str(file))


def parse_buildpack(document: Mapping[str, Any], path: str, where: str) -> Buildpack:
    """A parsed buildpack.toml. Raises `PlatformFault`, naming `where`."""
    api = str(document.get("api", ""))
    if api not in SUPPORTED_APIS:
        raise PlatformFault(f"{where}: Buildpack API {api!r} is not supported (only {', '.join(SUPPORTED_APIS)})")
    about = _table(document, "buildpack", where)
    identity = str(about.get("id", ""))
    if not _ID.fullmatch(identity) or identity in _RESERVED_IDS or ".." in identity:
        raise PlatformFault(f"{where}: {identity!r} can't be a buildpack's id")
    return Buildpack(
        id=identity,
        version=str(about.get("version", "")),
        api=api,
        path=path,
        name=str(about.get("name", "")),
        homepage=str(about.get("homepage", "")),
        clear_env=about.get("clear-env") is True,
        sbom_formats=_strings(about.get("sbom-formats")),
        exec_env=_strings(about.get("exec-env")),
        targets=tuple(_target(t) for t in _tables(document.get("targets"))),
        stacks=tuple(str(s.get("id", "")) for s in _tables(document.get("stacks"))),
        order=_order(document.get("order", []), where),
    )


def _order(groups: Any, where: str) -> Order:
    order = tuple(tuple(_member(m) for m in _tables(group.get("group"))) for group in _tables(groups))
    if not all(member.id for group in order for member in group):
        raise PlatformFault(f"{where}: a member of an order has no id")
    return order


def _member(table: Mapping[str, Any]) -> GroupMember:
    return GroupMember(
        id=str(table.get("id", "")),
        version=str(table.get("version", "")),
        optional=table.get("optional") is True,
        exec_env=_strings(table.get("exec-env")),
    )


def _target(table: Mapping[str, Any]) -> Target:
    distros = tuple((str(d.get("name", "")), str(d.get("version", ""))) for d in _tables(table.get("distros")))
    return Target(str(table.get("os", "")), str(table.get("arch", "")), str(table.get("variant", "")), distros)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except (OSError, ValueError) as exc:
        raise PlatformFault(f"{file} can't be read: {exc}") from exc


def _table(document: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    table = document.get(key)
    if not isinstance(table, Mapping):
        raise PlatformFault(f"{where}: has no [{key}]")
    return table


def _tables(value: Any) -> Iterable[Mapping[str, Any]]:
    return [t for t in value if isinstance(t, Mapping)] if isinstance(value, list) else []


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(str(s) for s in value) if isinstance(value, list) else ()
