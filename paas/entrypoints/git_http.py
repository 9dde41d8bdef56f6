"""Git over HTTP: smart protocol v0 and v2 through git's own CGI program, `git http-backend`, streamed both ways.

`/<app>.git/...` on git.<domain> and on the bare domain. The API token is the password; the user name is ignored.
See gitprotocol-http(5) and git-http-backend(1).
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections.abc import Iterator
from typing import IO

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.user import User, may_use, token_digest
from paas.entrypoints import messages
from paas.entrypoints.pushes import Push, Pushes
from paas.errors import NotFound, PaasError
from paas.pipeline import push as pushing

_SERVICES = ("git-upload-pack", "git-receive-pack")
_CHUNK = 64 * 1024
_HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# Nothing of the host's or of root's git settings applies; the transport's limits do.
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_HTTP_EXPORT_ALL": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LANG": "C.UTF-8",
}


def create_git(services: Services) -> Flask:
    """The application behind git.<domain>, and the hook's door on the unix socket (`/internal`, which the router refuses)."""
    app = Flask("paas.git", static_folder=None)
    app.register_blueprint(_routes(services, Pushes(services)))
    return app


def _routes(services: Services, pushes: Pushes) -> Blueprint:
    routes = Blueprint("git", __name__)

    @routes.get("/<name>.git/info/refs")
    def advertise(name: str) -> Response:
        if request.args.get("service") not in _SERVICES:
            return _plain("This server speaks git's smart protocol only; use git 1.7 or newer.\n", 403)
        return _serve(services, pushes, name, "info/refs")

    @routes.post("/<name>.git/<service>")
    def exchange(name: str, service: str) -> Response:
        if service not in _SERVICES:
            return _plain("No such git service.\n", 404)
        return _serve(services, pushes, name, service)

    @routes.post("/internal/pushes/<key>")
    def build(key: str) -> Response:
        push = pushes.find(key)
        branch, old, new = (request.args.get(k, "") for k in ("branch", "old", "new"))
        if push is None or branch not in ("main", "master") or not _HEX.fullmatch(old) or not _HEX.fullmatch(new):
            return _plain("No such push.\n", 404)
        subject = request.get_data().decode("utf-8", "replace")
        return Response(_carry(services, pushes, push, (branch, old, new, subject)), mimetype="text/plain")

    return routes


def _serve(services: Services, pushes: Pushes, name: str, path: str) -> Response:
    user = _user(services)
    if user is None:
        response = _plain(
            "An API token is needed as the password. Your console has them, or run: bin/paas token create\n", 401
        )
        response.headers["WWW-Authenticate"] = f'Basic realm="{services.settings.domain}"'
        return response
    try:
        app = services.store.apps.get(name)
        if app.name != name or not may_use(user, app):
            raise NotFound("app", name)
    except NotFound:
        return _plain(
            f"There is no app {name} that you may push to.\n"
            f"To create it: paas create {name}, or in the console: {services.settings.url('console')}\n",
            404,
        )
    push = pushes.begin(app, user) if path == "git-receive-pack" else None
    try:
        return _backend(services, pushes, app, user, path, push)
    except BaseException:
        if push is not None:
            pushes.end(push)
        raise


def _backend(services: Services, pushes: Pushes, app: App, user: User, path: str, push: Push | None) -> Response:
    repo = services.repos.ensure(app.id)
    environment = {
        **_ENVIRONMENT,
        "GIT_PROJECT_ROOT": str(repo),
        "PATH_INFO": f"/{path}",
        "QUERY_STRING": request.query_string.decode("latin-1"),
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.content_type or "",
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": user.email,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "receive.maxInputSize",
        "GIT_CONFIG_VALUE_0": str(services.settings.max_source),
    }
    # No CONTENT_LENGTH: http-backend then reads to the end of its input. Given one, it spins for ever when the client (or
    # this process) goes away before having sent that much.
    if push is not None:
        environment["PAAS_SOCKET"] = str(services.settings.web_socket)
        environment["PAAS_PUSH"] = push.key
        environment["PAAS_BUILD_SOURCE"] = str(services.settings.builds_dir / push.build_id / "source.tar")
    process = subprocess.Popen(
        ["git", "http-backend"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # Both directions at once: http-backend may answer before it has read everything.
    body = threading.Thread(target=_feed, args=(request.stream, process.stdin), daemon=True)
    body.start()
    status, headers = _read_head(process.stdout)
    return Response(_Output(process, body, pushes, push), status=status, headers=headers)


def _feed(source: IO[bytes], target: IO[bytes]) -> None:
    try:
        while data := source.read(_CHUNK):
            target.write(data)
    except (OSError, HTTPException):
        pass  # either side went away, or the client sent less than it said; git sees the early end and gives up
    finally:
        with contextlib.suppress(OSError):
            target.close()


def _read_head(stream: IO[bytes]) -> tuple[int, list[tuple[str, str]]]:
    """The CGI header (RFC 3875 section 6.3)."""
    status, headers = 200, []
    while line := stream.readline().rstrip(b"\r\n"):
        name, _, value = line.decode("latin-1").partition(": ")
        if name.lower() == "status":
            status = int(value.split(" ", 1)[0])
        else:
            headers.append((name, value))
    return (status, headers) if headers or status != 200 else (500, headers)


class _Output:
    """The program's output as a response body. When the client goes away a push is read to its end all the same, so that
    receive-pack can finish: the build goes on, and the branch moves if it goes live."""

    def __init__(
        self, process: subprocess.Popen[bytes], body: threading.Thread, pushes: Pushes, push: Push | None
    ) -> None:
        self._process, self._body, self._pushes, self._push = process, body, pushes, push
        assert process.stdout is not None
        self._stream: IO[bytes] = process.stdout
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        while data := self._stream.read1(_CHUNK):  # type: ignore[attr-defined]  # a BufferedReader: what is there, at once
            yield data
        self._end()

    def close(self) -> None:
        """Called by the server at the end, and when the client has gone."""
        if self._ended:
            return
        if self._push is None:
            self._process.terminate()
            self._end()
        else:
            threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        while self._stream.read(_CHUNK):
            pass
        self._end()

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._stream.close()
        self._process.wait()
        if self._push is not None:
            self._pushes.end(self._push)


def _carry(services: Services, pushes: Pushes, push: Push, what: tuple[str, str, str, str]) -> Iterator[bytes]:
    """The log of the push's build as it comes, then NUL and the hook's exit code."""
    branch, old, new, subject = what
    try:
        for text in pushes.wait_for_turn(push, branch, old):
            yield text.encode()
        build = pushing.accept(services, push.user, push.app, push.build_id, new, subject)
        for text in services.build_logs.follow(build.id):
            yield text.encode()
        live = services.store.builds.get(build.id).status == "succeeded"
    except PaasError as exc:
        yield messages.render_push(exc).encode()
        live = False
    except Exception:
        current_app.logger.exception("push %s", push.build_id)
        yield b" !     The platform failed at this push; its log says more to the operator.\n"
        live = False
    if live:
        yield b"Verifying deploy... done.\n\0000\n"
    else:
        yield f"Verifying deploy...\n !\tPush rejected to {push.app.name}.\n\0001\n".encode()


def _user(services: Services) -> User | None:
    credentials = request.authorization
    if credentials is None:
        return None
    secret = credentials.password or credentials.username or credentials.token
    return services.store.tokens.user_of(token_digest(secret)) if secret else None


def _plain(text: str, status: int) -> Response:
    """Git shows text/plain bodies of errors to the user, as `remote: …` lines."""
    return Response(text, status=status, mimetype="text/plain")
