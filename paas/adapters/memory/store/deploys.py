"""Configs, releases and builds in memory."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from paas.adapters.memory.store.rows import Part, first, found
from paas.domain.build import MAX_ATTEMPTS, Build, BuildStatus
from paas.domain.config_vars import check_change, describe_change
from paas.domain.release import Release, ReleaseStatus, Slug
from paas.errors import BuildEnded

_VERSION = re.compile(r"v?([0-9]{1,9})")


class MemoryConfigs(Part):
    def get(self, app_id: str) -> dict[str, str]:
        with self._rows.lock:
            return dict(self._rows.releases_of(app_id)[-1].config)

    def update(self, app_id: str, changes: Mapping[str, str | None], user_id: str) -> Release | None:
        with self._rows.lock:
            before = self.get(app_id)
            after = check_change(before, changes)
            if after == before:
                return None
            effective = {key: after.get(key) for key in changes if after.get(key) != before.get(key)}
            slug = self._rows.current(app_id).slug
            release = self._rows.append(app_id, describe_change(effective), user_id, after, slug=slug)
            self._rows.followers.add(release.id)
            self._rows.advance(app_id)
            return release


class MemoryReleases(Part):
    def add(
        self,
        app_id: str,
        description: str,
        user_id: str,
        *,
        slug: Slug | None,
        config: Mapping[str, str] | None = None,
        build_id: str = "",
    ) -> Release:
        with self._rows.lock:
            wanted = self._rows.releases_of(app_id)[-1].config if config is None else config
            release = self._rows.append(app_id, description, user_id, wanted, slug=slug, build_id=build_id)
            self._rows.advance(app_id)
            return release

    def get(self, app_id: str, ref: str) -> Release:
        with self._rows.lock:
            version = _VERSION.fullmatch(ref)
            mine = (r for r in self._rows.releases if r.app_id == app_id)
            return first(mine, lambda r: r.version == int(version[1]) if version else r.id == ref, "release", ref)

    def by_id(self, release_id: str) -> Release:
        with self._rows.lock:
            return first(self._rows.releases, lambda r: r.id == release_id, "release", release_id)

    def current(self, app_id: str) -> Release:
        with self._rows.lock:
            return self._rows.current(app_id)

    def list(self, app_id: str, *, descending: bool = True, limit: int | None = None) -> Sequence[Release]:
        with self._rows.lock:
            mine = [r for r in self._rows.releases if r.app_id == app_id]
            return (mine[::-1] if descending else mine)[:limit]

    def finish(self, release_id: str, status: ReleaseStatus, output: str = "") -> Release:
        with self._rows.lock:
            release = self.by_id(release_id)
            if release.status is not ReleaseStatus.PENDING or status is ReleaseStatus.PENDING:
                return release
            finished = replace(release, status=status, output=output)
            self._rows.releases = [
                finished if r is release else self._handed_on(r, finished) for r in self._rows.releases
            ]
            detail = f"Release v{release.version} {status.value}: {release.description}"
            self._rows.record(f"release.{status.value}", detail, None, release.app_id)
            self._rows.advance(release.app_id)
            return finished

    def pending(self) -> Sequence[Release]:
        with self._rows.lock:
            return [r for r in self._rows.releases if r.status is ReleaseStatus.PENDING]

    def _handed_on(self, later: Release, finished: Release) -> Release:
        follows = (
            finished.status is ReleaseStatus.SUCCEEDED
            and later.app_id == finished.app_id
            and later.version > finished.version
            and later.status is ReleaseStatus.PENDING
            and later.id in self._rows.followers
        )
        return replace(later, slug=finished.slug) if follows else later


class MemoryBuilds(Part):
    def add(self, build: Build) -> Build:
        with self._rows.lock:
            self._rows.app(build.app_id)
            self._rows.builds[build.id] = build
            what = build.source_version or "the given source"
            self._rows.record("build.create", f"Started a build of {what}", build.user_id, build.app_id)
            return build

    def get(self, build_id: str) -> Build:
        with self._rows.lock:
            return found(self._rows.builds.get(build_id), "build", build_id)

    def list(self, app_id: str, limit: int = 50) -> Sequence[Build]:
        with self._rows.lock:
            return [b for b in self._rows.builds.values() if b.app_id == app_id][::-1][:limit]

    def unfinished(self) -> Sequence[Build]:
        with self._rows.lock:
            return [b for b in self._rows.builds.values() if not b.status.is_final]

    def start(self, build_id: str) -> Build:
        with self._rows.lock:
            build = self.get(build_id)
            if build.status.is_final or build.attempt >= MAX_ATTEMPTS:
                raise BuildEnded(build_id, build.status.value, build.attempt)
            self._rows.builds[build_id] = replace(
                build, status=BuildStatus.RUNNING, attempt=build.attempt + 1, started_at=self._rows.clock.now()
            )
            return self._rows.builds[build_id]

    def finish(
        self,
        build_id: str,
        status: BuildStatus,
        *,
        failure: str = "",
        image: str | None = None,
        release_id: str | None = None,
        buildpacks: tuple[str, ...] = (),
    ) -> Build:
        with self._rows.lock:
            build = self.get(build_id)
            if build.status.is_final or not status.is_final:
                return build
            self._rows.builds[build_id] = replace(
                build,
                status=status,
                failure=failure,
                image=image,
                release_id=release_id,
                buildpacks=buildpacks,
                ended_at=self._rows.clock.now(),
            )
            what = build.source_version or "the given source"
            self._rows.record(f"build.{status.value}", f"Build of {what} {status.value}", None, build.app_id)
            return self._rows.builds[build_id]
