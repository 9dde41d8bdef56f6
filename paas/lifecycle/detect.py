"""Detect: the first phase. Every buildpack is asked whether it fits; the first group that does will build (Buildpack API, *Detection*)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from paas.errors import NothingDetected
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.order import Candidate, Group
from paas.lifecycle.plan import Alternative, InvalidPlan, Plan, parse_plan, resolve

PASS, FAIL = 0, 100  # exit codes of bin/detect; all others are errors
NOBODY, NOBODY_AND_ERRORS = 20, 21  # exit codes of the phase


@dataclass(frozen=True)
class Detection:
    """What one bin/detect said."""

    code: int
    output: str = ""
    plan: bytes = b""


Ask = Callable[[Sequence[Buildpack]], Sequence[Detection]]
"""Runs bin/detect of all of them, at the same time."""


def detect(groups: Sequence[Group], ask: Ask, say: Callable[[str], None]) -> Plan:
    """The plan of the first group that passes. Raises `NothingDetected`.

    All are asked in one go: one round trip costs less than the few programs that turn out not to matter.
    """
    buildpacks = list({(c.buildpack.id, c.buildpack.version): c.buildpack for g in groups for c in g}.values())
    said = dict(zip(buildpacks, ask(buildpacks), strict=True)) if buildpacks else {}
    plans: dict[Buildpack, tuple[Alternative, ...]] = {}
    failed: list[Buildpack] = []
    for buildpack, detection in said.items():
        try:
            if detection.code == PASS:
                plans[buildpack] = parse_plan(detection.plan)
            elif detection.code != FAIL:
                failed.append(buildpack)
        except InvalidPlan as exc:
            failed.append(buildpack)
            say(f" !     {buildpack.ref}: {exc}\n")
    for group in groups:
        passed = _passed(group, plans)
        plan = resolve(passed, {c.buildpack.id: plans[c.buildpack] for c in passed}) if passed else None
        if plan:
            return plan
    for buildpack in failed:
        say(f" !     {buildpack.ref}: bin/detect failed with exit code {said[buildpack].code}\n")
        say("".join(f"       {line}\n" for line in said[buildpack].output.splitlines()))
    raise NothingDetected(tuple(b.id for b in buildpacks), NOBODY_AND_ERRORS if failed else NOBODY)


def _passed(group: Group, plans: Mapping[Buildpack, object]) -> tuple[Candidate, ...]:
    """The members that passed; empty if a required one did not."""
    if any(c.buildpack not in plans and not c.optional for c in group):
        return ()
    return tuple(c for c in group if c.buildpack in plans)
