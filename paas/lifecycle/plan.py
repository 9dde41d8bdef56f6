"""The build plan: what buildpacks provide and require in detection, and which of them that lets pass (Buildpack API, *Build Plan*)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.order import Candidate, Group

_MAX_TRIALS = 10_000  # alternatives multiply


class InvalidPlan(Exception):
    """A build plan that breaks the specification; counts as an error of its buildpack's detection."""


@dataclass(frozen=True)
class Require:
    name: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Alternative:
    """What a buildpack provides and requires, in one of the ways that it names."""

    provides: tuple[str, ...] = ()
    requires: tuple[Require, ...] = ()


@dataclass(frozen=True)
class PlanEntry:
    """A name that some buildpacks provide and some require."""

    providers: tuple[str, ...]  # buildpack ids
    requires: tuple[Require, ...]


@dataclass(frozen=True)
class Plan:
    """What detection ends with: the buildpacks that build, and what they promised each other."""

    group: tuple[Buildpack, ...]
    entries: tuple[PlanEntry, ...] = ()

    def for_buildpack(self, buildpack: Buildpack) -> list[Require]:
        """The entries that this one is to meet."""
        return [r for e in self.entries if buildpack.id in e.providers for r in e.requires]

    def met_by(self, buildpack: Buildpack, unmet: frozenset[str]) -> Plan:
        """The plan after `buildpack` has built: what it met is done with, what it left `unmet` goes to the next provider."""
        entries = []
        for entry in self.entries:
            if buildpack.id not in entry.providers:
                entries.append(entry)
            elif entry.requires[0].name in unmet:
                others = tuple(p for p in entry.providers if p != buildpack.id)
                entries.append(PlanEntry(others, entry.requires))
        return Plan(self.group, tuple(entries))


def parse_plan(content: bytes) -> tuple[Alternative, ...]:
    """The alternatives in a plan file: its top level first, then each `or`. Raises `InvalidPlan`."""
    try:
        document = tomllib.loads(content.decode())
        return (_alternative(document), *(_alternative(each) for each in document.get("or", [])))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise InvalidPlan(f"the build plan can't be read: {exc}") from exc


def resolve(group: Group, plans: Mapping[str, Sequence[Alternative]]) -> Plan | None:
    """The first trial of the group that holds, or None. `plans` has each buildpack's alternatives by id."""
    members = [(candidate, plans.get(candidate.buildpack.id) or (Alternative(),)) for candidate in group]
    for count, trial in enumerate(_trials(members)):
        if count >= _MAX_TRIALS:
            return None
        if plan := _run(trial):
            return plan
    return None


@dataclass(frozen=True)
class _Member:
    buildpack: Buildpack
    optional: bool
    offer: Alternative


def _trials(members: list[tuple[Candidate, Sequence[Alternative]]]) -> Iterator[list[_Member]]:
    """The product of all alternatives, the leftmost varying slowest. With several, a member is optional in its last only."""
    if not members:
        yield []
        return
    (candidate, alternatives), rest = members[0], members[1:]
    for alternative in alternatives:
        optional = candidate.optional and alternative is alternatives[-1]
        for tail in _trials(rest):
            yield [_Member(candidate.buildpack, optional, alternative), *tail]


def _run(trial: list[_Member]) -> Plan | None:
    members = trial
    while members:
        unmet = _first_unmet(members)
        if unmet is None:
            return Plan(tuple(m.buildpack for m in members), tuple(_entries(members)))
        if not unmet.optional:
            return None
        members = [m for m in members if m is not unmet]
    return None


def _first_unmet(members: Sequence[_Member]) -> _Member | None:
    """Whose require has no provide by itself or before, or whose provide no require by itself or behind. Required ones
    come first: they end the trial."""
    unmet = []
    for place, member in enumerate(members):
        provided = {name for m in members[: place + 1] for name in m.offer.provides}
        required = {r.name for m in members[place:] for r in m.offer.requires}
        if any(r.name not in provided for r in member.offer.requires) or any(
            name not in required for name in member.offer.provides
        ):
            unmet.append(member)
    return next((m for m in unmet if not m.optional), unmet[0] if unmet else None)


def _entries(members: Sequence[_Member]) -> Iterator[PlanEntry]:
    names = dict.fromkeys(name for m in members for name in m.offer.provides)
    for name in names:
        providers: list[str] = []
        requires: list[Require] = []
        for member in members:
            if name in member.offer.provides:
                providers.append(member.buildpack.id)
            requires += [r for r in member.offer.requires if r.name == name]
        yield PlanEntry(tuple(providers), tuple(requires))


def _alternative(table: Mapping[str, Any]) -> Alternative:
    requires = []
    for each in table.get("requires", []):
        if "version" in each:
            raise ValueError("a top-level version in requires; it belongs in metadata")
        requires.append(Require(_name(each), dict(each.get("metadata", {}))))
    return Alternative(tuple(_name(each) for each in table.get("provides", [])), tuple(requires))


def _name(table: Mapping[str, Any]) -> str:
    name = table["name"]
    if not isinstance(name, str) or not name:
        raise ValueError("a name that is empty or no text")
    return name
