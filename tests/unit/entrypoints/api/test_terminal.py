"""One-off processes over a real WebSocket, on a real socket; the process is a made-up one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import websocket
from flask import Flask
from werkzeug.serving import make_server

from paas.domain.app import App
from paas.domain.release import Release
from paas.entrypoints.api import runs
from tests.unit.conftest import Fakes
from tests.unit.entrypoints.api.conftest import Call

Deploy = Callable[..., Release]


@pytest.fixture
def port(api: Flask) -> Iterator[int]:
    """Where the API listens."""
    server = make_server("127.0.0.1", 0, api, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def attach(call: Call, port: int, app: App, deploy: Deploy) -> Iterator[Callable[..., websocket.WebSocket]]:
    """Asks for an attached run and connects to it."""
    deploy()
    opened = []

    def attach(command: str, **more: Any) -> websocket.WebSocket:
        made = call("POST", "/apps/shop/dynos", {"command": command, "attach": True, **more}, Host=f"127.0.0.1:{port}")
        assert made.json is not None
        assert made.status_code == 201, made.json
        opened.append(websocket.create_connection(made.json["attach_url"], timeout=20))
        return opened[-1]

    yield attach
    for connection in opened:
        connection.shutdown()  # type: ignore[no-untyped-call]


def receive_all(connection: websocket.WebSocket) -> tuple[bytes, list[dict[str, Any]]]:
    """(bytes, control messages) until the server closes."""
    output = b""
    said: list[dict[str, Any]] = []
    while True:
        opcode, data = connection.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            connection.shutdown()  # type: ignore[no-untyped-call]
            return output, said
        if opcode == websocket.ABNF.OPCODE_TEXT:
            said.append(json.loads(data))
        else:
            output += data


def test_output_then_exit_status_then_the_end(
    attach: Callable[..., websocket.WebSocket], services: Fakes, app: App, wait_for: Callable[..., None]
) -> None:
    output, said = receive_all(attach("echo hello"))

    assert output == b"hello\r\n"
    assert said == [{"exit": 0}]
    wait_for(lambda: services.engine.list(app.id) == [])


def test_bytes_go_both_ways_until_the_end_of_input(attach: Callable[..., websocket.WebSocket]) -> None:
    connection = attach("cat", force_no_tty=True)

    connection.send(json.dumps({"resize": [50, 132]}))
    connection.send("no json")
    connection.send(json.dumps({"resize": ["x"], "else": 1}))
    connection.send_binary(b"one\n")
    assert connection.recv() == b"one\n"
    connection.send_binary(b"two\n")
    assert connection.recv() == b"two\n"
    connection.send(json.dumps({"eof": True}))

    assert receive_all(connection) == (b"", [{"exit": 0}])


def test_a_process_ends_with_its_client(
    attach: Callable[..., websocket.WebSocket], services: Fakes, app: App, wait_for: Callable[..., None]
) -> None:
    connection = attach("sleep 1000")
    wait_for(lambda: len(services.engine.list(app.id)) == 1)

    connection.sock.close()  # type: ignore[union-attr]  # no goodbye

    wait_for(lambda: services.engine.list(app.id) == [])


def test_what_can_not_start_is_told(attach: Callable[..., websocket.WebSocket]) -> None:
    output, said = receive_all(attach("no-such-thing"))

    assert output == b""
    assert said[0]["error"]["id"] == "not_ready"


def test_nothing_runs_before_the_client_connects(call: Call, services: Fakes, app: App, deploy: Deploy) -> None:
    deploy()

    made = call("POST", "/apps/shop/dynos", {"command": "bash", "attach": True, "env": {"TERM": "xterm"}}).json

    assert made is not None
    assert made["attach_url"].startswith("ws://localhost/streams/run/")
    assert made["state"] == "starting"
    assert "bash" not in made["attach_url"]
    assert services.engine.list(app.id) == []


def test_an_address_is_good_once_and_not_for_long(
    call: Call, port: int, services: Fakes, app: App, deploy: Deploy
) -> None:
    deploy()

    def ask() -> str:
        made = call(
            "POST", "/apps/shop/dynos", {"command": "echo hello", "attach": True}, Host=f"127.0.0.1:{port}"
        ).json
        assert made is not None
        return str(made["attach_url"])

    first, second = ask(), ask()
    receive_all(websocket.create_connection(first, timeout=20))
    services.clock.sleep(runs.WAIT + 1)

    for url in (first, second):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            websocket.create_connection(url, timeout=20)
        assert refused.value.status_code == 404


def test_without_code_there_is_nothing_to_run(call: Call, app: App) -> None:
    response = call("POST", "/apps/shop/dynos", {"command": "bash", "attach": True})

    assert (response.status_code, response.json and response.json["id"]) == (409, "conflict")


def test_a_plain_request_is_no_terminal(call: Call) -> None:
    assert call("GET", "/streams/run/x").status_code == 400
