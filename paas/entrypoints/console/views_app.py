"""One app's page, and what can be done there."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from paas.domain.app import App
from paas.domain.formation import Scale, parse_quantity
from paas.entrypoints.console import context, events, markup, reply
from paas.entrypoints.console.page import AppPage
from paas.errors import Invalid, NotFound
from paas.pipeline import apps, builds, config_vars, domains, maintenance, restart, rollback, scale

blueprint = Blueprint("app", __name__, url_prefix="/apps/<ref>")


@blueprint.get("")
def show(ref: str) -> Response:
    page = _page(_find(ref))
    values = {
        "cursor": events.cursor_of(page),
        "log": markup.log_lines(page.log or []),
        "build_log": markup.build_lines(page.build_log),
        "revealed": _revealed(page.app),
    }
    return make_response(render_template("app.html", page=page, app=page.app, **values))


@blueprint.post("/scale")
def scale_to(ref: str) -> Response:
    """`quantity` is what the field holds, `step` what a button adds to it."""
    app = _find(ref)
    name = request.form.get("type", "")
    step, quantity = request.form.get("step", ""), request.form.get("quantity", "")
    held = parse_quantity(name, quantity, {})
    wanted = parse_quantity(name, step, {name: held}) if step else held
    formation = scale.scale(context.services(), context.user(), app, [Scale(name, wanted)])
    text = f"{name} is scaled to {formation[name]}."
    # The page shows it already, so it needs no toast.
    return reply.changed(app, ("header", "processes"), _url(app, "processes"), "" if context.by_htmx() else text)


@blueprint.get("/restart")
def ask_restart(ref: str) -> Response:
    return reply.dialog("ask/restart.html", app=_find(ref))


@blueprint.post("/restart")
def restart_processes(ref: str) -> Response:
    """All, or the one that `process` names; a one-off process is stopped."""
    app = _find(ref)
    process = request.form.get("process") or None
    restart.restart(context.services(), context.user(), app, process)
    text = f"{process} is being restarted." if process else "All processes are being restarted."
    if process and process.startswith("run."):
        text = f"{process} is being stopped."
    return reply.changed(app, ("header", "processes"), _url(app, "processes"), text)


@blueprint.post("/maintenance")
def switch_maintenance(ref: str) -> Response:
    app = maintenance.set_maintenance(context.services(), context.user(), _find(ref), request.form.get("on") == "1")
    text = "Visitors see the maintenance page." if app.maintenance else "Visitors see the app again."
    return reply.changed(app, ("header", "settings"), _url(app, "settings"), text)


@blueprint.get("/releases/<version>/rollback")
def ask_rollback(ref: str, version: str) -> Response:
    app = _find(ref)
    release = context.services().store.releases.get(app.id, version)
    return reply.dialog("ask/rollback.html", app=app, release=release)


@blueprint.post("/releases/<version>/rollback")
def roll_back(ref: str, version: str) -> Response:
    app = _find(ref)
    release = rollback.rollback(context.services(), context.user(), app, version)
    title = f"Rolling back: v{release.version} is on its way."
    return reply.changed(app, ("header", "releases"), _url(app, "releases"), title)


@blueprint.get("/config/<key>")
def show_config(ref: str, key: str) -> Response:
    """One value, because somebody asked for it; without it when `hide` is given."""
    app = _find(ref)
    config = context.services().store.configs.get(app.id)
    if key not in config:
        raise NotFound("config var", key[:80])
    value = None if "hide" in request.args else config[key]
    return make_response(render_template("app/config_row.html", app=app, key=key, value=value))


@blueprint.post("/config")
def set_config(ref: str) -> Response:
    app = _find(ref)
    key = request.form.get("key", "").strip()
    # Browsers send each line's end of a text field as CR LF (HTML Standard, 4.10.21.4); nobody typed the CR.
    value = request.form.get("value", "").replace("\r\n", "\n")
    config_vars.update(context.services(), context.user(), app, {key: value})
    title, text = f"{key} is set.", "A new release brings it to the app." if _page(app).has_code else ""
    return reply.changed(app, ("header", "config", "releases"), _url(app, "config"), title, text)


@blueprint.post("/config/<key>/remove")
def remove_config(ref: str, key: str) -> Response:
    app = _find(ref)
    config_vars.update(context.services(), context.user(), app, {key: None})
    return reply.changed(app, ("header", "config", "releases"), _url(app, "config"), f"{key} is removed.")


@blueprint.post("/domains")
def add_domain(ref: str) -> Response:
    app = _find(ref)
    name = domains.add(context.services(), context.user(), app, request.form.get("hostname", "").strip())
    text = "Point its DNS record at this server."
    return reply.changed(app, ("domains",), _url(app, "domains"), f"{name} was added.", text)


@blueprint.post("/domains/<hostname>/remove")
def remove_domain(ref: str, hostname: str) -> Response:
    app = _find(ref)
    domains.remove(context.services(), context.user(), app, hostname)
    return reply.changed(app, ("domains",), _url(app, "domains"), f"{hostname} was removed.")


@blueprint.get("/builds/<build_id>")
def show_build(ref: str, build_id: str) -> Response:
    """A build and all of its log."""
    services, app = context.services(), _find(ref)
    build = builds.get(services, context.user(), app, build_id)
    log = markup.build_lines(services.build_logs.read(build.id))
    return make_response(render_template("build.html", app=app, build=_page(app).build_row(build), log=log))


@blueprint.post("/builds/<build_id>/cancel")
def cancel_build(ref: str, build_id: str) -> Response:
    app = _find(ref)
    builds.cancel(context.services(), context.user(), app, build_id)
    return reply.changed(app, ("header", "build"), _url(app, "build"), "The build is being stopped.")


@blueprint.get("/delete")
def ask_delete(ref: str) -> Response:
    return reply.dialog("ask/delete.html", app=_find(ref), error="")


@blueprint.post("/delete")
def delete(ref: str) -> Response:
    """Only for who typed the app's name."""
    app = _find(ref)
    if request.form.get("name", "").strip() != app.name:
        error = reply.sentence(Invalid("name", request.form.get("name", "").strip(), f"is not {app.name}"))
        return reply.dialog("ask/delete.html", 422, app=app, error=error)
    apps.destroy(context.services(), context.user(), app)
    return reply.gone_to(url_for("apps.show_list"), f"{app.name} was deleted.")


def _find(ref: str) -> App:
    return apps.find(context.services(), context.user(), ref)


def _revealed(app: App) -> dict[str, str]:
    """The config var whose value a browser without the page's script asked for."""
    asked = request.args.get("reveal")
    return {k: v for k, v in context.services().store.configs.get(app.id).items() if k == asked} if asked else {}


def _page(app: App) -> AppPage:
    return AppPage(context.services(), app, https=request.is_secure)


def _url(app: App, part: str) -> str:
    return url_for("app.show", ref=app.name, _anchor=part)
