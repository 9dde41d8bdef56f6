"""The engine goes away in the middle of a call: everybody who waits for it is told."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from paas.adapters.docker_client import DockerClient
from paas.adapters.docker_engine import DockerEngine
from paas.config import Settings
from paas.errors import EngineUnavailable
from paas.ports.engine import Engine, ProcessSpec

# The SDK leaves sockets to the collector when the other side closes them.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

Spec = Callable[..., ProcessSpec]


class Wire:
    """Stands between adapter and engine, and can be cut: what a restart of the engine looks like from outside."""

    def __init__(self, path: Path, target: str) -> None:
        self._target = target
        self._ends: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(self._target)
                self._ends += [here, there]
                for source, sink in ((here, there), (there, here)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def wire(settings: Settings) -> Iterator[Wire]:
    wire = Wire(settings.run_dir / "docker.sock", settings.docker_host.removeprefix("unix://"))
    yield wire
    wire.cut()
    gc.collect()  # while the warnings are filtered


@pytest.fixture
def engine(wire: Wire, settings: Settings) -> DockerEngine:
    return DockerEngine(DockerClient(f"unix://{settings.run_dir}/docker.sock"), settings)


@pytest.mark.parametrize(
    "call",
    [
        lambda engine, process_id: list(engine.output(process_id, follow=True)),
        lambda engine, _: list(engine.events()),
        lambda engine, process_id: engine.wait(process_id, 60),
        lambda engine, process_id: engine.stop(process_id, 60),
    ],
    ids=["output", "events", "wait", "stop"],
)
def test_who_waits_for_the_engine_is_told(
    engine: DockerEngine, wire: Wire, spec: Spec, call: Callable[[Engine, str], object]
) -> None:
    process = engine.start(spec("ignores-term"))
    cut = threading.Timer(1, wire.cut)
    cut.start()

    with pytest.raises(EngineUnavailable):
        call(engine, process.id)
    cut.join()


def test_a_session_ends(engine: DockerEngine, wire: Wire, spec: Spec) -> None:
    _, session = engine.open(spec("runs", stdin=True))

    wire.cut()

    assert session.read(1) == b""
    with pytest.raises(EngineUnavailable):
        session.write(b"x" * 1_000_000)
    session.close()


def test_a_client_finds_its_way_back(wire: Wire, engine: DockerEngine, settings: Settings, spec: Spec) -> None:
    process = engine.start(spec("runs"))
    wire.cut()
    with pytest.raises(EngineUnavailable):
        engine.list()

    socket_path = settings.run_dir / "docker.sock"
    socket_path.unlink()
    again = Wire(socket_path, settings.docker_host.removeprefix("unix://"))

    assert engine.list() == [process]
    again.cut()
