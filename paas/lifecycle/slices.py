"""Slices: parts of the app that become layers of their own, so that they are only sent again when they change (Buildpack API)."""

from __future__ import annotations

import fnmatch
import re
import stat
from collections.abc import Iterator, Sequence

from paas.lifecycle.folder import Entry, walk


def assign(top: int, slices: Sequence[Sequence[str]]) -> dict[str, int]:
    """Which slice takes each path below the open folder `top`; those of the rest are missing.

    The first slice that names a file, or a folder above it, takes it. Patterns are those of Go's `filepath.Match`: relative to
    the top, `*` stops at slashes.
    """
    patterns = [[_components(pattern) for pattern in paths] for paths in slices]
    taken: dict[str, int] = {}
    for entry in walk(top):
        above = taken.get(entry.path.rpartition("/")[0])
        by_name = next((n for n, each in enumerate(patterns) if any(_match(p, entry.path) for p in each)), None)
        chosen = min((n for n in (above, by_name) if n is not None), default=None)
        if chosen is not None:
            taken[entry.path] = chosen
    return taken


def part(top: int, taken: dict[str, int], number: int | None) -> Iterator[Entry]:
    """The walk through one slice, or, with None, the rest. Folders above a slice's files come along."""
    ours = {path for path, taker in taken.items() if taker == number}
    above = {path[:at] for path in ours for at, letter in enumerate(path) if letter == "/"}
    for entry in walk(top):
        taker = taken.get(entry.path)
        is_folder = stat.S_ISDIR(entry.stat.st_mode)
        if taker == number or (is_folder and (entry.path in above or number is None)):
            yield entry


def _components(pattern: str) -> list[re.Pattern[str]]:
    return [re.compile(fnmatch.translate(part)) for part in pattern.removeprefix("/app/").strip("/").split("/")]


def _match(components: Sequence[re.Pattern[str]], path: str) -> bool:
    parts = path.split("/")
    return len(parts) == len(components) and all(c.match(p) for c, p in zip(components, parts, strict=True))
