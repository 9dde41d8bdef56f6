"""Order resolution: which groups of buildpacks are tried, one after the other (CNB Buildpack API, *Order Resolution*)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paas.errors import PlatformFault
from paas.lifecycle.descriptor import Buildpack, GroupMember, Order, Target

_MAX_NESTING = 10  # composites in composites; a cycle would never end
_MAX_GROUPS = 1000


@dataclass(frozen=True)
class Candidate:
    """A buildpack to try, and whether its group can do without it."""

    buildpack: Buildpack
    optional: bool


Group = tuple[Candidate, ...]


class Buildpacks:
    """The buildpacks there are, by id and version."""

    def __init__(self, buildpacks: Sequence[Buildpack]) -> None:
        self._all = {(b.id, b.version): b for b in buildpacks}

    def find(self, member: GroupMember) -> Buildpack:
        """Raises `PlatformFault` when there is none, or, without a version, more than one."""
        if member.version:
            found = [b for key, b in self._all.items() if key == (member.id, member.version)]
        else:
            found = [b for b in self._all.values() if b.id == member.id]
        match found:
            case [buildpack]:
                return buildpack
            case []:
                raise PlatformFault(f"buildpack {member.id} {member.version} is in the order but not installed")
            case _:
                versions = ", ".join(b.version for b in found)
                raise PlatformFault(f"buildpack {member.id} is installed in several versions ({versions}); name one")


def groups(order: Order, buildpacks: Buildpacks, target: Target, exec_env: str) -> list[Group]:
    """The order with its composites expanded, without what can't run on the target or in the execution environment.

    Depth-first, leftmost varies slowest: a composite is replaced by each of its groups in turn, the rest of the outer group
    behind it; an optional composite also by nothing, last.
    """
    found: list[Group] = []
    for group in order:
        for expanded in _expand(group, buildpacks, 0):
            filtered = _runnable(_without_repeats(expanded), target, exec_env)
            if filtered and filtered not in found:
                found.append(filtered)
            if len(found) > _MAX_GROUPS:
                raise PlatformFault(f"the order has more than {_MAX_GROUPS} groups")
    return found


def _expand(
    group: Sequence[GroupMember], buildpacks: Buildpacks, level: int
) -> Iterator[list[tuple[Candidate, GroupMember]]]:
    if not group:
        yield []
        return
    if level > _MAX_NESTING:
        raise PlatformFault(f"the order nests composite buildpacks more than {_MAX_NESTING} deep, or in a circle")
    first, rest = group[0], group[1:]
    buildpack = buildpacks.find(first)
    if not buildpack.order:
        for tail in _expand(rest, buildpacks, level):
            yield [(Candidate(buildpack, first.optional), first), *tail]
        return
    inner: list[Sequence[GroupMember]] = [*buildpack.order, *([()] if first.optional else [])]
    for members in inner:
        for head in _expand(members, buildpacks, level + 1):
            for tail in _expand(rest, buildpacks, level):
                yield [*head, *tail]


def _without_repeats(group: list[tuple[Candidate, GroupMember]]) -> list[tuple[Candidate, GroupMember]]:
    seen: set[str] = set()
    kept = []
    for candidate, member in group:
        if candidate.buildpack.id not in seen:
            seen.add(candidate.buildpack.id)
            kept.append((candidate, member))
    return kept


def _runnable(group: list[tuple[Candidate, GroupMember]], target: Target, exec_env: str) -> Group | None:
    """None when a required member can't run."""
    kept = []
    for candidate, member in group:
        if not candidate.buildpack.runs_in(exec_env) or (member.exec_env and exec_env not in member.exec_env):
            continue  # not meant for here, whether required or not
        if candidate.buildpack.runs_on(target):
            kept.append(candidate)
        elif not candidate.optional:
            return None
    return tuple(kept)
