"""Environment variables: how layers, users and operators change them (Buildpack API, *Environment*; Platform API, *Build*).

Changes are values, so that the same ones can be applied to a build's environment here and be written out for the launcher.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from paas.lifecycle.folder import Folder

MAX_VALUE = 128 * 1024 - 1  # the kernel takes no longer string (execve(2), MAX_ARG_STRLEN)

# Of a container's own environment buildpacks see no more than these (and the proxies, which the operator hands in).
INHERITED = ("PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH", "HOME", "HOSTNAME")

# Folder of a layer → the variables that it is put in front of.
BUILD_PATHS = {
    "bin": ("PATH",),
    "lib": ("LD_LIBRARY_PATH", "LIBRARY_PATH"),
    "include": ("CPATH",),
    "pkgconfig": ("PKG_CONFIG_PATH",),
}
LAUNCH_PATHS = {"bin": ("PATH",), "lib": ("LD_LIBRARY_PATH",)}

_PATH_LIKE = frozenset({"PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH"})


class Action(StrEnum):
    """What a change does with the value that is there: the suffixes of the files in a layer's `env`."""

    OVERRIDE = "override"
    DEFAULT = "default"
    APPEND = "append"
    PREPEND = "prepend"


_BY_SUFFIX = {action.value: action for action in Action}


@dataclass(frozen=True)
class Change:
    """One change of one variable. `delimiter` joins, when there was a value already."""

    action: Action
    name: str
    value: str
    delimiter: str = ""

    def apply(self, env: dict[str, str]) -> None:
        old = env.get(self.name, "")
        match self.action:
            case Action.OVERRIDE:
                env[self.name] = self.value
            case Action.DEFAULT:
                env[self.name] = old or self.value
            case Action.APPEND:
                env[self.name] = old + self.delimiter + self.value if old else self.value
            case Action.PREPEND:
                env[self.name] = self.value + self.delimiter + old if old else self.value


def apply(changes: Iterable[Change], env: Mapping[str, str]) -> dict[str, str]:
    """The environment after all changes, in order."""
    changed = dict(env)
    for change in changes:
        change.apply(changed)
    return changed


def path_changes(layer: Folder, path: str, paths: Mapping[str, tuple[str, ...]]) -> Iterator[Change]:
    """What a layer's conventional folders bring; `path` is where processes see the layer."""
    for folder, names in paths.items():
        if layer.is_folder(folder):
            yield from (Change(Action.PREPEND, name, f"{path}/{folder}", ":") for name in names)


def file_changes(files: Mapping[str, bytes], bare: Action = Action.OVERRIDE) -> Iterator[Change]:
    """What the files of one environment folder say. The suffix is what stands behind the *first* dot; unknown ones are
    ignored, as are values that no environment can hold. `bare`: what a name without a suffix means."""
    for file, content in files.items():
        name, _, suffix = file.partition(".")
        value = decode(content)
        if not name or "=" in name or value is None:
            continue
        if suffix == "":
            yield Change(bare, name, value)
        elif suffix in _BY_SUFFIX:
            delimiter = decode(files.get(f"{name}.delim", b"")) or ""
            yield Change(_BY_SUFFIX[suffix], name, value, delimiter)


def user_changes(env: Mapping[str, str]) -> Iterator[Change]:
    """The user's variables: they win over what layers set, but a path of theirs goes in front of it."""
    for name, value in env.items():
        if name in _PATH_LIKE:
            yield Change(Action.PREPEND, name, value, ":")
        else:
            yield Change(Action.OVERRIDE, name, value)


def operator_changes(env: Mapping[str, str]) -> Iterator[Change]:
    """The operator's variables, last of all. Without a suffix they are defaults: users may know better."""
    return file_changes({name: value.encode("utf-8", "surrogateescape") for name, value in env.items()}, Action.DEFAULT)


def decode(content: bytes) -> str | None:
    """A file's content as a value, verbatim; None if it can't be one."""
    return None if b"\0" in content or len(content) > MAX_VALUE else content.decode("utf-8", "surrogateescape")
