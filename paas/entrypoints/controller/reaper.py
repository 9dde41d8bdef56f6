"""Finds builds and releases that nobody works on any more: their worker died, or the queue was lost."""

from __future__ import annotations

import contextlib
import time

from paas.bootstrap import Services
from paas.domain.build import MAX_ATTEMPTS, Build, BuildStatus
from paas.entrypoints import messages
from paas.errors import BuildAbandoned, NotFound
from paas.pipeline import deploy, push

EVERY = 2.0  # seconds


class Reaper:
    """The store says what is unfinished, leases say what is being worked on, the queue what is waiting."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def reap_forever(self) -> None:
        while True:
            self.reap()
            time.sleep(EVERY)

    def reap(self) -> None:
        """One round."""
        unfinished = self._services.store.builds.unfinished()
        queued = self._services.queue.queued_builds() if unfinished else set()
        for build in unfinished:
            if build.id not in queued and not self._services.leases.is_taken(push.lease(build.app_id)):
                self._revive(build)
        for release in self._services.store.releases.pending():
            if not self._services.leases.is_taken(deploy.lease(release.app_id)) and self._is_orphan(release.build_id):
                self._services.queue.release(release.id)

    def _revive(self, build: Build) -> None:
        # It may have ended, or been taken up, between the listing and now.
        build = self._services.store.builds.get(build.id)
        if build.status.is_final or self._services.leases.is_taken(push.lease(build.app_id)):
            return
        if build.status is BuildStatus.RUNNING and build.attempt >= MAX_ATTEMPTS:
            error = BuildAbandoned()
            push.give_up(self._services, build.id, error)
            self._services.build_logs.append(build.id, messages.render_push(error))
            self._services.build_logs.close(build.id)
            return
        self._services.queue.build(build.id)

    def _is_orphan(self, build_id: str) -> bool:
        """Releases of builds that still live are the builds' business."""
        if not build_id:
            return True
        with contextlib.suppress(NotFound):
            return self._services.store.builds.get(build_id).status.is_final
        return True
