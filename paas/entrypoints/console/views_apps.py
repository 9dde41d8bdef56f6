"""The list of apps, and a new one."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from paas.entrypoints.console import context, fragments, reply
from paas.errors import Invalid, NameTaken
from paas.pipeline import apps

blueprint = Blueprint("apps", __name__)


@blueprint.get("/")
def show_list() -> Response:
    services, user = context.services(), context.user()
    pages = fragments.pages_of(services, user, https=request.is_secure)
    return make_response(render_template("apps.html", pages=pages))


@blueprint.get("/apps/new")
def ask_new() -> Response:
    return _ask_new()


@blueprint.post("/apps")
def create() -> Response:
    """Without a name, one is made up."""
    name = request.form.get("name", "").strip()
    try:
        app = apps.create(context.services(), context.user(), name or None)
    except (Invalid, NameTaken) as exc:
        return _ask_new(name[:80], reply.sentence(exc), 422)
    return reply.gone_to(url_for("app.show", ref=app.name))


def _ask_new(name: str = "", error: str = "", status: int = 200) -> Response:
    return reply.dialog("ask/new_app.html", status, name=name, error=error, settings=context.services().settings)
