"""The distribution's packages: installs those that are missing, and keeps their own services from starting."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paas.entrypoints.operator.progress import run

_SEARCH = os.pathsep.join(("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"))
_QUIET = ("env", "DEBIAN_FRONTEND=noninteractive")
_INSTALL = (*_QUIET, "apt-get", "install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")
_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_MARK = "# written by paas bin/up"


@dataclass(frozen=True)
class Package:
    """A Debian package and the file or program by which we see that it, or one that stands in for it, is here."""

    name: str
    provides: str
    service: str = ""  # what the package would start by itself while it is installed, and must not
    is_ours_to_run: bool = True  # we start the program with a configuration of our own: its service stays off

    @property
    def is_missing(self) -> bool:
        if self.provides.startswith("/"):
            return not Path(self.provides).exists()
        return shutil.which(self.provides, path=_SEARCH) is None


PLATFORM = (
    Package("ca-certificates", "/etc/ssl/certs/ca-certificates.crt"),
    Package("debian-archive-keyring", "/usr/share/keyrings/debian-archive-keyring.gpg"),
    # Started afterwards by `engine`: on a machine without systemd its own start may fail, and the installation with it.
    Package("docker.io", "dockerd", service="docker", is_ours_to_run=False),
    Package("git", "git"),
    Package("haproxy", "haproxy", service="haproxy"),
    Package("iptables", "iptables"),
    Package("mmdebstrap", "mmdebstrap"),
    Package("redis-server", "redis-server", service="redis-server"),
)
TESTS = (
    Package("busybox-static", "/bin/busybox"),
    Package("chromium", "chromium"),
    Package("chromium-driver", "chromedriver"),
    Package("iproute2", "ss"),
)
BENCHMARKS = (Package("wrk", "wrk"),)
VENV = Package("python3-venv", "")  # asked for only if this Python has no ensurepip


def install_missing(wanted: Sequence[Package], say: Callable[[str], None]) -> None:
    """Installs those that are missing."""
    missing = [p for p in wanted if p.is_missing]
    if missing:
        install(missing, say)


def install(wanted: Sequence[Package], say: Callable[[str], None]) -> None:
    """Installs these, with the services that they bring switched off. Raises `SetupFailed`."""
    names = [p.name for p in wanted]
    say("installing " + ", ".join(names))
    advice = "Mend the package sources (/etc/apt), see that the machine has a network, then run the command again."
    run(["apt-get", "update"], what="apt-get update failed.", advice=advice)
    services = [p.service for p in wanted if p.service]
    with _services_off(services):
        # What an earlier run may have left half done, when it was killed.
        run([*_QUIET, "dpkg", "--configure", "--pending"], what="dpkg could not end what it had begun.", advice=advice)
        run([*_INSTALL, *names], what=f"apt-get could not install {', '.join(names)}.", advice=advice)
    replaced = [p.service for p in wanted if p.service and p.is_ours_to_run]
    if replaced and shutil.which("systemctl"):
        # Held back from starting just now; this holds them back at the next boot.
        run(["systemctl", "disable", *replaced], what="The packages' own services can't be disabled.", advice=advice)


@contextmanager
def _services_off(services: Sequence[str]) -> Iterator[None]:
    """While the block runs, packages may not start these services (Debian's policy-rc.d; others may).

    Should we be killed inside, the file we leave has no effect: it looks whether we still live.
    """
    ours_from_before = _POLICY.exists() and _POLICY_MARK in _POLICY.read_text(errors="replace")
    if not services or (_POLICY.exists() and not ours_from_before):
        yield  # nothing to hold back, or the machine has its own policy (containers: none may start), which we keep
        return
    _POLICY.write_text(
        f"#!/bin/sh\n{_POLICY_MARK}\nkill -0 {os.getpid()} 2>/dev/null || exit 0\n"
        f'case "$1" in {"|".join(services)}) exit 101;; esac\nexit 0\n'
    )
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
