"""A builder without an engine: the "image" is the digest of the source, process types are the Procfile's lines."""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Callable

from paas.domain.formation import ProcessType
from paas.domain.release import Slug
from paas.errors import BuildCancelled, InvalidSource, NothingDetected, PaasError
from paas.ports.builder import BuildRequest, BuildResult, Say

_ENTRY = re.compile(r"([A-Za-z0-9_-]+):\s*(.+)")


class MemoryBuilder:
    """Implements `Builder`. Set `failure` to have the next builds raise it."""

    def __init__(self) -> None:
        self.failure: PaasError | None = None
        self.requests: list[BuildRequest] = []
        self.discarded: list[str] = []
        self.forgotten: list[str] = []

    def build(self, request: BuildRequest, say: Say, cancelled: Callable[[], bool]) -> BuildResult:
        self.requests.append(request)
        say("-----> Building in memory\n")
        if cancelled():
            raise BuildCancelled
        if self.failure is not None:
            raise self.failure
        lines = dict(_ENTRY.findall(_procfile(request)))
        release = lines.pop("release", None)
        say(f"       Procfile declares types -> {', '.join(lines)}\n")
        digest = hashlib.sha256(request.source.read_bytes()).hexdigest()
        types = tuple(ProcessType(name, line, (line,)) for name, line in sorted(lines.items()))
        size = request.source.stat().st_size
        slug = Slug(f"sha256:{digest}", types, release, commit=request.commit, size=size)
        return BuildResult(slug, ("memory/procfile 1",), {"build": 0.0})

    def discard(self, build_id: str) -> None:
        self.discarded.append(build_id)

    def forget(self, app_id: str) -> None:
        self.forgotten.append(app_id)


def _procfile(request: BuildRequest) -> str:
    try:
        with tarfile.open(request.source) as archive:
            content = archive.extractfile("Procfile")
            return content.read().decode() if content else ""
    except KeyError as exc:
        raise NothingDetected(("memory/procfile",)) from exc
    except tarfile.TarError as exc:
        raise InvalidSource("archive", "", "is not a tar archive") from exc
