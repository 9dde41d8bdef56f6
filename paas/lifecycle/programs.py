"""How buildpacks' programs are called: `bin/detect PLATFORM PLAN` and `bin/build LAYERS PLATFORM PLAN` (Buildpack API, *Interface*).

Arguments and variables both: the specification has the variables, most buildpacks read the arguments.
"""

from __future__ import annotations

from collections.abc import Sequence

from paas.lifecycle.build import LAYERS
from paas.lifecycle.build_environment import BuildEnvironment
from paas.lifecycle.build_log import BuildLog
from paas.lifecycle.container import BuildContainer
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.detect import PASS, Detection
from paas.lifecycle.environment import Change
from paas.lifecycle.folder import TreeTooLarge
from paas.lifecycle.runner import Command
from paas.lifecycle.workspace import PLATFORM, Workspace
from paas.ports.builder import Say

_MAX_DETECT_OUTPUT = 64 * 1024


class Programs:
    """Runs them in one build's container."""

    def __init__(
        self, workspace: Workspace, container: BuildContainer, environment: BuildEnvironment, say: Say
    ) -> None:
        self._workspace = workspace
        self._container = container
        self._environment = environment
        self._say = say

    def detect(self, buildpacks: Sequence[Buildpack]) -> list[Detection]:
        """All at the same time. Their output is kept, not said: nobody wants to read why Go is not Python."""
        commands = []
        for buildpack in buildpacks:
            plan = self._workspace.new_plan("detect", buildpack)
            argv = (f"{buildpack.path}/bin/detect", PLATFORM, plan)
            commands.append(Command(argv, self._environment.for_detect(buildpack, plan)))
        outputs = [bytearray() for _ in buildpacks]

        def keep(place: int, data: bytes) -> None:
            if len(outputs[place]) < _MAX_DETECT_OUTPUT:
                outputs[place] += data

        codes = self._container.run("detect", commands, keep)
        return [
            self._detection(buildpack, code, output.decode("utf-8", "replace"))
            for buildpack, code, output in zip(buildpacks, codes, outputs, strict=True)
        ]

    def build(self, buildpack: Buildpack, plan: str, changes: Sequence[Change]) -> int:
        """The exit code; output is said as it comes."""
        path = self._workspace.new_plan("build", buildpack, plan)
        argv = (f"{buildpack.path}/bin/build", f"{LAYERS}/{buildpack.folder}", PLATFORM, path)
        log = BuildLog(self._say)
        command = Command(argv, self._environment.for_build(buildpack, path, changes))
        [code] = self._container.run("build", [command], lambda _, data: log.write(data))
        log.end()
        return code

    def _detection(self, buildpack: Buildpack, code: int, output: str) -> Detection:
        try:
            return Detection(code, output, self._workspace.read_plan("detect", buildpack) if code == PASS else b"")
        except (OSError, TreeTooLarge) as exc:
            return Detection(1, f"{output}The build plan can't be read: {exc}\n")
