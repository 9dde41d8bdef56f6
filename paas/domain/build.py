"""A build: source on its way to an image. The row is the truth; the queue's job only carries its id."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MAX_ATTEMPTS = 2  # a build whose worker died is tried once more, then marked abandoned


class BuildStatus(StrEnum):
    """pending → running → succeeded | failed | cancelled. `succeeded` means live: built, released, routed."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (BuildStatus.SUCCEEDED, BuildStatus.FAILED, BuildStatus.CANCELLED)


@dataclass(frozen=True)
class Build:
    id: str
    app_id: str
    user_id: str
    status: BuildStatus
    created_at: datetime
    source_version: str = ""  # the git commit, or what the API's caller named
    source_description: str = ""  # the commit's subject, or the tarball's URL
    source_url: str = ""  # set when the source is to be fetched (API); a push leaves its archive in the build's folder
    attempt: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    release_id: str | None = None
    image: str | None = None
    failure: str = ""  # one line, for lists; the log has all of it
    buildpacks: tuple[str, ...] = field(default=())
