"""bin/up, second half: runs in the virtual environment once `install` has made it.

Each step looks first and does only what is missing, so that running it again heals what is broken and changes nothing else.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from paas import bootstrap, config
from paas.adapters import key_file, stack_images
from paas.adapters.docker_instance import DockerInstance
from paas.adapters.haproxy import router
from paas.adapters.sql_store.migrations import migrate
from paas.bootstrap import Services
from paas.config import Settings
from paas.domain.user import User, token_digest
from paas.entrypoints import messages
from paas.entrypoints.operator import (
    engine,
    flags,
    health,
    host,
    locks,
    private_file,
    programs,
    sample,
    supervision,
    vendor,
)
from paas.entrypoints.operator.info import operator_token_file
from paas.entrypoints.operator.install import HOST_STEPS, UP_STEPS
from paas.entrypoints.operator.progress import Progress
from paas.errors import PaasError, SetupFailed
from paas.pipeline import users


@dataclass(frozen=True)
class Access:
    """Who may log in. `password` is known only on the run that made the account."""

    admin: User
    password: str | None
    token: str


def main(argv: list[str]) -> int:
    given, settings = flags.parse(flags.up_parser(), argv)
    try:
        with locks.instance(settings):
            _up(settings, Progress(UP_STEPS, HOST_STEPS), with_sample=not given.no_sample)
    except PaasError as exc:
        sys.stderr.write(f"\n{messages.render_cli(exc)}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Run bin/up again to go on from here.\n")
        return 130
    return 0


def _up(settings: Settings, progress: Progress, *, with_sample: bool) -> None:
    with progress.step("Docker Engine"):
        _check(settings)
        engine.ensure(settings.docker_host, progress.say)
    with progress.step("Stack images"):
        stack_images.ensure(settings, progress.say)
        DockerInstance(settings.docker_host, settings.name).hold_stack()
    with progress.step("Console scripts"):
        vendor.ensure(settings, progress.say)
    with progress.step("Data directory"):
        services = _prepare(settings)
    with progress.step("Platform"):
        _start(settings)
        # Not before: the one-time password is told at the end, so nothing that can fail for long may come in between.
        access = _access(services)
    try:
        with progress.step("Sample app" if with_sample else "Sample app (left out)"):
            if with_sample:
                sample.ensure(services, access.admin, access.token, progress.say)
    finally:
        # Also when the sample failed: the platform is up, and the password is told only this once.
        _tell(settings, access, with_sample=with_sample)


def _check(settings: Settings) -> None:
    """Whatever can be known to be wrong, before anything is started or written."""
    stored = settings.data_dir / "settings.json"
    owner = json.loads(stored.read_text()).get("name") if stored.exists() else settings.name
    if owner != settings.name:
        raise SetupFailed(
            f"{settings.data_dir} belongs to the instance {owner}.",
            f"Name that one (--name {owner}), or give {settings.name} a --data-dir of its own.",
        )
    if not supervision.is_running(settings):
        supervision.end_orphans(settings)
    before = config.load({"data_dir": settings.data_dir}, {})
    is_routing = supervision.states(settings).get("haproxy") == "RUNNING"
    host.check_ports(settings, ours=(before.http_port, before.https_port) if is_routing else ())


def _prepare(settings: Settings) -> Services:
    """The data directory and what must be in it before the first program starts."""
    # Everybody on the machine may read the CA's certificate; sources, logs and sockets are root's (and the router's, by group).
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    for folder in (settings.log_dir, settings.run_dir, settings.repos_dir, settings.builds_dir, settings.layers_dir):
        folder.mkdir(mode=0o750, exist_ok=True)
    settings.save()
    key_file.load_or_create(settings.key_file)
    migrate(settings.database)
    return bootstrap.connect(settings)


def _access(services: Services) -> Access:
    """The first admin, and a token of its own for the operator's commands. Both are made once."""
    made = users.create_first_admin(services, services.settings.admin_email)
    admin = made[0] if made else next(u for u in services.store.users.list() if u.is_admin)
    file = operator_token_file(services.settings)
    kept = file.read_text().strip() if file.exists() else ""
    owner = services.store.tokens.user_of(token_digest(kept)) if kept else None
    if owner is None or not owner.is_admin:
        _, kept = users.create_token(services, admin, "operator (made by bin/up)")
        private_file.write(file, kept + "\n")
    return Access(admin, made[1] if made else None, kept)


def _start(settings: Settings) -> None:
    started = programs.all_of(settings)
    private_file.write(programs.redis_file(settings), programs.redis_configuration(settings))
    must_reload = router.prepare(settings)
    supervision.start(settings, supervision.configuration(settings, started, config.passthrough()))
    if must_reload:
        supervision.send_signal(settings, "haproxy", "USR2")
    health.wait_until_up(settings)


def _tell(settings: Settings, access: Access, *, with_sample: bool) -> None:
    rows = [
        ("Console", settings.url("console")),
        ("API", settings.url("api")),
        ("Git", settings.url("git")),
        ("Admin", access.admin.email),
        ("One-time password", access.password or "set earlier; a new one: bin/paas users reset-password"),
        ("API token", access.token),
    ]
    if with_sample:
        rows.append(("Sample app", settings.url(sample.NAME)))
    rows.append(("HTTPS", f"port {settings.https_port}, signed by {settings.ca_file}"))
    print("\n" + "\n".join(f"{name:<18} {value}" for name, value in rows) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
