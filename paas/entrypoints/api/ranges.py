"""Lists in pieces: the Range and Next-Range headers of Heroku's Platform API Reference, section *Ranges*.

`<attribute> [start]..[end]; max=N, order=desc`. A start with `]` before it is itself left out: that is how Next-Range
says where to go on. Clients put commas, semicolons and spaces as they please, and may send an empty header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from paas.errors import InvalidRange

DEFAULT_MAX = 200
LARGEST_MAX = 1000

T = TypeVar("T")
Attributes = Mapping[str, Callable[[T], str | int]]
"""What a list can be ordered by: a name and how to get at it; the first is the default. Values are unique."""


@dataclass(frozen=True)
class Range:
    """Which piece of a list is wanted."""

    attribute: str
    start: str = ""
    exclusive: bool = False
    end: str = ""
    descending: bool = False
    max: int = DEFAULT_MAX


def parse(header: str, attributes: Iterable[str]) -> Range:
    """The header's meaning. Raises `InvalidRange`."""
    names = list(attributes)
    first, *options = header.replace(",", ";").split(";")
    if not first.strip():
        return Range(names[0])
    name, _, bounds = first.strip().partition(" ")
    if name not in names:
        raise InvalidRange("Range", header, f"names an attribute that this list has not: {', '.join(names)}")
    start, dots, end = bounds.strip().partition("..")
    if not dots and bounds.strip():
        raise InvalidRange("Range", header, "must look like `id ..; max=200, order=desc`")
    wanted = Range(name, start.removeprefix("]").strip(), start.startswith("]"), end.strip())
    for option in (o.strip() for o in options):
        if option:
            wanted = _with_option(wanted, option, header)
    return wanted


def cut(items: Iterable[T], wanted: Range, attributes: Attributes[T]) -> tuple[list[T], str | None]:
    """The wanted piece, in order, and the Next-Range if there is more. Raises `InvalidRange`."""
    key = attributes[wanted.attribute]
    ordered = sorted(items, key=key, reverse=wanted.descending)
    if wanted.start:
        start = _bound(wanted.start, ordered, key)
        ordered = [item for item in ordered if _follows(key(item), start, wanted)]
    if wanted.end:
        end = _bound(wanted.end, ordered, key)
        ordered = [item for item in ordered if not _beyond(key(item), end, wanted.descending)]
    piece = ordered[: wanted.max]
    if len(ordered) <= wanted.max:
        return piece, None
    order = "; order=desc" if wanted.descending else ""
    return piece, f"{wanted.attribute} ]{key(piece[-1])}..{wanted.end}; max={wanted.max}{order}"


def _with_option(wanted: Range, option: str, header: str) -> Range:
    name, _, value = (part.strip() for part in option.partition("="))
    if name == "order" and value in ("asc", "desc"):
        return replace(wanted, descending=value == "desc")
    if name == "max" and value.isdecimal() and int(value) > 0:
        return replace(wanted, max=min(int(value), LARGEST_MAX))
    raise InvalidRange("Range", header, "may have max=N (from 1) and order=asc or order=desc")


def _bound(text: str, items: list[T], key: Callable[[T], str | int]) -> Any:
    """A bound in the type of what it is compared with."""
    if not items or not isinstance(key(items[0]), int):
        return text
    if not text.isdecimal():
        raise InvalidRange("Range", text, "must be a number here")
    return int(text)


def _follows(value: Any, start: Any, wanted: Range) -> bool:
    if value == start:
        return not wanted.exclusive
    return bool(value < start if wanted.descending else value > start)


def _beyond(value: Any, end: Any, descending: bool) -> bool:
    return bool(value < end if descending else value > end)
