"""Run: after a release is made, before the router is switched. Starts processes and waits until each is ready."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.formation import HealthCheck
from paas.domain.plan import WEB_PORT, Slot
from paas.domain.process import Kind, Process
from paas.domain.release import Release
from paas.errors import NothingToRelease, NotReady, PaasError
from paas.pipeline import journal
from paas.ports.engine import Limits, ProcessSpec

LAST_LINES = 20  # how much of a failed process's output an error carries
SETTLE = 1.0  # seconds a process without a port must survive before a push counts it as up
_POLL = (
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
)  # growing pauses between two looks at a starting process, then the last for good
_PARALLEL_STARTS = 10  # the engine gains nothing from more at once


@dataclass(frozen=True)
class Outcome:
    """What became of a process that was waited for: ready, or why not."""

    process: Process
    failure: NotReady | None = None


def spec(
    services: Services,
    app: App,
    release: Release,
    slot: Slot,
    *,
    kind: Kind = Kind.FORMATION,
    args: tuple[str, ...] | None = None,
    command: str | None = None,
    env: dict[str, str] | None = None,
    tty: bool = False,
    stdin: bool = False,
) -> ProcessSpec:
    """The container for a slot of the release (or for a one-off command, then with `args`). Raises `NothingToRelease`."""
    if release.slug is None:
        raise NothingToRelease(app.name)
    process_type = release.process_type(slot.type)
    if args is None:
        if process_type is None:
            raise NotReady(slot.name, "failed to start", f"v{release.version} has no process type {slot.type}", ())
        args, command = process_type.args, process_type.command
    settings = services.settings
    variables = {**release.config, **(env or {}), "DYNO": slot.name}
    if slot.type == "web" and kind is Kind.FORMATION:
        variables["PORT"] = str(WEB_PORT)
    return ProcessSpec(
        app_id=app.id,
        app_name=app.name,
        kind=kind,
        type=slot.type,
        index=slot.index,
        release=release.version,
        image=release.slug.image,
        args=args,
        command=command or " ".join(args),
        env=variables,
        limits=Limits(settings.process_memory, settings.process_cpus, settings.process_pids),
        crashes=slot.crashes,
        restart=slot.restart,
        tty=tty,
        stdin=stdin,
    )


def start(
    services: Services, app: App, release: Release, slots: Sequence[Slot]
) -> tuple[list[Process], list[NotReady]]:
    """Starts all slots, side by side. What could not be started is told, not raised: the others run."""
    started: list[Process] = []
    failed: list[NotReady] = []
    fault: PaasError | None = None
    with ThreadPoolExecutor(_PARALLEL_STARTS, thread_name_prefix="start") as pool:
        futures = [pool.submit(_start_one, services, app, release, slot) for slot in slots]
        for future in futures:
            try:
                started.append(future.result())
            except NotReady as exc:
                failed.append(exc)
            except PaasError as exc:
                fault = exc
    if fault is not None and not started:
        raise fault
    return started, failed


def start_and_wait(services: Services, app: App, release: Release, slots: Sequence[Slot]) -> list[Process]:
    """Starts all slots and waits until every one is ready; or stops them all and raises `NotReady` for the first that isn't."""
    started, failed = start(services, app, release, slots)
    try:
        if failed:
            raise failed[0]
        with ThreadPoolExecutor(max(1, len(started)), thread_name_prefix="ready") as pool:
            for outcome in list(pool.map(lambda p: wait_until_ready(services, app, release, p), started)):
                if outcome.failure:
                    raise outcome.failure
    except BaseException:
        dispose(services, started)
        raise
    return started


def dispose(services: Services, processes: Sequence[Process]) -> None:
    """Stops new processes that will never serve; they had no requests, so they get a short grace."""
    with ThreadPoolExecutor(_PARALLEL_STARTS, thread_name_prefix="dispose") as pool:
        list(pool.map(lambda p: services.engine.stop(p.id, 2.0), processes))


def wait_until_ready(
    services: Services, app: App, release: Release, process: Process, interrupted: Callable[[], bool] = lambda: False
) -> Outcome:
    """Waits for PORT (or the health path) of a web process; for `SETTLE` seconds of life of any other.

    Ends early, with the process as it is and no failure, when `interrupted` says so: ask again then.
    """
    health = release.slug.health if release.slug else HealthCheck()
    settings, clock = services.settings, services.clock
    is_web = process.type == "web"
    begun = clock.monotonic()
    already = (clock.now() - (process.started_at or process.created_at)).total_seconds()
    limit = max(settings.boot_timeout - already, 0.5) if is_web else SETTLE
    seen, last_answer = begun, ""
    for turn in range(1_000_000):
        if is_web:
            answer = probe(process, health)
            if answer is None:
                return Outcome(process)
            last_answer = answer
        now = clock.monotonic()
        if now - seen > 0.1:
            seen = now
            current = services.engine.get(process.id)
            if current is None or not current.running:
                return Outcome(process, _exited(services, current or process))
            if interrupted():
                return Outcome(process)
        if now - begun > limit:
            break
        clock.sleep(_POLL[min(turn, len(_POLL) - 1)])
    if not is_web:
        return Outcome(process)
    cause = "unhealthy" if health.path and not last_answer.startswith("nothing accepts") else "timeout"
    detail = f"{last_answer} after {settings.boot_timeout} s"
    journal.note(
        services,
        app.id,
        process.name,
        f"Error R10 (Boot timeout) -> Web process failed to bind to $PORT within {settings.boot_timeout} seconds of launch",
    )
    return Outcome(process, NotReady(process.name, cause, detail, last_lines(services, process)))


def probe(process: Process, health: HealthCheck) -> str | None:
    """None if the web process is ready; otherwise what was seen instead. Takes at most a second or so."""
    if not process.address:
        return "it has no address"
    if health.path is None:
        try:
            socket.create_connection((process.address, WEB_PORT), timeout=1.0).close()
        except OSError:
            return f"nothing accepts connections on $PORT ({WEB_PORT})"
        return None
    connection = http.client.HTTPConnection(process.address, WEB_PORT, timeout=5.0)
    try:
        connection.request(
            "GET", health.path, headers={"X-Forwarded-Proto": "https", "User-Agent": "paas-health-check"}
        )
        status = connection.getresponse().status
    except ConnectionRefusedError:
        return f"nothing accepts connections on $PORT ({WEB_PORT})"
    except (OSError, http.client.HTTPException) as exc:
        return f"GET {health.path} failed ({type(exc).__name__})"
    finally:
        connection.close()
    return None if 200 <= status < 400 else f"GET {health.path} answered {status}"


def last_lines(services: Services, process: Process) -> tuple[str, ...]:
    """The end of what the process printed; nothing if the engine won't say."""
    try:
        return tuple(line.text for line in services.engine.output(process.id, tail=LAST_LINES))
    except PaasError:
        return ()


def _start_one(services: Services, app: App, release: Release, slot: Slot) -> Process:
    wanted = spec(services, app, release, slot)
    journal.note(services, app.id, slot.name, f"Starting process with command `{wanted.command}`")
    return services.engine.start(wanted)


def _exited(services: Services, process: Process) -> NotReady:
    code = process.exit_code
    why = "ran out of memory" if process.out_of_memory else f"exited with status {code}"
    return NotReady(process.name, "exited", why, last_lines(services, process))
