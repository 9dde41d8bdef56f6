"""Order resolution: which groups are tried, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from paas.errors import PlatformFault
from paas.lifecycle.descriptor import Buildpack, GroupMember, Order, Target, parse_buildpack, read_buildpack
from paas.lifecycle.order import Buildpacks, groups

LINUX = Target("linux", "amd64", "", (("debian", "12"),))


def pack(
    identity: str, *, order: Order = (), targets: tuple[Target, ...] = (), exec_env: tuple[str, ...] = ()
) -> Buildpack:
    return Buildpack(identity, "1", "0.10", f"/{identity}", order=order, targets=targets, exec_env=exec_env)


def order(*rows: str) -> Order:
    """`"A B?"`: A, then optionally B."""
    return tuple(tuple(GroupMember(m.rstrip("?"), optional=m.endswith("?")) for m in row.split()) for row in rows)


def resolved(wanted: Order, *buildpacks: Buildpack) -> list[str]:
    found = groups(wanted, Buildpacks(buildpacks), LINUX, "production")
    return [" ".join(c.buildpack.id + "?" * c.optional for c in group) for group in found]


A, B, C, D, E = (pack(letter) for letter in "ABCDE")


def test_plain_groups_stay_as_they_are() -> None:
    assert resolved(order("A B?", "C"), A, B, C) == ["A B?", "C"]


def test_a_composite_is_replaced_by_each_of_its_groups() -> None:
    composite = pack("X", order=order("A B", "C"))

    assert resolved(order("E X D"), A, B, C, D, E, composite) == ["E A B D", "E C D"]


def test_the_leftmost_composite_varies_slowest() -> None:
    x, y = pack("X", order=order("A", "B")), pack("Y", order=order("C", "D"))

    assert resolved(order("X Y"), A, B, C, D, x, y) == ["A C", "A D", "B C", "B D"]


def test_an_optional_composite_is_left_out_last() -> None:
    composite = pack("X", order=order("A", "B"))

    assert resolved(order("X? C"), A, B, C, composite) == ["A C", "B C", "C"]


def test_composites_nest() -> None:
    inner = pack("I", order=order("A", "B"))
    outer = pack("O", order=order("I C"))

    assert resolved(order("O"), A, B, C, inner, outer) == ["A C", "B C"]


def test_a_circle_is_an_error() -> None:
    with pytest.raises(PlatformFault, match="circle"):
        resolved(order("X"), pack("X", order=order("X")))


def test_a_buildpack_counts_once_in_a_group() -> None:
    composite = pack("X", order=order("A B"))

    assert resolved(order("A X"), A, B, composite) == ["A B"]


def test_a_group_whose_required_member_runs_elsewhere_is_left_out() -> None:
    windows = pack("W", targets=(Target("windows"),))
    arm = pack("R", targets=(Target("linux", "arm64"),))

    assert resolved(order("W A", "R? A", "A"), A, windows, arm) == ["A"]


def test_distributions_are_told_apart() -> None:
    debian = pack("D12", targets=(Target("linux", "", "", (("debian", "12"),)),))
    ubuntu = pack("U", targets=(Target("linux", "", "", (("ubuntu", "24.04"),)),))
    any_debian = pack("DX", targets=(Target("linux", "", "", (("debian", ""),)),))

    assert resolved(order("D12", "U", "DX"), debian, ubuntu, any_debian) == ["D12", "DX"]


def test_a_member_of_another_execution_environment_is_left_out() -> None:
    assert resolved(order("T A"), A, pack("T", exec_env=("test",))) == ["A"]


@pytest.mark.parametrize("wanted", ["missing", "A"])
def test_none_or_several_of_a_buildpack_are_errors(wanted: str) -> None:
    twice = Buildpack("A", "2", "0.10", "/a2")

    with pytest.raises(PlatformFault):
        groups(order(wanted), Buildpacks([A, twice]), LINUX, "production")


def test_a_version_picks_one_of_several() -> None:
    second = Buildpack("A", "2", "0.10", "/a2")

    [group] = groups(((GroupMember("A", "2"),),), Buildpacks([A, second]), LINUX, "production")

    assert group[0].buildpack is second


def test_a_descriptor_is_read(tmp_path: Path) -> None:
    (tmp_path / "buildpack.toml").write_text(
        """
        api = "0.12"
        [buildpack]
        id = "paas/x"
        version = "1.2"
        clear-env = true
        sbom-formats = ["application/spdx+json"]
        exec-env = ["production"]
        [[targets]]
        os = "linux"
        [[targets.distros]]
        name = "debian"
        version = "12"
        """
    )

    read = read_buildpack(tmp_path, "/cnb/buildpacks/x")

    assert read == Buildpack(
        "paas/x", "1.2", "0.12", "/cnb/buildpacks/x", clear_env=True, sbom_formats=("application/spdx+json",),
        exec_env=("production",), targets=(Target("linux", "", "", (("debian", "12"),)),),
    )  # fmt: skip
    assert read.folder == "paas_x"
    assert read.speaks("0.9")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"api": "0.6", "buildpack": {"id": "a"}},
        {"api": "0.13", "buildpack": {"id": "a"}},
        {"api": "0.10"},
        {"api": "0.10", "buildpack": {"id": "../a"}},
        {"api": "0.10", "buildpack": {"id": "config"}},
        {"api": "0.10", "buildpack": {"id": "a/../../b"}},
        {"api": "0.10", "buildpack": {"id": "a"}, "order": [{"group": [{"version": "1"}]}]},
    ],
)
def test_descriptors_that_we_cannot_take_are_errors(document: dict[str, object]) -> None:
    with pytest.raises(PlatformFault):
        parse_buildpack(document, "/x", "x/buildpack.toml")
