"""Reading HAProxy's answers, and talking to one that misbehaves."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from paas.adapters.haproxy.runtime import RuntimeAPI, map_changes, read_map, read_servers
from paas.errors import RouterUnavailable

STAT = """# pxname,svname,qcur,scur,status,lastchg,used_conn_cur,idle_conn_cur,addr,
s1,web.1-a,1,2,UP,7,2,3,10.0.0.2:5000,
s1,web.1-b,0,0,MAINT,12,0,0,10.0.0.3:5000,
"""


def test_servers_are_read_by_column_name() -> None:
    first, second = read_servers(STAT)

    assert (first.backend, first.name, first.address, first.sessions, first.connections) == (
        "s1",
        "web.1-a",
        "10.0.0.2:5000",
        3,
        5,
    )
    assert first.is_up
    assert second.is_in_maintenance
    assert second.seconds == 12


def test_no_servers_are_no_servers() -> None:
    assert read_servers("# pxname,svname,\n") == []
    assert read_servers("") == []


def test_a_map_is_changed_by_the_least_that_makes_it_right() -> None:
    have = read_map("0x1 a.example s1\n0x2 b.example s2\n0x3 c.example s3\n")

    changes = map_changes(Path("/m"), have, {"a.example": "s1", "b.example": "s9", "d.example": "s4"})

    assert changes == ["set map /m b.example s9", "add map /m d.example s4", "del map /m c.example"]


def test_a_socket_that_is_not_there_is_an_unavailable_router(tmp_path: Path) -> None:
    with pytest.raises(RouterUnavailable):
        RuntimeAPI(tmp_path / "no.sock").run(["show info"])


def test_an_answer_cut_short_is_an_unavailable_router(data_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(data_dir / "s"))
        listening.listen()

        def answer_half() -> None:
            connection, _ = listening.accept()
            connection.recv(100)
            connection.sendall(b"\n> half an ans")
            connection.close()

        thread = threading.Thread(target=answer_half)
        thread.start()
        with pytest.raises(RouterUnavailable):
            RuntimeAPI(data_dir / "s").run(["show info"])
        thread.join()
