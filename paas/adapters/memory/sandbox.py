"""A sandbox without walls: the command runs as a plain process of this machine. For what is said through it, not for hostile code."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import suppress

from paas.adapters.readable import readable
from paas.errors import PlatformFault
from paas.ports.sandbox import Ending, SandboxSpec


class LocalSandbox:
    """Implements `Sandbox`. Mounts, limits and the image count for nothing, but an image must be named."""

    def __init__(self) -> None:
        self._sessions: dict[str, list[LocalSession]] = {}

    def start(self, spec: SandboxSpec) -> LocalSession:
        if not spec.image:
            raise PlatformFault("the build image is missing")
        session = LocalSession(spec)
        self._sessions.setdefault(spec.build_id, []).append(session)
        return session

    def discard(self, build_id: str) -> None:
        for session in self._sessions.pop(build_id, []):
            session.close()


class LocalSession:
    """Implements `SandboxSession`."""

    def __init__(self, spec: SandboxSpec) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the session)
        env = {"PATH": "/usr/bin:/bin", **spec.env}
        self._process = subprocess.Popen(
            spec.command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
        )
        self._closed = False

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(data)

    def receive(self, timeout: float) -> bytes | None:
        assert self._process.stdout is not None
        if not readable(self._process.stdout, timeout):
            return None
        return self._process.stdout.read(65536)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def ending(self) -> Ending:
        self.stop()
        if self._closed:
            return Ending()
        self._errors.seek(0)
        return Ending(errors=self._errors.read().decode("utf-8", "replace"))

    def close(self) -> None:
        self.stop()
        if not self._closed:
            self._closed = True
            for stream in (self._process.stdin, self._process.stdout, self._errors):
                if stream is not None:
                    stream.close()
