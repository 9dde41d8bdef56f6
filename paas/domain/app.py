"""An app: what a developer creates, pushes to and scales. Its name is its first host name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from paas.errors import Invalid

# Labels of the platform's own hosts, and names that would mislead if an app had them.
RESERVED_NAMES = frozenset(
    {"api", "git", "console", "www", "admin", "paas", "status", "mail", "ns", "ns1", "ns2", "static",
     "registry", "metrics", "internal", "localhost", "help", "docs", "login", "account"}
)  # fmt: skip

# Heroku's rule: starts with a letter, ends with a letter or digit, 3 to 30 of a-z 0-9 and dashes.
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{1,28})[a-z0-9]")


@dataclass(frozen=True)
class App:
    """A row of the store. `config_version` and the like are not here: an app is its identity and switches."""

    id: str  # UUID
    name: str
    owner_id: str
    created_at: datetime
    updated_at: datetime
    maintenance: bool = False
    stack: str = "paas-12"
    generation: int = 0
    """Counts the changes of what is wanted (formation, release, config, maintenance, domains, restarts).
    `converge` reads it first and looks again at the end, so no change is ever missed."""


def check_app_name(name: str) -> str:
    """The name, if it may be an app's. Raises `Invalid`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Invalid(
            "name", str(name), "must start with a letter, end with a letter or digit, and have 3 to 30 lowercase letters, digits or dashes"
        )  # fmt: skip
    if name in RESERVED_NAMES:
        raise Invalid("name", name, "is reserved for the platform")
    return name
