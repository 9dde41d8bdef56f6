"""Builder: source + config → image + process types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from paas.domain.release import Slug


@dataclass(frozen=True)
class BuildRequest:
    """One build. `source` is a tar archive of the tree (plain or gzip), not to be trusted."""

    build_id: str
    app_id: str
    app_name: str
    source: Path
    commit: str
    env: Mapping[str, str]  # config vars, as user env
    previous_image: str | None  # of the last successful build: its layers and labels are reused


@dataclass(frozen=True)
class BuildResult:
    """What a good build leaves: the image is in the engine, tagged, labelled with app and build."""

    slug: Slug
    buildpacks: tuple[str, ...]  # "paas/python 0.1.0"
    timings: Mapping[str, float] = field(default_factory=dict)  # step → seconds


Say = Callable[[str], None]
"""Takes text of the build log as it comes: whole lines, each with its newline."""


class Builder(Protocol):
    """Turns source into an image."""

    def build(self, request: BuildRequest, say: Say, cancelled: Callable[[], bool]) -> BuildResult:
        """Raises `BuildFailed` and its kin, `InvalidSource`, `DiskLow`, `EngineUnavailable`. Leaves nothing running behind.

        `say` gets the log in Heroku's format. `cancelled` is asked often; when it says yes: `BuildCancelled`.
        May be run twice for the same request (its worker died): leftovers of the first are removed first.
        """

    def discard(self, build_id: str) -> None:
        """Removes what a killed build left: containers, folders. Idempotent."""

    def forget(self, app_id: str) -> None:
        """Removes what is kept between the builds of a deleted app, and its last build's image. Idempotent."""
