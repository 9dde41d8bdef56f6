"""One-off processes: `run bash` and the like, with the current release's image and config vars."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.config_vars import check_change
from paas.domain.plan import Slot
from paas.domain.process import Kind, Process
from paas.domain.user import User
from paas.errors import Invalid
from paas.pipeline import doors, run
from paas.ports.engine import ProcessSpec, Session

MAX_COMMAND_BYTES = 32 * 1024  # far below the kernel's 128 KiB for one argument (execve(2), MAX_ARG_STRLEN)


def open(  # noqa: A001  (the engine's word, and Heroku's)
    services: Services,
    user: User,
    app: App,
    command: str,
    *,
    tty: bool,
    env: Mapping[str, str],
    index: int | None = None,
) -> tuple[Process, Session]:
    """The running process and its streams; whoever holds them stops it. `index`: see `reserve_index`.

    Raises `Invalid`, `NothingToRelease`, `NotReady` when the command can't be started.
    """
    wanted = plan(services, user, app, command, env, tty=tty, stdin=True, index=index)
    process, session = services.engine.open(wanted)
    _announce(services, user, app, process, command)
    return process, session


def detached(services: Services, user: User, app: App, command: str, *, env: Mapping[str, str]) -> Process:
    """The running process; what it prints goes to the app's log."""
    process = services.engine.start(plan(services, user, app, command, env))
    _announce(services, user, app, process, command)
    return process


def plan(
    services: Services,
    user: User,
    app: App,
    command: str,
    env: Mapping[str, str],
    *,
    tty: bool = False,
    stdin: bool = False,
    index: int | None = None,
) -> ProcessSpec:
    """What would be started; checks everything that can be checked without starting it."""
    doors.require(user, app)
    _check_command(command)
    variables = check_change({}, env)
    release = services.store.releases.current(app.id)
    # As on Heroku, a command that is just the name of a process type runs that type's line.
    process_type = release.process_type(command)
    return run.spec(
        services,
        app,
        release,
        Slot("run", index or reserve_index(services, app)),
        kind=Kind.RUN,
        args=process_type.args if process_type else (command,),
        command=process_type.command if process_type else command,
        env=variables,
        tty=tty,
        stdin=stdin,
    )


def reserve_index(services: Services, app: App) -> int:
    """The number for `run.N`: random, as on Heroku, so that logs of different runs don't mix; not one that is in use."""
    used = {p.index for p in services.engine.list(app.id) if p.kind is Kind.RUN}
    return secrets.choice([n for n in range(1000, 10000) if n not in used])


def _check_command(command: str) -> None:
    if not isinstance(command, str) or not command.strip():
        raise Invalid("command", "", "is missing")
    if "\0" in command or len(command.encode()) > MAX_COMMAND_BYTES:
        raise Invalid("command", command[:40], f"must be text of at most {MAX_COMMAND_BYTES} bytes without NUL")


def _announce(services: Services, user: User, app: App, process: Process, command: str) -> None:
    line = f"Starting process with command `{command}` by user {user.email}"
    services.store.events.add("process.run", f"Started {process.name}", user_id=user.id, app_id=app.id)
    doors.changed(services, app, "processes", line)
