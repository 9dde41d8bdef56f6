"""Queue on RQ: two lists per instance in Redis. `rq_worker` is the other end."""

from __future__ import annotations

import re
import secrets

import redis
from rq import Queue

from paas.adapters.redis_client import redis_errors
from paas.config import Settings

# By name, so that asking for a job imports nothing of what runs it.
_JOBS = "paas.entrypoints.jobs"
_BUILDS, _SHORT = "builds", "short"

# The job's own limits end it long before; these only stop one whose limits failed.
_MARGIN = 600
_FAILURE_TTL = 3600  # seconds that Redis keeps the traceback of a job that raised


def queue_name(settings: Settings, slot: str) -> str:
    """RQ's name of a queue: `<instance>-builds`, `<instance>-short`."""
    return f"{settings.name}-{slot}"


class RqQueue:
    """Implements `Queue`. Jobs have no results and no retries: the store says what is left to do, the controller asks again."""

    def __init__(self, connection: redis.Redis, settings: Settings) -> None:
        self._builds = Queue(queue_name(settings, _BUILDS), connection=connection)
        self._short = Queue(queue_name(settings, _SHORT), connection=connection)
        live = settings.boot_timeout + settings.drain_timeout + settings.stop_grace + _MARGIN
        self._timeouts = {
            "build": settings.build_timeout + settings.release_timeout + live,
            "release": settings.release_timeout + live,
            "converge": live,
        }

    def build(self, build_id: str) -> None:
        with redis_errors("queueing a build"):
            self._add(self._builds, "build", build_id)

    def converge(self, app_id: str) -> None:
        with redis_errors("queueing a converge"):
            # One that waits does for all: it will read the store after this. One that runs may already have.
            if app_id not in _ids("converge", self._short.get_job_ids()):
                self._add(self._short, "converge", app_id)

    def release(self, release_id: str) -> None:
        with redis_errors("queueing a release"):
            self._add(self._short, "release", release_id)

    def queued_builds(self) -> set[str]:
        with redis_errors("listing queued builds"):
            return _ids("build", self._builds.get_job_ids())

    def _add(self, queue: Queue, job: str, argument: str) -> None:
        queue.enqueue_call(
            f"{_JOBS}.{job}",
            args=(argument,),
            # The id says what the job is about, and is never used twice: an old job of the same name can't be in the way.
            job_id=f"{job}_{argument}_{secrets.token_hex(4)}",
            timeout=self._timeouts[job],
            result_ttl=0,
            failure_ttl=_FAILURE_TTL,
        )


def _ids(job: str, job_ids: list[str]) -> set[str]:
    """The arguments of the jobs of that name."""
    matches = (re.fullmatch(rf"{job}_(.+)_[0-9a-f]+", job_id) for job_id in job_ids)
    return {match[1] for match in matches if match}
