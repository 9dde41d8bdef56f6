"""The web console: pages for people, rendered here, kept live by server-sent events.

    session, guard   who may call what        page       what is shown, read from store, engine and logs
    views_*          parse, one call, answer  fragments  parts of pages, for pages, events and answers alike
    events, feed     what changed meanwhile   markup     logs as HTML         assets  style sheets and scripts

Every page is whole without a script: forms post and are redirected. Templates hold no rules.
"""

from __future__ import annotations

import logging

from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from paas.bootstrap import Services
from paas.entrypoints.console import (
    context,
    events,
    guard,
    markup,
    reply,
    session,
    views_account,
    views_app,
    views_apps,
    views_session,
)
from paas.entrypoints.console.assets import WEB, Assets
from paas.errors import Malformed, PaasError

_log = logging.getLogger(__name__)


def create_console(services: Services) -> Flask:
    """The WSGI application of `console.<domain>`. Needs the instance's key file; connects to nothing."""
    console = Flask(__name__, static_folder=None, template_folder=str(WEB / "templates"))
    console.config.update(
        INSTANCE=services.settings.name,
        SECRET_KEY=session.signing_key(services.settings),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=session.LIFETIME,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=guard.MAX_BODY,
        MAX_FORM_MEMORY_SIZE=guard.MAX_BODY,
    )
    console.session_interface = session.CookieSessions()
    console.extensions[context.EXTENSION] = services

    assets = Assets()
    console.add_url_rule("/static/<digest>/<name>", "static", lambda digest, name: assets.respond())  # noqa: ARG005
    console.jinja_env.globals.update(asset=assets.url, scripts=assets.scripts, csrf_token=session.csrf_token)
    console.jinja_env.filters["prose"] = markup.prose
    console.jinja_env.trim_blocks = console.jinja_env.lstrip_blocks = True

    console.before_request(session.require_login)
    console.before_request(guard.require_own_form)
    console.after_request(guard.add_headers)
    for blueprint in (
        views_session.blueprint,
        views_account.blueprint,
        views_apps.blueprint,
        views_app.blueprint,
        events.blueprint,
    ):
        console.register_blueprint(blueprint)
    console.register_error_handler(Exception, _on_error)
    return console


def _on_error(error: Exception) -> ResponseReturnValue:
    """Errors of our tree as their prose; Flask's own (no such page, too large) in the same dress; bugs into the log."""
    if isinstance(error, HTTPException):
        if error.code is None or error.code < 400:
            return error.get_response()  # a redirect, say from //apps to /apps
        error = Malformed(error.description or error.name, error.code or 500)
    elif not isinstance(error, PaasError):
        _log.exception("a page failed")
    return reply.failed(error)
