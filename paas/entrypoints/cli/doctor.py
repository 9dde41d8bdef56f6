"""doctor: looks at every part of this server's instance and says what to do about what isn't well."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import click

from paas.adapters import stack_images
from paas.adapters.docker_instance import DockerInstance
from paas.bootstrap import Services
from paas.config import GiB
from paas.entrypoints.cli import output
from paas.entrypoints.cli.server import connect
from paas.entrypoints.operator import health, supervision
from paas.errors import PaasError

_STUCK = timedelta(hours=1)


@dataclass(frozen=True)
class Finding:
    """One look at one part. `todo` is empty when all is well."""

    part: str
    found: str
    todo: str = ""


Check = Callable[[Services], Iterator[Finding]]


@click.command()
@output.json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at every part: engine, programs, router, disk, certificate, stack images, queue. Exits with 1 if one isn't well."""
    services = connect()
    findings = [finding for check in _CHECKS for finding in _guarded(check, services)]
    if as_json:
        output.print_json([{**asdict(f), "ok": not f.todo} for f in findings])
    else:
        for finding in findings:
            mark = click.style("ok  ", fg="green") if not finding.todo else click.style("BAD ", fg="red", bold=True)
            click.echo(f"{mark}{finding.part:<14} {finding.found}")
            if finding.todo:
                click.echo(f"{'':18} → {finding.todo}")
    ctx.exit(1 if any(f.todo for f in findings) else 0)


def _guarded(check: Check, services: Services) -> Iterator[Finding]:
    """A check that can't be made is a finding, too."""
    try:
        yield from check(services)
    except (PaasError, OSError) as exc:
        part = check.__name__.removeprefix("_").replace("_", " ")
        yield Finding(part, str(exc) or type(exc).__name__, "Run bin/up: it starts what doesn't run.")


def _engine(services: Services) -> Iterator[Finding]:
    settings = services.settings
    yield Finding("engine", f"Docker Engine {DockerInstance(settings.docker_host, settings.name).version()}")


def _programs(services: Services) -> Iterator[Finding]:
    settings = services.settings
    states = supervision.states(settings)
    if not states:
        yield Finding("supervisor", "does not answer", "Run bin/up.")
    for name, state in states.items():
        if state == "RUNNING":
            yield Finding(name, "runs")
        else:
            yield Finding(name, f"is {state}", f"Its log tells why: {settings.log_dir / name}.log; then run bin/up.")


def _addresses(services: Services) -> Iterator[Finding]:
    settings = services.settings
    for part, port, https in (("http", settings.http_port, False), ("https", settings.https_port, True)):
        status = health.get(settings, f"api.{settings.domain}", "/health", https=https)
        if status == 200:
            yield Finding(part, f"port {port} answers")
        else:
            said = f"port {port} answers {status}" if status else f"nothing answers on port {port}"
            yield Finding(part, said, f"Run bin/up; see {settings.log_dir / 'haproxy.log'} and web.log beside it.")


def _store(services: Services) -> Iterator[Finding]:
    yield Finding("store", f"{len(services.store.apps.list())} apps, {len(services.store.users.list())} users")


def _queue(services: Services) -> Iterator[Finding]:
    waiting = services.queue.queued_builds()
    late = [b for b in services.store.builds.unfinished() if datetime.now(UTC) - b.created_at > _STUCK]
    found = f"{len(waiting)} builds wait or run"
    if late:
        yield Finding(
            "queue", f"{found}; {len(late)} since more than an hour", f"See {services.settings.log_dir / 'worker.log'}."
        )
    else:
        yield Finding("queue", found)


def _disk(services: Services) -> Iterator[Finding]:
    settings = services.settings
    usage = shutil.disk_usage(settings.data_dir)
    found = f"{usage.free / GiB:.1f} of {usage.total / GiB:.0f} GiB are free at {settings.data_dir}"
    if usage.free < settings.min_free_disk:
        yield Finding(
            "disk", found, "Builds are refused. Destroy unused apps, or make room; PAAS_MIN_FREE_DISK is the limit."
        )
    else:
        yield Finding("disk", found)


def _certificate(services: Services) -> Iterator[Finding]:
    settings = services.settings
    until = health.certificate_end(settings)
    found = f"valid until {until:%Y-%m-%d}, signed by {settings.ca_file}"
    yield Finding(
        "certificate", found, "" if until > datetime.now(UTC) + timedelta(days=7) else "Run bin/up: it is renewed."
    )


def _stack(services: Services) -> Iterator[Finding]:
    if stack_images.are_current(services.settings):
        yield Finding("stack images", f"{stack_images.RUN_IMAGE} and {stack_images.BUILD_IMAGE} are here")
    else:
        yield Finding("stack images", "are missing or of an older recipe", "Run bin/up: it makes them.")


_CHECKS: tuple[Check, ...] = (_engine, _programs, _addresses, _store, _queue, _disk, _certificate, _stack)
