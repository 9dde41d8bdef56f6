"""Plan resolution: provides and requires decide which buildpacks of a group build."""

from __future__ import annotations

import pytest

from paas.errors import NothingDetected
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.detect import Detection, detect
from paas.lifecycle.order import Candidate, Group
from paas.lifecycle.plan import Alternative, InvalidPlan, Plan, PlanEntry, Require, parse_plan, resolve


def pack(identity: str) -> Buildpack:
    return Buildpack(identity, "1", "0.10", f"/{identity}")


def group(members: str) -> Group:
    return tuple(Candidate(pack(m.rstrip("?")), m.endswith("?")) for m in members.split())


def option(text: str) -> Alternative:
    """`"+a -b"`: provides a, requires b."""
    words = text.split()
    return Alternative(tuple(w[1:] for w in words if w[0] == "+"), tuple(Require(w[1:]) for w in words if w[0] == "-"))


def passing(members: str, **plans: str) -> str | None:
    """The ids of the group that builds; alternatives are parted by `|`."""
    plan = resolve(group(members), {name: [option(o) for o in text.split("|")] for name, text in plans.items()})
    return " ".join(b.id for b in plan.group) if plan else None


@pytest.mark.parametrize(
    ("members", "plans", "builds"),
    [
        ("A", {}, "A"),
        ("A", {"A": "+x -x"}, "A"),
        ("A", {"A": "+x"}, None),  # nobody requires it
        ("A", {"A": "-x"}, None),  # nobody provides it
        ("A B", {"A": "+x", "B": "-x"}, "A B"),
        ("A B", {"A": "-x", "B": "+x"}, None),  # provided too late
        ("A B", {"A": "-x", "B": "+x -x"}, None),
        ("A? B", {"A": "+x"}, "B"),
        ("A? B", {"A": "-x"}, "B"),
        ("A B?", {"A": "+x -x", "B": "-y"}, "A"),
        ("A? B? C", {"A": "+x", "B": "-x -y", "C": ""}, "C"),  # B goes, and with it A's reason
        ("A? B", {"A": "+x", "B": "-x"}, "A B"),
        ("A?", {"A": "+x"}, None),  # nobody is left
        ("A", {"A": "+x|+y -y"}, "A"),
        ("A B", {"A": "+x|+y", "B": "-y"}, "A B"),
        ("A B", {"A": "+x|+y", "B": "-z|-y"}, "A B"),
        ("A? B", {"A": "+x|+y", "B": ""}, "B"),  # optional in the last alternative only
    ],
)
def test_which_buildpacks_build(members: str, plans: dict[str, str], builds: str | None) -> None:
    full = {m.rstrip("?"): "" for m in members.split()} | plans

    assert passing(members, **full) == builds


def test_the_first_alternative_that_holds_wins() -> None:
    plan = resolve(group("A B"), {"A": [option("+x"), option("+y")], "B": [option("-y"), option("-x")]})

    assert plan is not None
    assert [e.requires[0].name for e in plan.entries] == ["x"]  # (x, y) fails, (x, x) holds, (y, y) comes later


def test_too_many_alternatives_end() -> None:
    plans = {name: [option("-missing")] * 30 for name in "ABCDEF"}

    assert resolve(group("A B C D E F"), plans) is None


def test_a_buildpack_gets_what_it_provides_until_somebody_met_it() -> None:
    plan = resolve(group("A B C"), {"A": [option("+x")], "B": [option("+x -x")], "C": [option("-x")]})
    assert plan is not None
    a, b, _ = plan.group

    assert len(plan.for_buildpack(a)) == 2
    assert plan.met_by(a, frozenset()).for_buildpack(b) == []
    assert len(plan.met_by(a, frozenset({"x"})).for_buildpack(b)) == 2


def test_a_plan_file_is_read() -> None:
    content = b"""
        [[provides]]
        name = "x"
        [[requires]]
        name = "y"
        [requires.metadata]
        version = "3"
        [[or]]
        [[or.requires]]
        name = "z"
    """

    assert parse_plan(content) == (
        Alternative(("x",), (Require("y", {"version": "3"}),)),
        Alternative((), (Require("z"),)),
    )
    assert parse_plan(b"") == (Alternative(),)


@pytest.mark.parametrize(
    "content",
    [b"[[", b"\xff", b'provides = "x"', b"[[provides]]", b'[[requires]]\nname = ""', b'[[requires]]\nname = "x"\nversion = "1"',
     b'[[requires]]\nname = "x"\nmetadata = 1', b"or = 3", b"a = " + b"[" * 5000],
)  # fmt: skip
def test_plan_files_that_break_the_specification_are_told(content: bytes) -> None:
    with pytest.raises(InvalidPlan):
        parse_plan(content)


# --- detect -----------------------------------------------------------------------------------------------------------


def detected(groups: list[Group], said: dict[str, Detection]) -> tuple[Plan, list[str]]:
    log: list[str] = []
    plan = detect(groups, lambda packs: [said.get(b.id, Detection(100)) for b in packs], log.append)
    return plan, log


def test_the_first_group_that_passes_builds() -> None:
    plan, _ = detected([group("A B"), group("B C?"), group("B")], {"B": Detection(0), "C": Detection(0)})

    assert [b.id for b in plan.group] == ["B", "C"]


def test_each_buildpack_is_asked_once() -> None:
    asked: list[str] = []

    def ask(buildpacks: object) -> list[Detection]:
        assert isinstance(buildpacks, list)
        asked.extend(b.id for b in buildpacks)
        return [Detection(0) for _ in buildpacks]

    detect([group("A B"), group("B C"), group("A")], ask, lambda _: None)

    assert asked == ["A", "B", "C"]


def test_nobody_fits() -> None:
    with pytest.raises(NothingDetected) as nothing:
        detected([group("A"), group("B? C?")], {})

    assert nothing.value.tried == ("A", "B", "C")
    assert nothing.value.code == 20


def test_an_error_counts_as_no_but_is_told() -> None:
    with pytest.raises(NothingDetected) as nothing:
        detected([group("A")], {"A": Detection(1, "boom\n")})
    assert nothing.value.code == 21

    plan, log = detected([group("A"), group("B")], {"A": Detection(1, "boom\n"), "B": Detection(0)})
    assert [b.id for b in plan.group] == ["B"]
    assert log == []


def test_a_plan_that_cannot_be_read_is_an_error_of_its_buildpack() -> None:
    plan, log = detected([group("A"), group("B")], {"A": Detection(0, "", b"[["), "B": Detection(0)})

    assert [b.id for b in plan.group] == ["B"]
    assert "A 1" in log[0]


def test_entries_have_all_their_providers() -> None:
    plan = resolve(group("A B"), {"A": [option("+x")], "B": [option("+x -x")]})

    assert plan is not None
    assert plan.entries == (PlanEntry(("A", "B"), (Require("x"),)),)
