"""Process types and how many of each run: what the Procfile declares and what `ps:scale` sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from paas.errors import Invalid

MAX_QUANTITY = 100
# ASCII is spelt out: \d and IGNORECASE let other scripts' digits and letters in.
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,29}")
_CHANGE = re.compile(r"([A-Za-z0-9_-]+)([=+-])([0-9]{1,4})")
_QUANTITY = re.compile(r"([+-]?)([0-9]{1,4})")


@dataclass(frozen=True)
class ProcessType:
    """`args` are the arguments of the image's launcher; `command` is what people read (the Procfile's line)."""

    name: str
    command: str
    args: tuple[str, ...]

    @property
    def is_web(self) -> bool:
        """Only `web` gets a PORT and a route."""
        return self.name == "web"


@dataclass(frozen=True)
class HealthCheck:
    """How we know that a web process is ready: an HTTP path that answers 2xx or 3xx, or, without one, that PORT accepts."""

    path: str | None = None


@dataclass(frozen=True)
class Scale:
    """What is wanted of one process type."""

    type: str
    quantity: int


def check_type_name(name: str) -> str:
    """The name, if it may be a process type's. Raises `Invalid`."""
    if not _TYPE.fullmatch(name):
        raise Invalid("type", name, "must have 1 to 30 letters, digits, dashes or underscores")
    return name


def check_quantity(type_name: str, quantity: int) -> int:
    """The quantity, if it is within 0 to 100. Raises `Invalid`."""
    if not 0 <= quantity <= MAX_QUANTITY:
        raise Invalid("quantity", str(quantity), f"of {type_name} must be within 0 to {MAX_QUANTITY}")
    return quantity


def quantities(process_types: Iterable[ProcessType], scaled: Mapping[str, int]) -> dict[str, int]:
    """How many of each of a release's types are wanted: as `scaled`, else none, but one `web`, so that an app's first
    push is live. Types that were scaled but aren't in the release are left out."""
    return {t.name: scaled.get(t.name, 1 if t.is_web else 0) for t in process_types}


def parse_change(text: str, current: Mapping[str, int]) -> Scale:
    """`web=3`, `web+1`, `worker-1`, as on Heroku's command line. Raises `Invalid`."""
    match = _CHANGE.fullmatch(text)
    if not match:
        raise Invalid("scale", text, "must look like web=3, web+1 or worker-1")
    name, operator, number = match.groups()
    return Scale(check_type_name(name), parse_quantity(name, number if operator == "=" else operator + number, current))


def parse_quantity(type_name: str, quantity: str | int, current: Mapping[str, int]) -> int:
    """`3`, `"3"`, `"+1"` or `"-1"`: Heroku's clients send strings, and relative ones. Raises `Invalid`."""
    if isinstance(quantity, int) and not isinstance(quantity, bool):
        return check_quantity(type_name, quantity)  # -1 as a number is a mistake; only the text "-1" is relative
    match = _QUANTITY.fullmatch(quantity) if isinstance(quantity, str) else None
    if not match:
        raise Invalid("quantity", str(quantity), f"of {type_name} must be a number, or +n or -n")
    sign, number = match.groups()
    wanted = int(number) if not sign else current.get(type_name, 0) + int(sign + number)
    return check_quantity(type_name, wanted)
