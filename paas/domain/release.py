"""A release: image + config vars + process types, numbered per app and immutable once made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from paas.domain.formation import HealthCheck, ProcessType


class ReleaseStatus(StrEnum):
    """pending: its release command or first start is under way. Only `succeeded` ones are ever run."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Slug:
    """What a build hands to a release: an image and how to start it. (Heroku's word, kept for its API's sake.)"""

    image: str  # the engine's image id, `sha256:…`
    process_types: tuple[ProcessType, ...]
    release_command: str | None = None
    health: HealthCheck = field(default_factory=HealthCheck)
    commit: str = ""
    size: int = 0  # bytes of the layers above the run image


@dataclass(frozen=True)
class Release:
    id: str
    app_id: str
    version: int
    status: ReleaseStatus
    description: str  # "Deploy 1a2b3c4d", "Set FOO config vars", "Rollback to v3"
    user_id: str
    created_at: datetime
    config: Mapping[str, str]
    slug: Slug | None = None  # None until the first build: config can be set before any code is pushed
    output: str = ""  # what the release command printed (shortened)
    build_id: str = ""  # the build that made it and that carries it live; empty: a config change or a rollback

    def process_type(self, name: str) -> ProcessType | None:
        """The process type of that name, if the image has one."""
        if self.slug is None:
            return None
        return next((t for t in self.slug.process_types if t.name == name), None)
