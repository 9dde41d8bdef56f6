"""The build container, as the phases see it: it starts in the background, runs programs, and is gone at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from paas.errors import BuildFailed
from paas.lifecycle.build import BUILD_ERROR
from paas.lifecycle.detect import NOBODY_AND_ERRORS
from paas.lifecycle.runner import Command, Runner, SandboxLost
from paas.ports.sandbox import Sandbox, SandboxSession, SandboxSpec


class BuildContainer:
    """`check` is called often while programs run, and raises to end the build. Always `close` it."""

    def __init__(self, sandbox: Sandbox, spec: SandboxSpec, check: Callable[[], None]) -> None:
        """Begins to start it; what goes wrong with that is raised by the first use."""
        self._sandbox = sandbox
        self._spec = spec
        self._check = check
        self._session: SandboxSession | None = None
        self._runner: Runner | None = None
        self._error: Exception | None = None
        self._starter = threading.Thread(target=self._start, name="build-container")
        self._starter.start()

    def wait(self) -> None:
        """Until it has started."""
        self._started()

    def run(self, phase: str, commands: Sequence[Command], output: Callable[[int, bytes], None]) -> list[int]:
        """The exit codes. Raises `BuildFailed` when the container ends before its time, and what `check` raises."""
        self._started()
        assert self._runner is not None
        try:
            return self._runner.run(commands, output)
        except SandboxLost as exc:
            code = NOBODY_AND_ERRORS if phase == "detect" else BUILD_ERROR
            raise BuildFailed(phase, code, f"{exc}. {self._started().ending().errors}".strip(" .")) from exc

    def stop(self) -> None:
        """Kills everything in it: its folders are still from now on."""
        self._started().stop()

    def ran_out_of_memory(self) -> bool:
        """Stops it, and tells whether anything in it was killed for want of memory."""
        return self._started().ending().out_of_memory

    def close(self) -> None:
        """Whatever happened: nothing of it is left afterwards."""
        self._starter.join()
        if self._session is not None:
            self._session.close()

    def _started(self) -> SandboxSession:
        self._starter.join()
        if self._error is not None:
            raise self._error
        assert self._session is not None
        return self._session

    def _start(self) -> None:
        try:
            self._session = self._sandbox.start(self._spec)
            self._runner = Runner(self._session, self._check)
        except Exception as exc:  # noqa: BLE001  (raised again where the start is waited for)
            self._error = exc
