"""Where an instance is and what it is called: the object of `bin/paas info --json`, a stable contract for scripts."""

from __future__ import annotations

from pathlib import Path

import paas
from paas.config import Settings
from paas.errors import SetupFailed


def operator_token_file(settings: Settings) -> Path:
    """bin/up keeps an admin's token here, for root's own use of the command line."""
    return settings.data_dir / "operator-token"


def require_installed(settings: Settings) -> None:
    """Raises `SetupFailed` unless bin/up has made this instance."""
    if not (settings.data_dir / "settings.json").exists():
        raise SetupFailed(
            f"There is no instance {settings.name} at {settings.data_dir}.",
            "Make one with bin/up, or name another: PAAS_NAME, and PAAS_DATA_DIR if it was given one.",
        )


def describe(settings: Settings) -> dict[str, str | int]:
    """Addresses, ports and files. Keys are only ever added."""
    return {
        "name": settings.name,
        "version": paas.__version__,
        "console": settings.url("console"),
        "api": settings.url("api"),
        "git": settings.url("git"),
        "sample": settings.url("hello"),
        "domain": settings.domain,
        "http_port": settings.http_port,
        "https_port": settings.https_port,
        "ca_file": str(settings.ca_file),
        "data_dir": str(settings.data_dir),
    }
