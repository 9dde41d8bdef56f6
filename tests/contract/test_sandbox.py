"""What every sandbox promises. (Its walls are the real one's alone: see tests/integration/test_lifecycle_limits.py.)"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paas.adapters.docker_client import DockerClient
from paas.adapters.docker_networks import DockerNetworks
from paas.adapters.docker_sandbox import DockerSandbox
from paas.adapters.memory.sandbox import LocalSandbox
from paas.config import MiB, Settings
from paas.errors import EngineUnavailable, PlatformFault
from paas.ports.engine import Limits
from paas.ports.sandbox import Mount, Sandbox, SandboxSession, SandboxSpec

Make = Callable[..., SandboxSpec]


@pytest.fixture(params=["memory", "docker"])
def sandbox(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Sandbox]:
    made: Sandbox
    if request.param == "memory":
        made = LocalSandbox()
    else:
        client = DockerClient(settings.docker_host)
        made = DockerSandbox(client, DockerNetworks(client, settings), settings)
    yield made
    made.discard("build-1")


@pytest.fixture
def spec(base_image: str) -> Make:
    def spec(script: str, *, image: str = base_image, mounts: tuple[Mount, ...] = ()) -> SandboxSpec:
        limits = Limits(64 * MiB, 1.0, 64)
        env = {"GREETING": "hello"}
        return SandboxSpec("build-1", "app-1", "shop", image, ("sh", "-c", script), env, mounts, limits)

    return spec


def read(session: SandboxSession, until: bytes = b"") -> bytes:
    """All output so far, until it holds `until`, or to its end."""
    output = b""
    deadline = time.monotonic() + 30
    while not until or until not in output:
        assert time.monotonic() < deadline
        data = session.receive(1.0)
        if data == b"":
            return output
        output += data or b""
    return output


def test_output_comes_from_the_first_byte_to_the_last(sandbox: Sandbox, spec: Make) -> None:
    session = sandbox.start(spec("echo first; echo $GREETING; echo not this >&2; printf last"))

    assert read(session) == b"first\nhello\nlast"
    session.close()


def test_input_goes_in(sandbox: Sandbox, spec: Make) -> None:
    session = sandbox.start(spec("while read line; do echo got $line; done"))

    session.send(b"one\ntwo\n")

    assert read(session, b"two\n") == b"got one\ngot two\n"
    session.close()


def test_silence_is_not_the_end(sandbox: Sandbox, spec: Make) -> None:
    session = sandbox.start(spec("read line; echo over"))

    assert session.receive(0.05) is None
    session.send(b"\n")
    assert read(session) == b"over\n"
    session.close()


def test_sending_to_what_has_ended_is_no_error(sandbox: Sandbox, spec: Make) -> None:
    session = sandbox.start(spec("true"))
    assert read(session) == b""

    for _ in range(3):
        session.send(b"x" * 1000)
    session.close()


def test_stopping_kills_and_may_be_done_twice(sandbox: Sandbox, spec: Make) -> None:
    session = sandbox.start(spec("trap '' TERM INT; echo ready; while :; do sleep 0.1; done"))
    read(session, b"ready\n")

    session.stop()
    session.stop()
    session.close()
    session.close()


def test_the_ending_tells_the_last_of_standard_error(sandbox: Sandbox, spec: Make) -> None:
    session = sandbox.start(spec("echo the reason >&2; exit 3"))
    assert read(session) == b""

    ending = session.ending()

    assert ending.errors == "the reason\n"
    assert not ending.out_of_memory
    session.close()


def test_discarding_kills_what_others_started_and_may_be_done_twice(sandbox: Sandbox, spec: Make) -> None:
    session = sandbox.start(spec("echo ready; sleep 1000"))
    read(session, b"ready\n")

    sandbox.discard("another-build")
    assert session.receive(0.05) is None
    sandbox.discard("build-1")
    sandbox.discard("build-1")

    session.close()


def test_a_missing_image_is_the_platforms_fault(sandbox: Sandbox, spec: Make) -> None:
    image = "" if isinstance(sandbox, LocalSandbox) else "no/such:image"

    with pytest.raises(PlatformFault):
        sandbox.start(spec("true", image=image))


# --- Docker's alone ---------------------------------------------------------------------------------------------------


@pytest.fixture
def docker_sandbox(settings: Settings) -> DockerSandbox:
    client = DockerClient(settings.docker_host)
    return DockerSandbox(client, DockerNetworks(client, settings), settings)


def test_mounts_are_read_only_unless_told_otherwise(docker_sandbox: DockerSandbox, spec: Make, tmp_path: Path) -> None:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    mounts = (Mount(tmp_path / "in", "/in"), Mount(tmp_path / "out", "/out", writable=True))

    session = docker_sandbox.start(spec("echo x > /out/file; echo x > /in/file && echo could; true", mounts=mounts))

    assert read(session) == b""
    session.close()
    assert (tmp_path / "out" / "file").read_text() == "x\n"


def test_without_the_first_process_in_sight_the_engine_kills(
    docker_sandbox: DockerSandbox, spec: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paas.adapters.docker_sandbox._open_init", lambda *_: None)
    session = docker_sandbox.start(spec("echo ready; sleep 1000"))
    read(session, b"ready\n")

    session.stop()

    assert session.receive(5) == b""
    session.close()


def test_a_network_that_somebody_removed_is_made_again(
    docker_sandbox: DockerSandbox, spec: Make, settings: Settings
) -> None:
    docker_sandbox.start(spec("true")).close()
    client = DockerClient(settings.docker_host)
    DockerNetworks(client, settings).remove("builds")

    session = docker_sandbox.start(spec("echo fine"))

    assert read(session) == b"fine\n"
    session.close()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the SDK's, when it can't connect
def test_an_engine_that_does_not_answer(settings: Settings, spec: Make) -> None:
    client = DockerClient(f"unix://{settings.run_dir}/nobody-listens.sock")
    dead = DockerSandbox(client, DockerNetworks(client, settings), settings)

    with pytest.raises(EngineUnavailable):
        dead.start(spec("true"))
    with pytest.raises(EngineUnavailable):
        dead.discard("build-1")
    gc.collect()  # while the warnings are filtered
