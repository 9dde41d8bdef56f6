"""Everything that can go wrong, as one tree. Errors carry data; the prose is in `paas.entrypoints.messages`.

PaasError
├─ UserError                     something the user can mend
│  ├─ Unauthenticated            no token, or one that we don't know
│  ├─ WrongPassword              a login that doesn't fit  ·  TooManyGuesses  ·  PasswordExpired (a one-time one)
│  ├─ Malformed                  a request that can't be read: bad JSON, too long, not the type it says
│  ├─ RateLimited                more requests than an account has
│  ├─ Forbidden                  known, but not allowed to
│  ├─ NotFound                   kind + ref: app, release, build, domain, user, dyno …
│  ├─ Conflict                   the state is against it
│  │  ├─ NameTaken  · DomainTaken  · PushOutdated  · NothingToRelease  · AppBusy  · RollbackRefused
│  │  ├─ EmailTaken  · OwnsApps  · LastAdmin  · BuildEnded
│  ├─ Invalid                    bad input: field, value, reason
│  │  ├─ InvalidRange            a Range header that asks for what there is not
│  │  └─ InvalidSource           an archive or tree we refuse to unpack
│  ├─ SetupFailed                a step of bin/up, bin/down or bin/test: what happened, what to do, last lines
│  └─ Rejected                   a push, build or release that does not go live
│     ├─ BuildFailed             phase + exit code (detect 20-29, build 50-59, export 60-69: CNB's bands)
│     │  ├─ NothingDetected  · BuildTimedOut  · BuildOutOfMemory  · BuildAbandoned  · BuildCancelled
│     ├─ SourceUnavailable       a tarball's URL that we can't or won't fetch
│     ├─ ReleaseCommandFailed    exit code + last lines
│     └─ NotReady                a new process did not come up: process, cause, last lines
├─ Transient                     try again: nothing was harmed
│  ├─ EngineUnavailable  · QueueUnavailable  · RouterUnavailable  · StoreBusy  · LeaseTaken  · TooManyStreams
│  └─ DiskLow
└─ PlatformFault                 ours to mend: a bug or a broken installation
"""

from __future__ import annotations


class PaasError(Exception):
    """Root of the tree. Every leaf has its prose in `paas.entrypoints.messages`."""


# --- the user can mend it -------------------------------------------------------------------------------------


class UserError(PaasError):
    """Something the user can mend."""


class Unauthenticated(UserError):
    """No credentials, or credentials that we don't know."""


class WrongPassword(UserError):
    """A login whose e-mail and password don't fit together (we don't tell which is wrong)."""


class TooManyGuesses(UserError):
    """Too many wrong passwords; the next one is looked at in `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"again in {retry_after:.0f} s")
        self.retry_after = retry_after


class PasswordExpired(UserError):
    """A one-time password, good only for choosing a lasting one in the console."""


class Malformed(UserError):
    """A request that can't be read at all; `status` is HTTP's word for it (400, 405, 413 …)."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class RateLimited(UserError):
    """The account has used up its `limit` requests an hour; the next one is free in `retry_after` seconds."""

    def __init__(self, limit: int, retry_after: float) -> None:
        super().__init__(f"{limit} requests an hour")
        self.limit = limit
        self.retry_after = retry_after


class Forbidden(UserError):
    """The caller is known but may not do this."""

    def __init__(self, action: str) -> None:
        super().__init__(action)
        self.action = action


class NotFound(UserError):
    """No such thing, or none that the caller may see (we don't tell which)."""

    def __init__(self, kind: str, ref: str) -> None:
        super().__init__(f"{kind} {ref!r} not found")
        self.kind = kind
        self.ref = ref


class Conflict(UserError):
    """The state of things is against it."""


class NameTaken(Conflict):
    """Another app has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class DomainTaken(Conflict):
    """Another app has this host name."""

    def __init__(self, hostname: str) -> None:
        super().__init__(hostname)
        self.hostname = hostname


class EmailTaken(Conflict):
    """Another user has this address."""

    def __init__(self, email: str) -> None:
        super().__init__(email)
        self.email = email


class OwnsApps(Conflict):
    """The user can't be removed while some apps are theirs."""

    def __init__(self, email: str, apps: tuple[str, ...]) -> None:
        super().__init__(f"{email} owns {', '.join(apps)}")
        self.email = email
        self.apps = apps


class LastAdmin(Conflict):
    """The user can't be removed: nobody would be left to administer the platform."""

    def __init__(self, email: str) -> None:
        super().__init__(email)
        self.email = email


class BuildEnded(Conflict):
    """The build can't be started (again): it has ended, or its attempts are used up."""

    def __init__(self, build_id: str, status: str, attempts: int) -> None:
        super().__init__(f"{build_id}: {status} after {attempts} attempts")
        self.build_id = build_id
        self.status = status
        self.attempts = attempts


class PushOutdated(Conflict):
    """While this push waited for another one, the branch moved."""

    def __init__(self, branch: str) -> None:
        super().__init__(branch)
        self.branch = branch


class NothingToRelease(Conflict):
    """The app has no image yet, so there is nothing to run or to roll back to."""

    def __init__(self, app: str) -> None:
        super().__init__(app)
        self.app = app


class AppBusy(Conflict):
    """Another change to the app is under way and did not end in time."""

    def __init__(self, app: str, doing: str) -> None:
        super().__init__(f"{app}: {doing}")
        self.app = app
        self.doing = doing


class RollbackRefused(Conflict):
    """Release `version` can't be gone back to. `cause` is 'no code', 'failed', 'pending' or 'image gone'."""

    def __init__(self, version: int, cause: str) -> None:
        super().__init__(f"v{version}: {cause}")
        self.version = version
        self.cause = cause


class Invalid(UserError):
    """Bad input: which field, what it held (shortened), and the rule that it breaks."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.value = value if len(value) <= 80 else value[:77] + "..."
        self.reason = reason


class InvalidRange(Invalid):
    """A Range header that asks for what there is not; `value` is the header."""


class InvalidSource(Invalid):
    """An archive or a tree that we refuse to unpack; `value` is the member's name."""


class SetupFailed(UserError):
    """A step of the operator's commands can't go on. `lines` are the last ones of the program that failed."""

    def __init__(self, what: str, advice: str, lines: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice
        self.lines = lines


class Rejected(UserError):
    """A push, build or release that does not go live. What ran before goes on running."""


class BuildFailed(Rejected):
    """A build phase failed. `code` is the phase's exit code in the bands of the CNB lifecycle."""

    def __init__(self, phase: str, code: int, detail: str = "") -> None:
        super().__init__(f"{phase} failed with {code}: {detail}" if detail else f"{phase} failed with {code}")
        self.phase = phase
        self.code = code
        self.detail = detail


class NothingDetected(BuildFailed):
    """No buildpack knows what to do with the source; `tried` lists their ids."""

    def __init__(self, tried: tuple[str, ...], code: int = 20) -> None:
        super().__init__("detect", code, "no buildpack fits")
        self.tried = tried


class BuildTimedOut(BuildFailed):
    """The build ran longer than `seconds` and was stopped."""

    def __init__(self, phase: str, seconds: float) -> None:
        super().__init__(phase, 51, f"longer than {seconds:g} s")
        self.seconds = seconds


class BuildOutOfMemory(BuildFailed):
    """The build needed more than `limit` bytes and was stopped."""

    def __init__(self, phase: str, limit: int) -> None:
        super().__init__(phase, 51, "out of memory")
        self.limit = limit


class BuildAbandoned(BuildFailed):
    """The worker that ran the build died, twice."""

    def __init__(self) -> None:
        super().__init__("build", 51, "the build worker was lost")


class BuildCancelled(BuildFailed):
    """Somebody stopped the build."""

    def __init__(self) -> None:
        super().__init__("build", 51, "cancelled")


class SourceUnavailable(Rejected):
    """The tarball could not be fetched, or may not be. `url` is without its credentials and query."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(f"{url}: {cause}")
        self.url = url
        self.cause = cause


class ReleaseCommandFailed(Rejected):
    """The Procfile's `release` process ended with something else than 0."""

    def __init__(self, command: str, code: int, lines: tuple[str, ...]) -> None:
        super().__init__(f"{command!r} exited with {code}")
        self.command = command
        self.code = code
        self.lines = lines


class NotReady(Rejected):
    """A new process did not come up. `cause` is 'exited', 'timeout', 'unhealthy' or 'failed to start'."""

    def __init__(self, process: str, cause: str, detail: str, lines: tuple[str, ...]) -> None:
        super().__init__(f"{process} {cause}: {detail}")
        self.process = process
        self.cause = cause
        self.detail = detail
        self.lines = lines


# --- try again --------------------------------------------------------------------------------------------------


class Transient(PaasError):
    """A part does not answer just now. Nothing was harmed; the same call may go through later."""


class EngineUnavailable(Transient):
    """The Docker Engine does not answer, or failed at something that is not the user's doing."""


class QueueUnavailable(Transient):
    """Redis does not answer."""


class RouterUnavailable(Transient):
    """HAProxy does not answer, or refused a command."""


class StoreBusy(Transient):
    """The database is locked or out of reach."""


class LeaseTaken(Transient):
    """Somebody else holds the lease `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class DiskLow(Transient):
    """Less free disk than we need to start; sizes in bytes."""

    def __init__(self, path: str, free: int, needed: int) -> None:
        super().__init__(f"{path}: {free} free, {needed} needed")
        self.path = path
        self.free = free
        self.needed = needed


class TooManyStreams(Transient):
    """As many streams are open as the web process can carry."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} open")
        self.limit = limit


class PlatformFault(PaasError):
    """Ours to mend: a bug or a broken installation."""
