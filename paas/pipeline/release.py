"""Release: after a build, or for a config change or a rollback. Makes release vN and runs its release command."""

from __future__ import annotations

import secrets
import threading

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.build import Build
from paas.domain.plan import Slot
from paas.domain.process import Kind, Process
from paas.domain.release import Release, ReleaseStatus, Slug
from paas.errors import ReleaseCommandFailed
from paas.pipeline import journal, run
from paas.ports.builder import Say

OUTPUT_KEPT = 64 * 1024  # characters of a release command's output that the release keeps


def make(services: Services, app: App, build: Build, slug: Slug) -> Release:
    """The pending release of a good build, its image tagged so that nobody's prune takes it."""
    what = f"Deploy {slug.commit[:8]}" if slug.commit else "Deploy"
    release = services.store.releases.add(app.id, what, build.user_id, slug=slug, build_id=build.id)
    services.images.keep(slug.image, app.id, release.version)
    return release


def run_command(services: Services, app: App, release: Release, say: Say) -> str:
    """Runs the Procfile's `release` line in a one-off process; its output, shortened.

    Raises `ReleaseCommandFailed`. A command of a killed worker that still runs is stopped first.
    """
    if release.slug is None or release.slug.release_command is None:
        return ""
    command = release.slug.release_command
    _stop_orphans(services, app)
    say(f"-----> Running release command: {command}\n")
    slot = Slot("release", secrets.randbelow(9000) + 1000)
    journal.note(services, app.id, slot.name, f"Starting process with command `{command}`")
    process = services.engine.start(
        run.spec(services, app, release, slot, kind=Kind.RELEASE, args=(command,), command=command)
    )
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(services, process, lines, say), daemon=True)
    reader.start()
    try:
        code = services.engine.wait(process.id, services.settings.release_timeout)
        reader.join(5.0)
    finally:
        services.engine.stop(process.id, 5.0)
    if code is not None:
        journal.note(services, app.id, process.name, f"Process exited with status {code}")
    tail = tuple(lines[-run.LAST_LINES :])
    if code is None:
        raise ReleaseCommandFailed(command, 124, (*tail, f"stopped after {services.settings.release_timeout} s"))
    if code != 0:
        raise ReleaseCommandFailed(command, code, tail)
    return "\n".join(lines)[-OUTPUT_KEPT:]


def fail(services: Services, release: Release, output: str = "") -> None:
    """Marks it failed: it was never run, and never will be."""
    services.store.releases.finish(release.id, ReleaseStatus.FAILED, output)
    services.signals.notify(release.app_id, "releases")


def _read(services: Services, process: Process, lines: list[str], say: Say) -> None:
    for line in services.engine.output(process.id, follow=True):
        lines.append(line.text)
        say(f"       {line.text}\n")


def _stop_orphans(services: Services, app: App) -> None:
    for process in services.engine.list(app.id):
        if process.kind is Kind.RELEASE:
            services.engine.stop(process.id, 5.0)
