"""Config vars: what may be a key, what may be a value, and how a change is described in a release."""

from __future__ import annotations

import re
from collections.abc import Mapping

from paas.errors import Invalid

MAX_TOTAL_BYTES = (
    32 * 1024
)  # keys and values of one app together, as on Heroku (article *Configuration and Config Vars*)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Set by the platform for each process; an app that overrode them could not be reached or told apart.
RESERVED_KEYS = frozenset({"PORT", "DYNO"})


def check_change(current: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """The config after `changes` (None removes a key). Raises `Invalid`; nothing is changed then."""
    merged = dict(current)
    for key, value in changes.items():
        _check_key(key)
        if value is None:
            merged.pop(key, None)
        elif not isinstance(value, str):
            raise Invalid(f"config var {key}", str(value), "must be a string, or null to remove it")
        elif "\0" in value:
            raise Invalid(f"config var {key}", "…", "can't hold a NUL byte: the kernel ends environment values there")
        else:
            merged[key] = value
    size = sum(len(k.encode()) + len(v.encode("utf-8", "surrogatepass")) for k, v in merged.items())
    if size > MAX_TOTAL_BYTES:
        raise Invalid(
            "config vars",
            f"{size} bytes",
            f"of one app can have {MAX_TOTAL_BYTES} bytes together; keep large values in a file or a store",
        )
    return merged


def describe_change(changes: Mapping[str, str | None]) -> str:
    """`Set A, B config vars`, `Remove C config vars`: a release's description on Heroku."""
    put = sorted(k for k, v in changes.items() if v is not None)
    removed = sorted(k for k, v in changes.items() if v is None)
    parts = [f"Set {', '.join(put)}"] if put else []
    parts += [f"Remove {', '.join(removed)}"] if removed else []
    return f"{'; '.join(parts)} config vars"


def _check_key(key: str) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key) or len(key) > 256:
        raise Invalid(
            "config var name",
            str(key),
            "must have letters, digits and underscores, and not start with a digit",
        )
    if key in RESERVED_KEYS:
        raise Invalid("config var name", key, "is set by the platform for each process and can't be changed")
