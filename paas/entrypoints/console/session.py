"""Who is logged in: a signed cookie, the guard before every view, and how a session ends.

The cookie holds the user's id, a fingerprint of the password's hash and the session's own random id; Flask signs it
(HMAC, itsdangerous). So a new password ends all other sessions of the user, and logging out ends this one, also where the
cookie was copied to.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from datetime import timedelta

from flask import Flask, Request, Response, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as BaseResponse

from paas.bootstrap import Services
from paas.config import Settings
from paas.domain.user import User
from paas.entrypoints.console.context import by_htmx, services
from paas.errors import NotFound, PlatformFault

LIFETIME = timedelta(days=7)  # from the log-in on, whether used or not
OPEN = frozenset({"session.show_login", "session.log_in", "static"})  # all that a stranger may call
BEFORE_PASSWORD = OPEN | {"session.log_out", "account.show_password", "account.change_password"}

_ended: dict[str, float] = {}
"""Sessions that were logged out of → when they would have ended by themselves. Lost when the web process restarts: a
stolen copy of a cookie that was logged out of would then be good until its seven days are over, or a new password."""
_ended_lock = threading.Lock()


class CookieSessions(SecureCookieSessionInterface):
    """Over HTTPS the cookie is `Secure` and `__Host-`: an app under the platform's domain can't plant one of its own."""

    def get_cookie_name(self, app: Flask) -> str:
        name = f"console-{app.config['INSTANCE']}"  # browsers don't keep ports' cookies apart
        return f"__Host-{name}" if request.is_secure else name

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002
        return request.is_secure


def signing_key(settings: Settings) -> bytes:
    """The console's own key, made of the instance's. Raises `PlatformFault`."""
    try:
        return hmac.digest(settings.key_file.read_bytes(), b"console sessions", "sha256")
    except OSError as exc:
        raise PlatformFault(f"the instance's key file {settings.key_file} can't be read: {exc.strerror}") from exc


def log_in(user: User) -> None:
    """Starts a session of the user's; whatever the cookie held before is forgotten (session fixation)."""
    session.clear()
    session.permanent = True
    session["user"] = user.id
    session["password"] = _fingerprint(user)
    session["id"] = secrets.token_urlsafe(16)
    session["since"] = int(services().clock.now().timestamp())
    csrf_token()


def log_out() -> None:
    """Ends the session, also for copies of its cookie and for its open streams."""
    now = services().clock.now().timestamp()
    with _ended_lock:
        for known in [known for known, until in _ended.items() if until < now]:
            del _ended[known]
        if "id" in session:
            _ended[session["id"]] = now + LIFETIME.total_seconds()
    session.clear()


def csrf_token() -> str:
    """The session's token, that every form of ours carries."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def holder(services: Services, held: dict[str, object]) -> User | None:
    """Whose session that is, if it still is one. Streams ask again and again, so it takes what a cookie held."""
    try:
        user = services.store.users.get(str(held["user"]))
    except (KeyError, NotFound):
        return None
    with _ended_lock:
        logged_out = held.get("id") in _ended
    since = held.get("since")
    age = services.clock.now().timestamp() - since if isinstance(since, int) else LIFETIME.total_seconds()
    if logged_out or age >= LIFETIME.total_seconds() or held.get("password") != _fingerprint(user):
        return None
    return user


def require_login() -> BaseResponse | None:
    """Runs before every view: only those named in `OPEN` answer strangers."""
    g.user = holder(services(), dict(session))
    if request.endpoint in OPEN or request.endpoint is None:
        return None
    if g.user is None:
        return _elsewhere(url_for("session.show_login", next=_here(request)))
    if g.user.must_change_password and request.endpoint not in BEFORE_PASSWORD:
        return _elsewhere(url_for("account.show_password"))
    return None


def _elsewhere(url: str) -> BaseResponse:
    if "text/event-stream" in request.headers.get("Accept", ""):
        return Response("event: end\ndata: .\n\n", mimetype="text/event-stream")  # the page loads itself again
    if by_htmx():
        return Response(status=200, headers={"HX-Redirect": url})
    return redirect(url, 303)


def _here(request: Request) -> str | None:
    """Where to go on after logging in. Only what was being looked at: a change is not repeated by itself."""
    return request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" and not by_htmx() else None


def _fingerprint(user: User) -> str:
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:24]
