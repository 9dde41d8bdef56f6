"""All prose for errors: each leaf of `paas.errors` → what happened, why we think so, what to do.

The API answers with it (`api_body`), a push ends with it (`render_push`), the command line prints it (`render_cli`).
`id` and `status` are those of Heroku's Platform API Reference, section *Errors*.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paas import errors
from paas.errors import PaasError

MAX_LINES = 20  # of an app's log inside a message: enough to see a traceback, short enough to read


@dataclass(frozen=True)
class Message:
    """What people and programs are told of an error. `title` is one sentence; `why` and `todo` may be empty."""

    id: str
    status: int
    title: str
    why: str = ""
    todo: str = ""

    @property
    def text(self) -> str:
        """All of it in one paragraph."""
        return " ".join(part for part in (self.title, self.why, self.todo) if part)


def explain(error: Exception) -> Message:
    """The message for an error; one that is not of our tree is our own fault, and its text is kept from the reader."""
    for kind in type(error).__mro__:
        if kind in _MESSAGES:
            return _MESSAGES[kind](error)
    return _platform_fault(error)


def has_message(kind: type[PaasError]) -> bool:
    """Whether this very class has prose of its own (a test asks it for every leaf)."""
    return kind in _MESSAGES


def api_body(error: Exception) -> dict[str, Any]:
    """The JSON of an error answer: `id`, `message`, and `resource` where something was not found."""
    message = explain(error)
    body: dict[str, Any] = {"id": message.id, "message": message.text}
    if isinstance(error, errors.NotFound):
        body["resource"] = error.kind
    return body


def render_push(error: Exception) -> str:
    """The block that ends a rejected push: Heroku's ` !     ` before each line, an empty line before and after.

    Holds the reason, the last lines of the app's log if the error has them, and what to do.
    """
    message = explain(error)
    paragraphs = [[message.title, *_wrapped(message.why)]]
    lines = _last_lines(error)
    if lines:
        paragraphs.append(["The last lines of its log:", *(f"    {line}" for line in lines)])
    if message.todo:
        paragraphs.append(_wrapped(message.todo))
    paragraphs.append(["Push rejected: nothing was deployed, and what was running goes on running."])
    block: list[str] = []
    for paragraph in paragraphs:
        block += ["", *paragraph] if block else paragraph
    return "\n" + "".join(f" !     {line}".rstrip() + "\n" for line in block) + "\n"


def render_cli(error: Exception) -> str:
    """For a terminal: the title, then the reason, the log's lines and what to do, indented. No newline at the end."""
    message = explain(error)
    rows = [f"Error: {message.title}", *(f"  {line}" for line in _wrapped(message.why))]
    rows += [f"    | {line}" for line in _last_lines(error)]
    rows += [f"  {line}" for line in _wrapped(message.todo)]
    return "\n".join(rows)


# --- the prose -------------------------------------------------------------------------------------------------

_TRY_AGAIN = (
    "Nothing was harmed. Try again in a moment; if it goes on, an operator finds the cause with `bin/paas doctor`."
)


def _not_found(error: errors.NotFound) -> Message:
    todo = {
        "app": "Check its name, and that you own it: `paas apps` lists what you can use.",
        "process type": "The Procfile of the running release declares the process types; `paas ps` lists them.",
        "release": "`paas releases` lists them.",
        "domain": "`paas domains` lists them.",
    }.get(error.kind, "")
    ref = f" {error.ref}" if error.ref else ""
    return Message("not_found", 404, f"Couldn't find that {error.kind}{ref}.", todo=todo)


def _invalid(error: errors.Invalid) -> Message:
    held = f"It is {error.value!r}." if error.value not in ("", "…") else ""
    return Message("invalid_params", 422, _sentence(f"{error.field} {error.reason}"), held)


def _invalid_source(error: errors.InvalidSource) -> Message:
    return Message(
        "invalid_source",
        422,
        _sentence(f"{error.field} {error.value!r} {error.reason}"),
        "Archives are unpacked only if every member stays inside the source tree.",
        "Take it out of the source and push again.",
    )


def _rollback_refused(error: errors.RollbackRefused) -> Message:
    why, todo = {
        "no code": ("It was made before the first deploy, so it has no code to run.", "Choose a release with code."),
        "failed": ("It failed, and was never live.", "Choose a release that succeeded."),
        "pending": ("It is not finished.", "Wait until it is, or choose an older one."),
        "image gone": (
            "Its image was removed: only the newest releases keep theirs.",
            "Push that commit again instead.",
        ),
    }[error.cause]
    return Message("conflict", 409, f"Can't roll back to v{error.version}.", why, f"{todo} `paas releases` lists them.")


def _build_failed(error: errors.BuildFailed) -> Message:
    why = {
        "detect": "No buildpack could be chosen for the source.",
        "restore": "What earlier builds had kept could not be restored.",
        "build": "The source could not be built.",
        "export": "The image could not be put together.",
    }.get(error.phase, "")
    return Message(
        "build_failed",
        422,
        f"The {error.phase} phase failed with exit code {error.code}.",
        _sentence(error.detail) if error.detail else why,
        "The lines above this one name the cause. Mend it, commit, and push again.",
    )


def _nothing_detected(error: errors.NothingDetected) -> Message:
    return Message(
        "build_failed",
        422,
        "No buildpack knows what to do with this source.",
        f"Tried: {', '.join(error.tried)}." if error.tried else "There are no buildpacks to try.",
        "Add what your language's buildpack looks for to the top folder of the repository: requirements.txt for Python, "
        "package.json for Node.js, index.html for a static site; then commit and push again.",
    )


def _not_ready(error: errors.NotReady) -> Message:
    todo = {
        "exited": "Run the same command on your machine with the app's config vars, mend what it says, and push again.",
        "timeout": "Make the web process listen on 0.0.0.0 at the port in the PORT environment variable, soon after it starts.",
        "unhealthy": "Make the health check's path (app.json) answer with a status from 200 to 399.",
        "failed to start": "Check the process's line in the Procfile.",
    }.get(error.cause, "")
    title = {
        "exited": f"The new process {error.process} exited before it was ready.",
        "timeout": f"The new process {error.process} did not listen on its PORT in time.",
        "unhealthy": f"The new process {error.process} did not pass its health check.",
        "failed to start": f"The new process {error.process} could not be started.",
    }.get(error.cause, f"The new process {error.process} did not come up.")
    return Message("not_ready", 422, title, _sentence(error.detail), todo)


def _disk_low(error: errors.DiskLow) -> Message:
    free, needed = (f"{size / 2**30:.1f} GiB" for size in (error.free, error.needed))
    return Message(
        "disk_low",
        503,
        "The server is low on disk space.",
        f"{free} are free, {needed} are needed to start.",
        "An operator has to free space or raise the limit (PAAS_MIN_FREE_DISK); then try again.",
    )


def _platform_fault(error: Exception) -> Message:
    return Message(
        "internal_server_error",
        500,
        "The platform failed at this, and it is not your doing.",
        _sentence(str(error)) if isinstance(error, errors.PlatformFault) else "",
        "What happened is in the platform's log. An operator finds out more with `bin/paas doctor`.",
    )


_MESSAGES: dict[type, Callable[[Any], Message]] = {
    errors.Unauthenticated: lambda _: Message(
        "unauthorized",
        401,
        "There were no credentials in the request, or none that are known here.",
        todo="Log in with `paas login`, or send a valid token as `Authorization: Bearer TOKEN`.",
    ),
    errors.WrongPassword: lambda _: Message(
        "unauthorized", 401, "E-mail address and password don't fit together.", todo="Check both and try again."
    ),
    errors.TooManyGuesses: lambda e: Message(
        "rate_limit",
        429,
        "Too many wrong passwords were tried.",
        todo=f"Wait {_seconds(e.retry_after)} and try again; an administrator can set a new password at once.",
    ),
    errors.PasswordExpired: lambda _: Message(
        "password_expired",
        403,
        "This is a one-time password.",
        "It is good only for choosing one of your own.",
        "Log in to the console with it, choose a password, then come back.",
    ),
    errors.Malformed: lambda e: Message(
        {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}.get(e.status, "bad_request"),
        e.status,
        _sentence(e.reason),
    ),
    errors.RateLimited: lambda e: Message(
        "rate_limit",
        429,
        "Your account has used up its requests to the API.",
        f"It has {e.limit} an hour.",
        f"Wait {_seconds(e.retry_after)}; an operator can raise the limit (PAAS_API_RATE_LIMIT).",
    ),
    errors.Forbidden: lambda e: Message(
        "forbidden", 403, f"You may not {e.action}.", todo="Ask an administrator of this platform to do it."
    ),
    errors.NotFound: _not_found,
    errors.Conflict: lambda e: Message("conflict", 409, _sentence(str(e) or "That is against the present state")),
    errors.NameTaken: lambda e: Message(
        "invalid_params", 422, f"Name {e.name} is already taken.", "App names are unique here.", "Choose another one."
    ),
    errors.DomainTaken: lambda e: Message(
        "invalid_params",
        422,
        f"{e.hostname} is currently in use by another app.",
        todo="Remove it there first, or add another domain.",
    ),
    errors.EmailTaken: lambda e: Message(
        "invalid_params", 422, f"There is a user {e.email} already.", todo="Use that account, or another address."
    ),
    errors.OwnsApps: lambda e: Message(
        "conflict",
        409,
        f"{e.email} can't be removed.",
        f"These apps are theirs: {', '.join(e.apps)}.",
        "Destroy the apps first.",
    ),
    errors.LastAdmin: lambda e: Message(
        "conflict",
        409,
        f"{e.email} can't be removed.",
        "Nobody would be left to administer the platform.",
        "Make somebody else an administrator first.",
    ),
    errors.BuildEnded: lambda e: Message(
        "conflict",
        409,
        f"Build {e.build_id} can't be started or stopped any more.",
        f"It is {e.status} after {e.attempts} attempts.",
        "Push again, or start a new build.",
    ),
    errors.PushOutdated: lambda e: Message(
        "conflict",
        409,
        f"The branch {e.branch} moved while this push waited for another one.",
        todo="Fetch, merge, and push again.",
    ),
    errors.NothingToRelease: lambda e: Message(
        "conflict", 409, f"{e.app} has no code yet.", "Nothing was ever deployed to it.", "Push your code first."
    ),
    errors.AppBusy: lambda e: Message(
        "conflict",
        409,
        f"Another change to {e.app} is under way and did not end in time.",
        _sentence(e.doing),
        "Wait for it to end, then try again.",
    ),
    errors.RollbackRefused: _rollback_refused,
    errors.Invalid: _invalid,
    errors.InvalidRange: lambda e: Message(
        "requested_range_not_satisfiable", 416, _sentence(f"The Range header {e.value!r} {e.reason}")
    ),
    errors.InvalidSource: _invalid_source,
    errors.SetupFailed: lambda e: Message("setup_failed", 422, e.what, todo=e.advice),
    errors.SetupFailed: lambda e: Message("setup_failed", 500, _sentence(e.what), todo=e.advice),
    errors.Rejected: lambda e: Message("rejected", 422, _sentence(str(e) or "This does not go live")),
    errors.BuildFailed: _build_failed,
    errors.NothingDetected: _nothing_detected,
    errors.BuildTimedOut: lambda e: Message(
        "build_failed",
        422,
        f"The build ran longer than {_seconds(e.seconds)} and was stopped.",
        todo="Make it shorter (fewer or prebuilt dependencies); an operator can allow more (PAAS_BUILD_TIMEOUT).",
    ),
    errors.BuildOutOfMemory: lambda e: Message(
        "build_failed",
        422,
        f"The build needed more than {e.limit // 2**20} MiB of memory and was stopped.",
        todo="Make it need less, for instance with fewer parallel jobs; an operator can allow more (PAAS_BUILD_MEMORY).",
    ),
    errors.BuildAbandoned: lambda _: Message(
        "build_failed",
        422,
        "The build was given up.",
        "The worker that ran it was lost twice.",
        "Push again; if it goes on, the build may be what brings the worker down: ask an operator to look at its log.",
    ),
    errors.BuildCancelled: lambda _: Message(
        "build_failed", 422, "The build was cancelled.", todo="Push again when you want it built."
    ),
    errors.SourceUnavailable: lambda e: Message(
        "source_unavailable",
        422,
        f"The source could not be fetched from {e.url}.",
        _sentence(e.cause),
        "Check that the URL can be reached from the internet without a login, and is a tar.gz archive.",
    ),
    errors.ReleaseCommandFailed: lambda e: Message(
        "release_failed",
        422,
        f"The release command `{e.command}` exited with status {e.code}.",
        "A release goes live only if its release command succeeds.",
        "Mend what it says, commit, and push again.",
    ),
    errors.NotReady: _not_ready,
    errors.Transient: lambda _: Message("unavailable", 503, "A part of the platform does not answer.", todo=_TRY_AGAIN),
    errors.EngineUnavailable: lambda _: Message(
        "engine_unavailable", 503, "The Docker Engine does not answer.", todo=_TRY_AGAIN
    ),
    errors.QueueUnavailable: lambda _: Message("queue_unavailable", 503, "Redis does not answer.", todo=_TRY_AGAIN),
    errors.RouterUnavailable: lambda _: Message("router_unavailable", 503, "HAProxy does not answer.", todo=_TRY_AGAIN),
    errors.StoreBusy: lambda _: Message(
        "store_unavailable", 503, "The database is locked or out of reach.", todo=_TRY_AGAIN
    ),
    errors.LeaseTaken: lambda e: Message(
        "busy", 503, "Something else works on this just now.", f"It holds the lease {e.name}.", _TRY_AGAIN
    ),
    errors.DiskLow: _disk_low,
    errors.TooManyStreams: lambda e: Message(
        "too_many_streams",
        503,
        f"All {e.limit} streams of the platform are in use.",
        "Each open log, build output and one-off terminal takes one.",
        "Close one, or try again in a moment.",
    ),
    errors.PlatformFault: _platform_fault,
}


# --- how it is set ---------------------------------------------------------------------------------------------


def _sentence(text: str) -> str:
    """The text as a sentence: a capital first, a full stop last. Identifiers with underscores keep their case."""
    text = text.strip()
    if not text:
        return ""
    first = text.split()[0]
    if "_" not in first and "." not in first:
        text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."


def _seconds(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 120 else f"{round(whole / 60)} minutes"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 90, break_long_words=False, break_on_hyphens=False)


def _last_lines(error: Exception) -> list[str]:
    lines: tuple[str, ...] = getattr(error, "lines", ())
    return [line.rstrip() for line in lines[-MAX_LINES:]]
