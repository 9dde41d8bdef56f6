"""Lists in pieces."""

from __future__ import annotations

import pytest

from paas.entrypoints.api.ranges import Attributes, Range, cut, parse
from paas.errors import InvalidRange

NAMES: Attributes[str] = {"name": lambda n: n, "length": len}
ITEMS = ["ddd", "a", "cccc", "bb"]


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", Range("version")),
        (" ", Range("version")),
        ("id ..", Range("id")),
        ("id ..; ;", Range("id")),
        ("id ..; max=1000;", Range("id", max=1000)),
        ("version ..; order=desc,max=1", Range("version", descending=True, max=1)),
        ("version ..; max=15, order=desc", Range("version", descending=True, max=15)),
        ("version ]200..; max=200", Range("version", "200", exclusive=True)),
        ("version 3..7;order=asc", Range("version", "3", end="7")),
        ("version ..;max=99999", Range("version", max=1000)),
        ("version", Range("version")),
    ],
)
def test_what_clients_send_is_understood(header: str, wanted: Range) -> None:
    assert parse(header, ["version", "id"]) == wanted


@pytest.mark.parametrize(
    "header",
    ["color ..", "id x", "id ..; max=0", "id ..; max=-1", "id ..; max=x", "id ..; order=up", "id ..; foo", "bytes=0-5"],
)
def test_anything_else_is_refused(header: str) -> None:
    with pytest.raises(InvalidRange):
        parse(header, ["version", "id"])


def test_a_whole_list_has_no_next() -> None:
    assert cut(ITEMS, Range("name"), NAMES) == (["a", "bb", "cccc", "ddd"], None)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("attribute", ["name", "length"])
def test_following_next_range_sees_each_item_once(attribute: str, descending: bool) -> None:
    seen: list[str] = []
    header: str | None = f"{attribute} ..; max=1" + (", order=desc" if descending else "")

    while header is not None:
        assert len(seen) < len(ITEMS)
        piece, header = cut(ITEMS, parse(header, NAMES), NAMES)
        seen += piece

    assert seen == sorted(ITEMS, key=NAMES[attribute], reverse=descending)


def test_bounds_hold() -> None:
    assert cut(ITEMS, Range("name", "bb", end="cccc"), NAMES)[0] == ["bb", "cccc"]
    assert cut(ITEMS, Range("length", "3", descending=True), NAMES)[0] == ["ddd", "bb", "a"]
    with pytest.raises(InvalidRange):
        cut(ITEMS, Range("length", "x"), NAMES)
