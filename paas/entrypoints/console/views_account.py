"""The reader's own account: password and API tokens."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from paas.entrypoints.console import context, reply
from paas.entrypoints.console import session as sessions
from paas.errors import Invalid
from paas.pipeline import users

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
def show() -> Response:
    services, user = context.services(), context.user()
    return make_response(render_template("account.html", tokens=services.store.tokens.list(user.id)))


@blueprint.get("/account/password")
def show_password() -> Response:
    return make_response(render_template("password.html", error=""))


@blueprint.post("/account/password")
def change_password() -> Response:
    """Ends all other sessions of the user; this one goes on."""
    services, user = context.services(), context.user()
    chosen = request.form.get("password", "")
    try:
        if chosen != request.form.get("again", ""):
            raise Invalid("new password", "…", "was not typed the same way twice")
        users.set_password(services, user, user, chosen, current=request.form.get("current", ""))
    except Invalid as exc:
        page = render_template("password.html", error=reply.sentence(exc))
        return make_response(page, 422)
    sessions.log_in(services.store.users.get(user.id))
    return reply.gone_to(url_for("apps.show_list"), "Your password was changed.", "Other browsers were logged out.")


@blueprint.post("/account/tokens")
def create_token() -> Response:
    """The secret is in this answer and nowhere else."""
    _, secret = users.create_token(context.services(), context.user(), request.form.get("description", "").strip())
    return reply.dialog("ask/token.html", secret=secret)


@blueprint.post("/account/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> Response:
    users.revoke_token(context.services(), context.user(), token_id)
    return reply.gone_to(url_for("account.show"), "The token was revoked.", "What used it can't log in any more.")
