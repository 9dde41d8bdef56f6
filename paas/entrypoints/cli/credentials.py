"""Who is logged in where: ~/.config/paas/credentials.json, for its owner only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from paas import config
from paas.entrypoints.operator import private_file
from paas.errors import Invalid


@dataclass(frozen=True)
class Credentials:
    """One login. `ca_file` is the certificate authority that HTTPS there is checked with; empty: the system's."""

    url: str  # of the API
    token: str
    email: str = ""
    ca_file: str = ""


def stored() -> list[Credentials]:
    """All logins, the newest first. Raises `Invalid` if the file is damaged."""
    try:
        rows = json.loads(_file().read_text())
        return [Credentials(**row) for row in rows]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError) as exc:
        raise Invalid(str(_file()), "", "is damaged; remove it and log in again: paas login") from exc


def keep(login: Credentials) -> None:
    """Remembers a login, in place of an older one to the same API."""
    _write([login, *(row for row in stored() if row.url != login.url)])


def forget(url: str) -> None:
    """Forgets the login to that API. Idempotent."""
    rows = stored()
    if left := [row for row in rows if row.url != url]:
        _write(left)
    elif rows:
        _file().unlink(missing_ok=True)


def _write(rows: list[Credentials]) -> None:
    private_file.write(_file(), json.dumps([asdict(row) for row in rows], indent=2) + "\n")


def _file() -> Path:
    told = config.client()
    base = told.get("XDG_CONFIG_HOME") or str(Path(told.get("HOME") or "/root") / ".config")
    return Path(base) / "paas" / "credentials.json"
