from __future__ import annotations

import socket
from pathlib import Path

import pytest

from paas.config import Settings
from paas.entrypoints.operator import host, locks, packages
from paas.errors import SetupFailed


def test_a_port_of_somebody_else_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(SetupFailed, match=f"Port {port} is in use"):
            host.check_ports(Settings(http_port=port))


def test_two_at_once_are_refused_and_a_finished_one_holds_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")

    with locks.instance(settings), pytest.raises(SetupFailed, match="at work"), locks.instance(settings):
        pass
    with locks.instance(settings):
        pass


def test_a_package_is_missing_if_neither_it_nor_a_stand_in_is_here() -> None:
    assert packages.Package("no-such", "no-such-program").is_missing
    assert packages.Package("no-such", "/no/such/file").is_missing
    assert not packages.Package("coreutils", "ls").is_missing


def test_nothing_is_installed_when_nothing_is_missing() -> None:
    said: list[str] = []

    packages.install_missing([packages.Package("coreutils", "ls")], said.append)

    assert said == []
