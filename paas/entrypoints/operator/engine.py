"""The Docker Engine: starts one if none answers, under systemd or in the background with its own log."""

from __future__ import annotations

import subprocess
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from paas.adapters.docker_instance import DockerInstance
from paas.entrypoints.operator import packages
from paas.entrypoints.operator.host import has_systemd
from paas.entrypoints.operator.progress import TAIL_LINES, run
from paas.errors import EngineUnavailable, SetupFailed

LOG = Path("/var/log/dockerd.log")
_LOCAL = ("unix:///var/run/docker.sock", "unix:///run/docker.sock")
_PATIENCE = 60.0
_CGROUPS = packages.Package("cgroupfs-mount", "cgroupfs-mount")


def ensure(docker_host: str, say: Callable[[str], None]) -> None:
    """Returns once an engine answers at `docker_host`. Raises `SetupFailed`."""
    if _answers(docker_host):
        return
    if docker_host not in _LOCAL:
        raise SetupFailed(
            f"No Docker Engine answers at {docker_host}.", "Start it, or leave PAAS_DOCKER_HOST empty for a local one."
        )
    if has_systemd():
        say("starting docker.service")
        run(
            ["systemctl", "enable", "--now", "docker.socket", "docker.service"],
            what="The Docker Engine can't be started.", advice="See `journalctl -u docker`.",
        )  # fmt: skip
        process = None
    else:
        process = _start_daemon(say)
    deadline = time.monotonic() + _PATIENCE
    while not _answers(docker_host):
        if time.monotonic() > deadline or (process and process.poll() is not None):
            raise SetupFailed(
                "The Docker Engine was started but does not answer.",
                f"Its log tells why: {'journalctl -u docker' if process is None else LOG}.",
                () if process is None else tuple(_last_lines()),
            )
        time.sleep(0.1)


def _start_daemon(say: Callable[[str], None]) -> subprocess.Popen[bytes]:
    """dockerd in a session of its own. It keeps its pid in /run/docker.pid, and refuses to start twice."""
    if not any(line.split()[2].startswith("cgroup") for line in Path("/proc/mounts").read_text().splitlines()):
        packages.install_missing((_CGROUPS,), say)
        run(["cgroupfs-mount"], what="Control groups can't be mounted.", advice="Docker needs them: see cgroups(7).")
    say(f"starting dockerd, log in {LOG}")
    with LOG.open("ab") as log:
        return subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )


def _answers(docker_host: str) -> bool:
    try:
        DockerInstance(docker_host, "").ping()
    except EngineUnavailable:
        return False
    return True


def _last_lines() -> deque[str]:
    with LOG.open(errors="replace") as log:
        return deque((line.rstrip("\n") for line in log), TAIL_LINES)
