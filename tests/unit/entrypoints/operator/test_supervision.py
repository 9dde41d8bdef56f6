from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from supervisor.options import ServerOptions  # type: ignore[import-untyped]

from paas.config import Settings
from paas.entrypoints.operator import programs, supervision, systemd
from paas.entrypoints.operator.programs import Program
from paas.errors import Invalid

SETTINGS = Settings(name="shop", data_dir=Path("/var/lib/shop"))
ODD = Program("odd", ("echo", "a b", "100%", "it's", 'say "hi"'), 5, 7, "stamp")


def test_supervisor_reads_back_what_we_wrote(tmp_path: Path) -> None:
    """Spaces, quotes and per cent signs go through its expansion and its splitting unharmed."""
    settings = Settings(name="shop", data_dir=tmp_path)
    settings.log_dir.mkdir()
    settings.run_dir.mkdir()
    odd_value = 'http://user:p%40ss"w\\ord@proxy:3128,x=y'
    file = tmp_path / "supervisord.conf"
    file.write_text(supervision.configuration(settings, [ODD], {"HTTP_PROXY": odd_value}))

    options = ServerOptions()
    options.realize(["-c", str(file)], doc="")
    [group] = options.process_group_configs
    [process] = group.process_configs

    assert shlex.split(process.command) == list(ODD.argv)
    assert process.environment["HTTP_PROXY"] == odd_value
    assert process.environment["PAAS_NAME"] == "shop"
    assert process.environment[supervision.MARK] == str(tmp_path)
    assert (process.priority, process.stopwaitsecs, process.killasgroup) == (5, 7, True)


def test_a_value_that_cannot_be_written_down_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        supervision.configuration(SETTINGS, [ODD], {"HTTP_PROXY": "\"'"})

    assert caught.value.field == "HTTP_PROXY"


def test_every_program_of_an_instance_is_in_the_configuration() -> None:
    made = programs.all_of(SETTINGS)

    text = supervision.configuration(SETTINGS, made, {})

    assert [p.name for p in made] == ["redis", "web", "worker", "haproxy"]
    assert all(f"[program:{p.name}]" in text for p in made)
    assert "file=/var/lib/shop/run/supervisor.sock\nchmod=0700" in text


def test_redis_opens_no_port_and_writes_nothing_to_disk() -> None:
    lines = programs.redis_configuration(SETTINGS).splitlines()

    assert "port 0" in lines
    assert 'save ""' in lines
    assert "appendonly no" in lines
    assert "unixsocket /var/lib/shop/run/redis.sock" in lines
    assert "unixsocketperm 700" in lines


def test_the_web_process_listens_on_its_unix_socket_only() -> None:
    web = next(p for p in programs.all_of(SETTINGS) if p.name == "web")

    assert web.argv[web.argv.index("--bind") + 1] == "unix:/var/lib/shop/run/web.sock"
    assert web.argv[web.argv.index("--umask") + 1] == "0o007"


def test_changed_settings_restart_our_own_programs_and_leave_the_others_alone() -> None:
    before = {p.name: p for p in programs.all_of(SETTINGS)}
    after = {p.name: p for p in programs.all_of(Settings(name="shop", data_dir=SETTINGS.data_dir, build_concurrency=7))}

    assert {name for name in before if before[name] != after[name]} == {"web", "worker"}


def test_the_unit_runs_the_same_supervisor_in_the_foreground() -> None:
    text = systemd.unit(Settings(name="shop", data_dir=Path("/srv/50% off")))

    assert systemd.unit_name(SETTINGS) == "paas-shop.service"
    assert '/bin/supervisord" --nodaemon --configuration "/srv/50%% off/supervisord.conf"' in text
    assert "Restart=always" in text
    assert "KillMode=mixed" in text


def test_orphans_are_ended_and_others_are_not(tmp_path: Path, wait_for: Callable[..., None]) -> None:
    ours, theirs = (
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"], env={**os.environ, supervision.MARK: str(where)}
        )
        for where in (tmp_path / "ours", tmp_path / "theirs")
    )
    try:
        wait_for(lambda: b"sleep" in Path(f"/proc/{ours.pid}/cmdline").read_bytes())

        supervision.end_orphans(Settings(data_dir=tmp_path / "ours"))

        assert ours.wait(20) == -signal.SIGTERM
        assert theirs.poll() is None
    finally:
        for process in (ours, theirs):
            process.kill()
            process.wait()


def test_without_a_supervisor_nothing_runs(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    assert not supervision.is_running(settings)
    assert supervision.states(settings) == {}
    assert supervision.pids(settings) == {}
