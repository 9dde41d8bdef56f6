"""Supervision: the same supervisord under systemd and without it; its configuration is a pure function."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from paas.config import Settings
from paas.entrypoints.operator import private_file, supervisor_rpc, systemd
from paas.entrypoints.operator.host import ROOT, has_systemd
from paas.entrypoints.operator.programs import Program
from paas.entrypoints.operator.progress import run
from paas.entrypoints.operator.venv import VENV
from paas.errors import Invalid, SetupFailed

MARK = "PAAS_SUPERVISED_BY"
"""In the environment of all that the supervisor starts, holding the data directory: so that what a killed supervisor
left behind is found, and nothing else."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STOP_SECONDS = 60  # of all programs together; longer than each one's own


def configuration_file(settings: Settings) -> Path:
    return settings.data_dir / "supervisord.conf"


def socket_file(settings: Settings) -> Path:
    return settings.run_dir / "supervisor.sock"


def configuration(settings: Settings, programs: Sequence[Program], environment: Mapping[str, str]) -> str:
    """supervisord.conf (supervisord.org, *Configuration File*). `environment` is what all programs get besides."""
    common = {
        **environment,
        "HOME": str(settings.data_dir),  # git and others must not read the operator's own settings
        "LANG": "C.UTF-8",
        "PATH": _PATH,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "",  # whatever the operator's shell says: compiling at each start costs a second
        # Large buffers (scrypt's 16 MB above all) go back to the system, instead of staying with each thread's arena.
        "MALLOC_MMAP_THRESHOLD_": "1048576",
        "MALLOC_ARENA_MAX": "2",
        "PAAS_NAME": settings.name,
        "PAAS_DATA_DIR": str(settings.data_dir),
        MARK: str(settings.data_dir),
    }
    sections = [
        f"""\
[unix_http_server]
file={_escaped(socket_file(settings))}
chmod=0700

[supervisord]
directory={_escaped(settings.data_dir)}
logfile={_escaped(settings.log_dir / "supervisord.log")}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={_escaped(settings.run_dir / "supervisord.pid")}
childlogdir={_escaped(settings.log_dir)}
identifier=paas-{settings.name}
user=root

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    ]
    for program in programs:
        sections.append(f"""\
[program:{program.name}]
command={_escaped(shlex.join(program.argv))}
environment={_assignments({**common, "PAAS_STAMP": program.stamp})}
directory={_escaped(settings.data_dir)}
priority={program.priority}
autorestart=true
startsecs=1
startretries=1000000
stopwaitsecs={program.stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile={_escaped(settings.log_dir / program.name)}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
""")
    return "\n".join(sections)


def start(settings: Settings, text: str) -> None:
    """Makes the programs of this configuration run: starts the supervisor, or tells the running one what has changed."""
    file = configuration_file(settings)
    private_file.write(file, text)  # proxies' URLs may hold passwords
    if has_systemd():
        systemd.install(settings)
    if not is_running(settings):
        end_orphans(settings)
        _start_supervisor(settings, file)
    else:
        _apply_changes(settings)
    _start_stopped(settings)


def is_running(settings: Settings) -> bool:
    """Whether the instance's supervisor answers."""
    try:
        with _rpc(settings) as rpc:
            rpc.getState()
    except supervisor_rpc.ERRORS:
        return False
    return True


def states(settings: Settings) -> dict[str, str]:
    """Program → supervisor's word for its state (RUNNING, STARTING, BACKOFF …); empty if there is no supervisor."""
    return {p["name"]: p["statename"] for p in _processes(settings)}


def pids(settings: Settings) -> dict[str, int]:
    """Program → process id, of those that run; empty if there is no supervisor."""
    return {p["name"]: p["pid"] for p in _processes(settings) if p["pid"]}


def send_signal(settings: Settings, program: str, name: str) -> None:
    """Sends a signal to a program, if it runs."""
    with suppress(*supervisor_rpc.ERRORS), _rpc(settings) as rpc:
        rpc.signalProcess(program, name)


def stop(settings: Settings) -> None:
    """Stops the supervisor and all that it started, whether or not it still answers. Idempotent."""
    if has_systemd():
        systemd.remove(settings)  # nor does it come back at the next boot, until bin/up is called again
    with suppress(*supervisor_rpc.ERRORS), _rpc(settings) as rpc:
        pid = rpc.getPID()
        rpc.shutdown()
        _wait_until_gone([pid], _STOP_SECONDS)
    end_orphans(settings)


def end_orphans(settings: Settings) -> None:
    """Ends what a supervisor started and left behind when it was killed: SIGTERM, then SIGKILL."""
    for number, patience in ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
        left = _orphans(settings.data_dir)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        _wait_until_gone(left, patience)


# --- the supervisor ------------------------------------------------------------------------------------------------


def _start_supervisor(settings: Settings, file: Path) -> None:
    if has_systemd():
        systemd.start(settings)
    else:
        # env -i: as under systemd, nothing of the operator's shell gets into the platform.
        run(
            ["env", "-i", f"PATH={_PATH}", VENV / "bin" / "supervisord", "--configuration", file],
            what="The supervisor can't be started.",
            advice=f"See {settings.log_dir / 'supervisord.log'}.",
        )
    deadline = time.monotonic() + 10
    while not is_running(settings):
        if time.monotonic() > deadline:
            raise SetupFailed("The supervisor does not answer.", f"See {settings.log_dir / 'supervisord.log'}.")
        time.sleep(0.05)


def _apply_changes(settings: Settings) -> None:
    """What `supervisorctl update` does: only programs whose section has changed are restarted."""
    with _rpc(settings) as rpc:
        ((added, changed, removed),) = rpc.reloadConfig()
        for group in (*changed, *removed):
            rpc.stopProcessGroup(group)
            rpc.removeProcessGroup(group)
        for group in (*changed, *added):
            rpc.addProcessGroup(group)


def _start_stopped(settings: Settings) -> None:
    """What was stopped by hand, or has failed so often that it now waits long, is tried at once."""
    for name, state in states(settings).items():
        # One may come up, or go down again, between these calls.
        with suppress(*supervisor_rpc.ERRORS), _rpc(settings) as rpc:
            if state == "BACKOFF":
                rpc.stopProcess(name)
            if state in ("BACKOFF", "STOPPED", "EXITED", "FATAL"):
                rpc.startProcess(name, False)


def _processes(settings: Settings) -> list[dict[str, Any]]:
    try:
        with _rpc(settings) as rpc:
            return list(rpc.getAllProcessInfo())
    except supervisor_rpc.ERRORS:
        return []


def _rpc(settings: Settings) -> AbstractContextManager[Any]:
    return supervisor_rpc.connect(socket_file(settings))


# --- processes -----------------------------------------------------------------------------------------------------


def _orphans(data_dir: Path) -> list[int]:
    """Processes that carry our mark. Apps' containers, which could forge it, live in other pid namespaces."""
    mark = f"{MARK}={data_dir}".encode()
    namespace = Path("/proc/self/ns/pid").readlink()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            if mark in (folder / "environ").read_bytes().split(b"\0") and (folder / "ns/pid").readlink() == namespace:
                found.append(int(folder.name))
    return found


def _wait_until_gone(pids: Sequence[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(_is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    """Zombies are dead: whoever started them has only not asked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- text ----------------------------------------------------------------------------------------------------------


def _escaped(value: str | Path) -> str:
    """supervisor expands %(name)s in values."""
    return str(value).replace("%", "%%")


def _assignments(environment: Mapping[str, str]) -> str:
    """KEY="value",… as supervisor reads it: quotes of either kind, nothing to escape them with. Raises `Invalid`."""
    return ",".join(f"{key}={_quoted(key, value)}" for key, value in sorted(environment.items()))


def _quoted(key: str, value: str) -> str:
    quote = "'" if '"' in value else '"'
    if quote in value or not value.isprintable():
        raise Invalid(key, value, "can't be passed on: it has both kinds of quotes, or characters that don't print")
    return f"{quote}{_escaped(value)}{quote}"
