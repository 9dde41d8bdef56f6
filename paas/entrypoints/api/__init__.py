"""The REST API: Heroku's Platform API, version 3, as far as its things exist here. `create_api(services)` is all of it.

A blueprint per resource; a view reads the request, calls one function of the pipeline, and serialises what comes back.
"""

from __future__ import annotations

import logging
import re
import uuid

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from paas.bootstrap import Services
from paas.entrypoints.api import (
    account,
    apps,
    auth,
    body,
    builds,
    catalog,
    config_vars,
    domains,
    dynos,
    formation,
    health,
    log_sessions,
    releases,
    streams,
    tokens,
    users,
)
from paas.entrypoints.api.limits import RequestBudget, StreamSlots
from paas.entrypoints.api.runs import PendingRuns
from paas.entrypoints.messages import api_body, explain
from paas.errors import Malformed, PaasError, RateLimited, TooManyGuesses, Transient
from paas.pipeline.doors import postponed

_log = logging.getLogger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{20,200}")  # as the router makes or accepts them
_RESOURCES = (account, apps, builds, catalog, config_vars, domains, dynos, formation, health, log_sessions, releases, streams,
              tokens, users)  # fmt: skip
_HTTP_REASONS = {
    404: "there is no such endpoint",
    405: "this endpoint does not take that method",
    413: f"the request's body is larger than {body.MAX_BYTES} bytes",
}
_POSTPONED = "Written down, but a part of the platform does not answer just now: it takes effect a little later."


def create_api(services: Services) -> Flask:
    """The WSGI application for the API's hosts. Connects to nothing."""
    app = Flask("paas.api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = body.MAX_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]  # as Flask documents it
    app.extensions["paas"] = services
    app.extensions["paas.streams"] = StreamSlots()
    app.extensions["paas.runs"] = PendingRuns(services.clock)

    app.before_request(_begin)
    auth.install(app, RequestBudget(services.settings.api_rate_limit, services.clock))
    app.after_request(_finish)
    app.register_error_handler(PaasError, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _fail)
    for resource in _RESOURCES:
        app.register_blueprint(resource.bp)
    return app


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
    postponed.set(False)


def _finish(response: Response) -> Response:
    response.headers["Request-Id"] = g.request_id
    response.headers.setdefault("Cache-Control", "private, no-store")
    if "requests_left" in g:
        response.headers["RateLimit-Remaining"] = str(g.requests_left)
    warnings = [*g.get("warnings", []), *([_POSTPONED] if postponed.get() else [])]
    if warnings:
        response.headers["X-Heroku-Warning"] = " ".join(dict.fromkeys(warnings))
    return response


def _refuse(error: PaasError) -> Response:
    message = explain(error)
    if message.status >= 500:
        _log.warning("request %s: %s %s", g.request_id, type(error).__name__, error)
    response = body.answer(api_body(error), message.status)
    if message.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="paas"'
    if isinstance(error, RateLimited | TooManyGuesses):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    elif isinstance(error, Transient):
        response.headers["Retry-After"] = "5"
    return response


def _refuse_http(error: HTTPException) -> Response | HTTPException:
    """Flask's own refusals: no such route, wrong method, body too large."""
    status = error.code or 500
    if status < 400:
        return error
    reason = _HTTP_REASONS.get(status, error.description or error.name)
    response = _refuse(Malformed(reason, status))
    if error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _fail(error: Exception) -> Response:
    """A bug: its text is for the platform's log, the client gets the request's id to ask with."""
    _log.exception("request %s failed: %s %s", g.request_id, request.method, request.path)
    answer = api_body(error)
    answer["message"] += f" The request's id is {g.request_id}."
    return body.answer(answer, 500)
