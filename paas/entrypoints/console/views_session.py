"""Log in, log out."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from paas.entrypoints import messages
from paas.entrypoints.console import context, reply
from paas.entrypoints.console import session as sessions
from paas.errors import TooManyGuesses, WrongPassword
from paas.pipeline import login

blueprint = Blueprint("session", __name__)


@blueprint.get("/login")
def show_login() -> Response:
    if sessions.holder(context.services(), dict(session)):
        return redirect(_onward(), 303)
    return make_response(render_template("login.html", email="", error="", onward=request.args.get("next", "")))


@blueprint.post("/login")
def log_in() -> Response:
    email = request.form.get("email", "")
    try:
        user = login.login(context.services(), email, request.form.get("password", ""), address=context.address())
    except (WrongPassword, TooManyGuesses) as exc:
        message = messages.explain(exc)
        error = f"{message.title} {message.todo}"
        page = render_template("login.html", email=email[:254], error=error, onward=request.form.get("next", ""))
        return make_response(page, message.status)
    onward = _onward()
    sessions.log_in(user)
    return redirect(onward, 303)


@blueprint.post("/logout")
def log_out() -> Response:
    sessions.log_out()
    return reply.gone_to(url_for("session.show_login"))


def _onward() -> str:
    """Where the reader wanted to go: a path of ours, or the list of apps. `//host` and `/\\host` lead elsewhere."""
    wanted = request.values.get("next", "")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if ours else url_for("apps.show_list")
