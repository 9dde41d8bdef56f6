"""Releases and builds: look-ups and ends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from paas.domain.build import BuildStatus
from paas.domain.formation import ProcessType
from paas.domain.release import Release, ReleaseStatus, Slug

WEB = ProcessType("web", "serve", ("serve",))


@pytest.mark.parametrize(
    ("slug", "name", "found"),
    [(Slug("sha256:1", (WEB,)), "web", WEB), (Slug("sha256:1", (WEB,)), "worker", None), (None, "web", None)],
)
def test_a_release_knows_its_process_types(slug: Slug | None, name: str, found: ProcessType | None) -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    release = Release("id", "app", 1, ReleaseStatus.PENDING, "Deploy", "user", made, {}, slug)

    assert release.process_type(name) == found


def test_a_build_has_ended_unless_it_waits_or_runs() -> None:
    assert {s for s in BuildStatus if not s.is_final} == {BuildStatus.PENDING, BuildStatus.RUNNING}
