"""launch.toml: processes, slices and labels that buildpacks declare for the image (Buildpack API, *launch.toml*)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paas.domain.formation import ProcessType, check_type_name
from paas.errors import Invalid
from paas.lifecycle.descriptor import Buildpack

PROCFILE = "paas/procfile"  # the buildpack whose processes are Procfile lines
RELEASE = "release"  # a Procfile's entry of this name is no process type: it runs once before each release

_TYPE = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class LaunchProcess:
    """A process of the image. `command` always runs, `args` only where the caller gives no others.

    Not `direct` (before Buildpack API 0.9): `command` is one line for a shell.
    """

    type: str
    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    direct: bool = True
    default: bool = False
    working_dir: str = ""
    buildpack: str = ""

    def line(self) -> str | None:
        """The shell line that the process is, if it is one; a Procfile's entries are."""
        return None if self.direct else " ".join([*self.command, *map(shlex.quote, self.args)])


@dataclass(frozen=True)
class Launch:
    """What one launch.toml says, or all of a build's together."""

    processes: tuple[LaunchProcess, ...] = ()
    slices: tuple[tuple[str, ...], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def default(self) -> str | None:
        """The process type that the image starts by itself: what a buildpack chose, else `web`."""
        chosen = next((p.type for p in self.processes if p.default), None)
        return chosen or next((p.type for p in self.processes if p.type == "web"), None)


def parse_launch(document: Mapping[str, Any], buildpack: Buildpack, exec_env: str) -> Launch:
    """A parsed launch.toml. Raises `ValueError`, saying what is wrong with it."""
    processes = [_process(table, buildpack) for table in _tables(document, "processes") if _meant_for(table, exec_env)]
    types = [p.type for p in processes]
    if len(set(types)) < len(types):
        raise ValueError("two processes of the same type")
    if sum(p.default for p in processes) > 1:
        raise ValueError("more than one default process")
    labels = {_text(t, "key"): _text(t, "value") for t in _tables(document, "labels")}
    slices = tuple(_texts(t, "paths") for t in _tables(document, "slices"))
    return Launch(tuple(processes), slices, labels)


def merge(launches: Iterable[Launch]) -> Launch:
    """All buildpacks' together, in their order: a later one redefines a type; processes sorted by type."""
    processes: dict[str, LaunchProcess] = {}
    slices: list[tuple[str, ...]] = []
    labels: dict[str, str] = {}
    default: str | None = None
    for launch in launches:
        for process in launch.processes:
            processes[process.type] = process
            if process.default:
                default = process.type
            elif process.type == default:
                default = None  # redefined, and no longer as the default
        slices += launch.slices
        labels |= launch.labels
    merged = (
        LaunchProcess(p.type, p.command, p.args, p.direct, p.type == default, p.working_dir, p.buildpack)
        for _, p in sorted(processes.items())
    )
    return Launch(tuple(merged), tuple(slices), labels)


def process_types(processes: Sequence[LaunchProcess]) -> tuple[tuple[ProcessType, ...], str | None, tuple[str, ...]]:
    """(the platform's process types, the release command, types whose names a formation can't have).

    A shell line is one argument of the launcher, so that `$PORT`, `&&`, a trailing comment and `.profile` mean what they do on
    Heroku. Other processes are named: the image knows how to start them.
    """
    types: list[ProcessType] = []
    refused: list[str] = []
    release = None
    for process in processes:
        line = process.line()
        shown = line if line is not None else shlex.join((*process.command, *process.args))
        if process.type == RELEASE:
            release = shown
            continue
        try:
            check_type_name(process.type)
        except Invalid:
            refused.append(process.type)
            continue
        if line and not process.args and not process.working_dir:
            types.append(ProcessType(process.type, line, (line,)))
        else:
            types.append(ProcessType(process.type, shown, ("--process", process.type)))
    return tuple(types), release, tuple(refused)


def _process(table: Mapping[str, Any], buildpack: Buildpack) -> LaunchProcess:
    kind = _text(table, "type")
    if not _TYPE.fullmatch(kind):
        raise ValueError(f"{kind!r} can't be a process type")
    listed = buildpack.speaks("0.9")
    if listed and "direct" in table:
        raise ValueError(f"process {kind}: 'direct' ended with Buildpack API 0.9")
    command = _texts(table, "command") if listed else (_text(table, "command"),)
    if not command or not command[0]:
        raise ValueError(f"process {kind}: has no command")
    return LaunchProcess(
        type=kind,
        command=command,
        args=_texts(table, "args") if "args" in table else (),
        direct=listed or table.get("direct") is True,
        default=table.get("default") is True,
        working_dir=_text(table, "working-dir") if "working-dir" in table and buildpack.speaks("0.8") else "",
        buildpack=buildpack.id,
    )


def _meant_for(table: Mapping[str, Any], exec_env: str) -> bool:
    wanted = table.get("exec-env") or [exec_env]
    return exec_env in wanted or "*" in wanted


def _tables(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = document.get(key, [])
    if not isinstance(value, list) or not all(isinstance(t, Mapping) for t in value):
        raise ValueError(f"{key} is not a list of tables")
    return value


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{key} is not a text")
    return value


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not all(isinstance(s, str) and "\0" not in s for s in value):
        raise ValueError(f"{key} is not a list of texts")
    return tuple(value)
