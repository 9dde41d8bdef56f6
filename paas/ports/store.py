"""Store: all that must last. Each method is one transaction; what it returns was written.

Raises `StoreBusy` when the database is locked for too long or out of reach, `NotFound` where a thing must exist.
Every change of what is wanted of an app (formation, config, releases, domains, maintenance, restart) raises the app's
`generation` in the same transaction. A change that changes nothing (scaling to what is, maintenance on twice) leaves no
trace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from paas.domain.app import App
from paas.domain.build import Build, BuildStatus
from paas.domain.event import Event
from paas.domain.formation import Scale
from paas.domain.release import Release, ReleaseStatus, Slug
from paas.domain.user import Token, User


class Users(Protocol):
    """`by` is the acting user's id, for the audit trail; None is the platform itself."""

    def add(
        self,
        email: str,
        password_hash: str,
        *,
        is_admin: bool,
        must_change_password: bool = False,
        by: str | None = None,
    ) -> User:
        """Raises `EmailTaken`."""

    def get(self, ref: str) -> User:
        """By id or e-mail address. Raises `NotFound`."""

    def list(self) -> Sequence[User]:
        """By e-mail address."""

    def set_password(
        self, user_id: str, password_hash: str, *, must_change_password: bool = False, by: str | None = None
    ) -> None: ...

    def remove(self, user_id: str, *, by: str | None = None) -> None:
        """And the user's tokens. Raises `OwnsApps`, or `LastAdmin`."""


class Tokens(Protocol):
    def add(self, user_id: str, digest: str, description: str) -> Token: ...

    def user_of(self, digest: str) -> User | None:
        """Who holds the token; notes its use (at most once a minute)."""

    def list(self, user_id: str) -> Sequence[Token]:
        """Oldest first."""

    def revoke(self, token_id: str, user_id: str) -> None:
        """Idempotent."""


class Apps(Protocol):
    def add(self, name: str, owner_id: str) -> App:
        """With its first release ("Initial release", no image). Raises `NameTaken`."""

    def get(self, ref: str) -> App:
        """By id or name. Raises `NotFound`."""

    def list(self, owner_id: str | None = None) -> Sequence[App]:
        """All, or one owner's, by name."""

    def rename(self, app_id: str, name: str, user_id: str) -> App:
        """Raises `NameTaken`."""

    def set_maintenance(self, app_id: str, on: bool, user_id: str) -> App: ...

    def request_restart(self, app_id: str, process: str | None, user_id: str) -> None:
        """Everything (None), one type ("web") or one process ("web.1") started before now is to be replaced."""

    def restart_marks(self, app_id: str) -> Mapping[str, int]:
        """Scope ("", "web", "web.1") → a number that grows with each request; a process carries the sum for its scopes."""

    def remove(self, app_id: str, user_id: str) -> None:
        """And all that is its own. The audit events stay. Idempotent."""


class Configs(Protocol):
    def get(self, app_id: str) -> dict[str, str]:
        """What the next release will carry."""

    def update(self, app_id: str, changes: Mapping[str, str | None], user_id: str) -> Release | None:
        """Merges (None removes) and adds the pending release that carries it, in one transaction; None if nothing changed."""


class Releases(Protocol):
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
        """The next version, pending. `config`: None takes the app's current one; given (rollback), it becomes the app's current one."""

    def get(self, app_id: str, ref: str) -> Release:
        """By id, "7" or "v7". Raises `NotFound`."""

    def by_id(self, release_id: str) -> Release:
        """Raises `NotFound`."""

    def current(self, app_id: str) -> Release:
        """The newest succeeded one: what is to run."""

    def list(self, app_id: str, *, descending: bool = True, limit: int | None = None) -> Sequence[Release]: ...

    def finish(self, release_id: str, status: ReleaseStatus, output: str = "") -> Release:
        """pending → succeeded | failed. Idempotent: a release that has ended stays as it ended.

        The success of a release hands its image on to the pending config changes after it: they were made while it was
        on its way, and must not bring the image before it back.
        """

    def pending(self) -> Sequence[Release]:
        """All unfinished ones, oldest first: what the controller compares with what is being worked on."""


class Formations(Protocol):
    def get(self, app_id: str, release: Release | None = None) -> dict[str, int]:
        """Process type → quantity, of every type that the current release has, or `release`, which is about to become it.

        A type that was never scaled has 0, except `web`, which has 1. What a type was scaled to is kept while releases
        lack it.
        """

    def scale(self, app_id: str, scales: Sequence[Scale], user_id: str) -> dict[str, int]:
        """Sets all or none; returns the whole formation. Raises `NotFound` ("process type") for types that the release lacks."""


class Builds(Protocol):
    def add(self, build: Build) -> Build: ...

    def get(self, build_id: str) -> Build: ...

    def list(self, app_id: str, limit: int = 50) -> Sequence[Build]:
        """Newest first."""

    def unfinished(self) -> Sequence[Build]:
        """Pending and running ones of all apps, oldest first."""

    def start(self, build_id: str) -> Build:
        """→ running, `attempt` + 1. Raises `BuildEnded` if it has ended or has no attempt left."""

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
        """Idempotent: a build that has ended stays as it ended."""


class Domains(Protocol):
    def add(self, app_id: str, hostname: str, user_id: str) -> None:
        """Raises `DomainTaken`."""

    def list(self, app_id: str) -> Sequence[str]: ...

    def remove(self, app_id: str, hostname: str, user_id: str) -> None:
        """Raises `NotFound`."""


class Events(Protocol):
    def list(self, app_id: str | None = None, limit: int = 100) -> Sequence[Event]:
        """Newest first."""

    def add(self, action: str, detail: str, *, user_id: str | None, app_id: str | None) -> None:
        """For what has no other row; the methods above write their own."""


class Store(Protocol):
    """The whole of it."""

    users: Users
    tokens: Tokens
    apps: Apps
    configs: Configs
    releases: Releases
    formations: Formations
    builds: Builds
    domains: Domains
    events: Events
