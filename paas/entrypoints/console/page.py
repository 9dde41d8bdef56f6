"""What the pages show of an app, read when first asked for: a fragment that is not rendered costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.build import Build, BuildStatus
from paas.domain.process import Kind, ProcessState
from paas.domain.release import Release, ReleaseStatus
from paas.errors import EngineUnavailable, NotFound, QueueUnavailable
from paas.pipeline import status
from paas.pipeline.status import ProcessStatus
from paas.ports.logs import LogLine

LOG_LINES = 200  # of an app's log in a page; the rest comes with `paas logs`
_FIRST_RELEASES = 6
_ALL_RELEASES = 50


@dataclass(frozen=True)
class State:
    """`key` chooses colour and shape, `word` is what people read: colour alone tells nothing."""

    key: str
    word: str


@dataclass(frozen=True)
class ProcessRow:
    """One process. `detail` says why it crashed, or what a one-off process runs; `action` is what can be done to it."""

    id: str
    name: str
    state: State
    since: datetime
    release: int
    detail: str
    action: str


@dataclass(frozen=True)
class TypeRow:
    """One process type: how many are wanted, and what there is."""

    name: str
    command: str
    wanted: int
    tally: str
    processes: tuple[ProcessRow, ...]


@dataclass(frozen=True)
class ReleaseRow:
    """One release. `state` only where it is not a plain success."""

    version: int
    what: str
    who: str
    at: datetime
    state: State | None
    is_current: bool
    can_roll_back: bool
    build_id: str | None


@dataclass(frozen=True)
class BuildRow:
    """The newest build."""

    id: str
    state: State
    commit: str
    subject: str
    who: str
    since: datetime
    failure: str
    is_running: bool


class AppPage:
    """One look at an app. Parts that do not answer leave gaps that the templates name; the rest of the page stands."""

    def __init__(self, services: Services, app: App, *, https: bool) -> None:
        self.app = app
        self._services = services
        self._https = https
        self._emails: dict[str, str] = {}

    # --- what it is --------------------------------------------------------------------------------------------

    @cached_property
    def url(self) -> str:
        return self._services.settings.url(self.app.name, https=self._https)

    @cached_property
    def git_url(self) -> str:
        return self._services.settings.git_url(self.app.name)

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self._services.store.domains.list(self.app.id))

    @cached_property
    def config_keys(self) -> tuple[str, ...]:
        """Names only: a value is in a page when it was asked for, and no sooner."""
        return tuple(sorted(self._services.store.configs.get(self.app.id)))

    # --- what was released -------------------------------------------------------------------------------------

    @cached_property
    def current(self) -> Release:
        return self._services.store.releases.current(self.app.id)

    @property
    def has_code(self) -> bool:
        return self.current.slug is not None

    @property
    def waits_for_push(self) -> bool:
        """Whether to show how to push."""
        return not self.has_code and not (self.build and self.build.is_running)

    @cached_property
    def releases(self) -> tuple[ReleaseRow, ...]:
        return tuple(self._release(r) for r in self._services.store.releases.list(self.app.id, limit=_ALL_RELEASES))

    @property
    def first_releases(self) -> tuple[ReleaseRow, ...]:
        return self.releases[:_FIRST_RELEASES]

    @property
    def earlier_releases(self) -> tuple[ReleaseRow, ...]:
        return self.releases[_FIRST_RELEASES:]

    @property
    def current_release(self) -> ReleaseRow:
        return self._release(self.current)

    # --- what is being built -----------------------------------------------------------------------------------

    @cached_property
    def build(self) -> BuildRow | None:
        """The newest build, if there is any."""
        newest = self._services.store.builds.list(self.app.id, limit=1)
        return self.build_row(newest[0]) if newest else None

    @cached_property
    def build_log(self) -> str:
        """What the newest build wrote so far; empty unless it runs."""
        running = self.build is not None and self.build.is_running
        return self._services.build_logs.read(self.build.id) if self.build and running else ""

    # --- what runs ---------------------------------------------------------------------------------------------

    @cached_property
    def statuses(self) -> Sequence[ProcessStatus] | None:
        """None when the engine does not answer."""
        try:
            return status.processes(self._services, self.app)
        except EngineUnavailable:
            return None

    @cached_property
    def formation(self) -> dict[str, int]:
        return self._services.store.formations.get(self.app.id, self.current)

    @cached_property
    def types(self) -> tuple[TypeRow, ...]:
        """The current release's process types, `web` first, then what is left over of types that it no longer has."""
        declared = {t.name: t.command for t in self.current.slug.process_types} if self.current.slug else {}
        running = {s.process.type: s.process.command for s in self.statuses or () if s.process.kind is Kind.FORMATION}
        names = sorted({**running, **declared}, key=lambda name: (name != "web", name not in declared, name))
        return tuple(self._type(name, declared.get(name, running.get(name, ""))) for name in names)

    @cached_property
    def one_offs(self) -> tuple[ProcessRow, ...]:
        return tuple(_process(s) for s in self.statuses or () if s.process.kind is not Kind.FORMATION)

    @cached_property
    def state(self) -> State:
        """The app in one word."""
        if self.app.maintenance:
            return State("maintenance", "Maintenance")
        if not self.has_code:
            return self.build.state if self.build and self.build.is_running else State("empty", "Not deployed yet")
        if self.statuses is None:
            return State("empty", "Unknown")
        states = Counter(s.state for s in self.statuses if s.process.kind is Kind.FORMATION)
        if states[ProcessState.CRASHED]:
            return State("crashed", "Crashed")
        if sum(self.formation.values()) == 0:
            return State("empty", "Scaled to zero")
        if states[ProcessState.UP] < sum(self.formation.values()):
            return State("starting", "Starting")
        return State("up", "Up")

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way: no build, no release, no process that starts or stops."""
        moving = {ProcessState.STARTING, ProcessState.STOPPING}
        return (
            not (self.build and self.build.is_running)
            and self.statuses is not None
            and not any(s.state in moving for s in self.statuses)
            and self.state.key != "starting"
        )

    # --- what it says ------------------------------------------------------------------------------------------

    @cached_property
    def log(self) -> list[LogLine] | None:
        """The newest lines; None when the log can't be read just now."""
        try:
            return self._services.app_logs.tail(self.app.id, LOG_LINES)
        except QueueUnavailable:
            return None

    def build_row(self, build: Build) -> BuildRow:
        """A build as it is shown."""
        return BuildRow(
            id=build.id,
            state=_BUILD_STATES[build.status],
            commit=build.source_version[:8],
            subject=build.source_description,
            who=self._email(build.user_id),
            since=build.ended_at or build.started_at or build.created_at,
            failure=build.failure,
            is_running=not build.status.is_final,
        )

    def _type(self, name: str, command: str) -> TypeRow:
        statuses = [s for s in self.statuses or () if s.process.kind is Kind.FORMATION and s.process.type == name]
        wanted = self.formation.get(name, 0)
        tally = "status unknown" if self.statuses is None else _tally(wanted, Counter(s.state for s in statuses))
        return TypeRow(name, command, wanted, tally, tuple(_process(s) for s in statuses))

    def _release(self, release: Release) -> ReleaseRow:
        is_current = release.version == self.current.version
        done = release.status is ReleaseStatus.SUCCEEDED
        return ReleaseRow(
            version=release.version,
            what=release.description,
            who=self._email(release.user_id),
            at=release.created_at,
            state=_RELEASE_STATES.get(release.status),
            is_current=is_current,
            can_roll_back=done and release.slug is not None and not is_current,
            build_id=release.build_id,
        )

    def _email(self, user_id: str) -> str:
        if user_id not in self._emails:
            try:
                self._emails[user_id] = self._services.store.users.get(user_id).email
            except NotFound:
                self._emails[user_id] = "a removed user"
        return self._emails[user_id]


_BUILD_STATES = {
    BuildStatus.PENDING: State("pending", "Waiting"),
    BuildStatus.RUNNING: State("building", "Building"),
    BuildStatus.SUCCEEDED: State("up", "Deployed"),
    BuildStatus.FAILED: State("failed", "Failed"),
    BuildStatus.CANCELLED: State("empty", "Cancelled"),
}
_RELEASE_STATES = {
    ReleaseStatus.PENDING: State("pending", "Releasing"),
    ReleaseStatus.FAILED: State("failed", "Failed"),
}


def _tally(wanted: int, states: Counter[ProcessState]) -> str:
    """`2 of 3 up, 1 starting`: what is wanted and what there is, side by side."""
    if not wanted and not states.total():
        return "scaled to zero"
    others = [
        f"{states[s]} {s.value}"
        for s in (ProcessState.STARTING, ProcessState.CRASHED, ProcessState.STOPPING)
        if states[s]
    ]
    up = min(states[ProcessState.UP], wanted)  # while one release takes over from another there are more
    return ", ".join([f"{up} of {wanted} up", *others])


def _process(known: ProcessStatus) -> ProcessRow:
    process = known.process
    return ProcessRow(
        id=process.id[:12],
        name=process.name,
        state=State(known.state.value, known.state.value),
        since=known.since,
        release=process.release,
        detail=_detail(known),
        action=_action(known),
    )


def _action(known: ProcessStatus) -> str:
    if known.process.kind is Kind.RUN:
        return "Stop"
    replaceable = known.process.kind is Kind.FORMATION and known.state is not ProcessState.STOPPING
    return "Restart" if replaceable else ""


def _detail(known: ProcessStatus) -> str:
    process = known.process
    if known.state is ProcessState.CRASHED:
        why = "out of memory" if process.out_of_memory else f"exit code {process.exit_code}"
        return f"{why}, {process.crashes + 1} times in a row" if process.crashes else why
    return process.command if process.kind is not Kind.FORMATION else ""
