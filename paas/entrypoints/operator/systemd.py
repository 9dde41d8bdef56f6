"""systemd, where it is the init: one unit per instance, which runs the same supervisor in the foreground."""

from __future__ import annotations

from pathlib import Path

from paas.config import Settings
from paas.entrypoints.operator.progress import run
from paas.entrypoints.operator.venv import VENV

_UNITS = Path("/etc/systemd/system")


def unit_name(settings: Settings) -> str:
    return f"paas-{settings.name}.service"


def unit_file(settings: Settings) -> Path:
    return _UNITS / unit_name(settings)


def unit(settings: Settings) -> str:
    """The unit's text (systemd.service(5)). `mixed`: the supervisor stops its children in order; who is left is killed."""
    return f"""\
[Unit]
Description=PaaS, instance {settings.name}
Wants=network-online.target docker.service
After=network-online.target docker.service

[Service]
ExecStart="{_escaped(VENV)}/bin/supervisord" --nodaemon --configuration "{_escaped(settings.data_dir)}/supervisord.conf"
Restart=always
RestartSec=1
KillMode=mixed
TimeoutStopSec=90
StandardOutput=null

[Install]
WantedBy=multi-user.target
"""


def install(settings: Settings) -> None:
    """Puts the unit in place and has it started at boot. Changes nothing the second time."""
    file, text = unit_file(settings), unit(settings)
    if file.exists() and file.read_text() == text:
        return
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.replace(file)
    _systemctl("daemon-reload")
    _systemctl("enable", unit_name(settings))


def start(settings: Settings) -> None:
    _systemctl("restart", unit_name(settings))


def remove(settings: Settings) -> None:
    """Stops the unit and takes it out. Idempotent."""
    if not unit_file(settings).exists():
        return
    _systemctl("disable", "--now", unit_name(settings))
    unit_file(settings).unlink(missing_ok=True)
    _systemctl("daemon-reload")


def _systemctl(*args: str) -> None:
    run(
        ["systemctl", *args],
        what=f"systemctl {' '.join(args)} failed.",
        advice="Its reason stands above; `systemctl status` and `journalctl -xe` tell more.",
    )


def _escaped(path: Path) -> str:
    """Specifiers and quotes of unit files (systemd.unit(5))."""
    return str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
