"""Ignore files: `.slugignore`, in gitignore's syntax without its negation (Heroku's article *Slug Compiler*)."""

from __future__ import annotations

import fnmatch
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from paas.lifecycle.folder import Folder, walk


@dataclass(frozen=True)
class _Rule:
    """One pattern: a regular expression for each component of a path; None for `**`, any number of them.

    Component by component, because one expression for a whole path can be made to take for ever, and strangers write these.
    """

    components: tuple[re.Pattern[str] | None, ...]
    folders_only: bool

    def match(self, parts: list[str]) -> bool:
        places = self._reach({0})
        for part in parts:
            step = set()
            for place in places - {len(self.components)}:
                component = self.components[place]
                if component is None:
                    step.add(place)
                elif component.match(part):
                    step.add(place + 1)
            places = self._reach(step)
        return len(self.components) in places

    def _reach(self, places: set[int]) -> set[int]:
        """Those, and where they lead when `**` stands for nothing."""
        reached = set(places)
        for place, component in enumerate(self.components):
            if place in reached and component is None:
                reached.add(place + 1)
        return reached


@dataclass(frozen=True)
class Patterns:
    """The patterns of an ignore file."""

    rules: tuple[_Rule, ...]

    @classmethod
    def parse(cls, text: str) -> Patterns:
        """One pattern a line. Blank lines, comments and negated patterns are left out."""
        lines = (line.strip() for line in text.splitlines())
        return cls(tuple(_rule(line) for line in lines if line.strip("/") and line[0] not in "#!"))

    def match(self, path: str, *, is_folder: bool) -> bool:
        """Whether the path, relative to the tree's top, is ignored by itself (not by a folder above it)."""
        parts = path.split("/")
        return any(rule.match(parts) for rule in self.rules if is_folder or not rule.folders_only)


def remove_ignored(top: Path, patterns: Patterns) -> None:
    """Removes what matches. For a tree that nothing else writes to just now."""
    with Folder(top) as folder:
        entries = [(entry.path, stat.S_ISDIR(entry.stat.st_mode)) for entry in walk(folder.fd)]
    for path, is_folder in entries:
        if not patterns.match(path, is_folder=is_folder):
            continue
        if is_folder:
            shutil.rmtree(top / path, ignore_errors=True)  # what is below comes by again, and is gone then
        else:
            (top / path).unlink(missing_ok=True)


def _rule(line: str) -> _Rule:
    pattern = line.rstrip("/")
    # gitignore(5): a slash anywhere but at the end ties the pattern to the top; a trailing `/**` is all that is inside.
    parts = pattern.removeprefix("/").split("/") if "/" in pattern else ["**", pattern]
    if parts[-1] == "**":
        parts.append("*")
    return _Rule(tuple(None if p == "**" else re.compile(fnmatch.translate(p)) for p in parts), line.endswith("/"))
