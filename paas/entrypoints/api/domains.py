"""Domains: the app's own host name by its name, and those that were added. Each by host name or id."""

from __future__ import annotations

from flask import Blueprint, Response

from paas.domain.app import App
from paas.entrypoints.api import body, listing, serialize
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, find_app, services
from paas.errors import Forbidden, NotFound
from paas.pipeline import domains

bp = Blueprint("domains", __name__)


@bp.get("/apps/<ref>/domains")
def index(ref: str) -> Response:
    # heroku3 orders by "domain", everybody else by "id" or "hostname".
    attributes = {
        "hostname": lambda d: d["hostname"],
        "id": lambda d: d["id"],
        "domain": lambda d: d["hostname"],
    }
    return listing.piece(_all(find_app(ref)), attributes, lambda d: d)


@bp.post("/apps/<ref>/domains")
def create(ref: str) -> Response:
    app = find_app(ref)
    hostname = domains.add(services(), caller(), app, body.required_text(body.read(), "hostname"))
    return answer(serialize.domain(app, hostname, services().settings, is_own=False), 201)


@bp.get("/apps/<ref>/domains/<domain_ref>")
def show(ref: str, domain_ref: str) -> Response:
    return answer(_one(find_app(ref), domain_ref))


@bp.delete("/apps/<ref>/domains/<domain_ref>")
def remove(ref: str, domain_ref: str) -> Response:
    app = find_app(ref)
    domain = _one(app, domain_ref)
    if domain["kind"] == "heroku":
        raise Forbidden(f"remove {domain['hostname']}, which comes with the app's name")
    domains.remove(services(), caller(), app, domain["hostname"])
    return answer(domain)


def _all(app: App) -> list[serialize.Json]:
    settings = services().settings
    own = serialize.domain(app, f"{app.name}.{settings.domain}", settings, is_own=True)
    added = services().store.domains.list(app.id)
    return [own, *(serialize.domain(app, hostname, settings, is_own=False) for hostname in added)]


def _one(app: App, domain_ref: str) -> serialize.Json:
    for domain in _all(app):
        if domain_ref.lower() in (domain["hostname"], domain["id"]):
            return domain
    raise NotFound("domain", domain_ref[:253])
