"""What must hold of the machine before anything is installed or started: root, Python, disk, free ports."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
from collections.abc import Collection
from pathlib import Path

from paas.config import GiB, Settings
from paas.errors import SetupFailed

ROOT = Path(__file__).resolve().parents[3]
"""The clone that these commands run from."""

_NEEDED_DISK = 2 * GiB  # stack images 1 GB, Python packages, Docker's own


def has_systemd() -> bool:
    """Whether systemd is the init that runs (sd_booted(3)), not merely installed."""
    return Path("/run/systemd/system").is_dir()


def check_machine(command: str) -> None:
    """Raises `SetupFailed` unless we are root on a Linux with apt."""
    if sys.platform != "linux" or shutil.which("apt-get") is None:
        raise SetupFailed(
            "This is not a Debian or Ubuntu machine (there is no apt-get).",
            "The platform installs its parts from Debian's packages: use Debian 12, Ubuntu 24.04 or later.",
        )
    if os.geteuid() != 0:
        raise SetupFailed(
            f"{command} runs as root: it installs packages and drives Docker.", f"Run it again as root: sudo {command}"
        )


def check_disk(path: Path) -> None:
    """Raises `SetupFailed` if too little is free where `path` is, or will be."""
    here = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(here).free
    if free < _NEEDED_DISK:
        raise SetupFailed(
            f"Only {free / GiB:.1f} GiB are free at {here}; {_NEEDED_DISK / GiB:.0f} GiB are needed to start.",
            "Make room, or put the data elsewhere with --data-dir.",
        )


def check_ports(settings: Settings, *, ours: Collection[int] = ()) -> None:
    """Raises `SetupFailed` if somebody listens on one of the instance's two ports. `ours`: where the instance itself does."""
    for flag, port in (("--http-port", settings.http_port), ("--https-port", settings.https_port)):
        if port in ours:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what is left in TIME_WAIT is no listener
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104  (the router listens on all addresses, so we probe all)
            except OSError as exc:
                if exc.errno != errno.EADDRINUSE:
                    raise SetupFailed(f"Port {port} can't be used: {exc.strerror}.", f"Give another {flag}.") from exc
                raise SetupFailed(
                    f"Port {port} is in use by another program; nothing was started.",
                    f"See who has it with `ss -ltnp 'sport = :{port}'` and stop that, or give another {flag}.",
                ) from exc
