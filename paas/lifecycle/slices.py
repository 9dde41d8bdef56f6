"""Slices: parts of the app that become layers of their own, so that they are only sent again when they change (Buildpack API)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence

from paas.lifecycle.folder import Entry, walk


def assign(top: int, slices: Sequence[Sequence[str]]) -> dict[str, int | None]:
    """Which slice takes each path below the open folder `top`; None for the rest.

    The first slice that names a file, or a folder above it, takes it. Patterns are those of Go's `filepath.Match`: relative to
    the top, `*` stops at slashes.
    """
    patterns = [[_components(pattern) for pattern in paths] for paths in slices]
    taken: dict[str, int | None] = {}
    for entry in walk(top):
        above = taken.get(entry.path.rpartition("/")[0])
        by_name = next((n for n, each in enumerate(patterns) if any(_match(p, entry.path) for p in each)), None)
        taken[entry.path] = min((n for n in (above, by_name) if n is not None), default=None)
    return taken


def part(top: int, taken: Mapping[str, int | None], number: int | None) -> Iterator[Entry]:
    """The walk through one slice, or, with None, the rest. Folders above its files come along."""
    wanted = {path for path, taker in taken.items() if taker == number}
    wanted |= {path[:at] for path in wanted for at, letter in enumerate(path) if letter == "/"}
    return (entry for entry in walk(top) if entry.path in wanted)


def _components(pattern: str) -> list[re.Pattern[str]]:
    return [re.compile(fnmatch.translate(part)) for part in pattern.removeprefix("/app/").strip("/").split("/")]


def _match(components: Sequence[re.Pattern[str]], path: str) -> bool:
    parts = path.split("/")
    return len(parts) == len(components) and all(c.match(p) for c, p in zip(components, parts, strict=True))
