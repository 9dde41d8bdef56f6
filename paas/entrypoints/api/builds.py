"""Builds: list, info, create from a tarball's URL, cancel."""

from __future__ import annotations

from flask import Blueprint, Response

from paas.domain.app import App
from paas.domain.build import Build
from paas.entrypoints.api import body, listing, serialize, streams
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, find_app, find_user, services
from paas.errors import Invalid
from paas.pipeline import builds, fetch

bp = Blueprint("builds", __name__)

MAX_LISTED = 1000


@bp.get("/apps/<ref>/builds")
def index(ref: str) -> Response:
    """By time; the newest ones if there are very many."""
    app = find_app(ref)
    attributes = {"started_at": lambda b: f"{b.created_at.isoformat()} {b.id}", "id": lambda b: b.id}
    return listing.piece(services().store.builds.list(app.id, MAX_LISTED), attributes, lambda b: _shown(app, b))


@bp.post("/apps/<ref>/builds")
def create(ref: str) -> Response:
    """`{"source_blob": {"url", "version"?}}`: a tar.gz archive that a worker can fetch."""
    app = find_app(ref)
    given = body.read()
    blob = body.table(given, "source_blob")
    if blob.get("checksum"):
        raise Invalid("source_blob.checksum", str(blob["checksum"]), "is not checked here; leave it out")
    version = body.text(blob, "version") or ""
    build = builds.from_url(services(), caller(), app, body.required_text(blob, "url"), version)
    return answer(_shown(app, build), 201)


@bp.get("/apps/<ref>/builds/<build_id>")
def show(ref: str, build_id: str) -> Response:
    app = find_app(ref)
    return answer(_shown(app, builds.get(services(), caller(), app, build_id)))


@bp.delete("/apps/<ref>/builds/<build_id>")
def cancel(ref: str, build_id: str) -> Response:
    app = find_app(ref)
    return answer(_shown(app, builds.cancel(services(), caller(), app, build_id)))


def _shown(app: App, build: Build) -> serialize.Json:
    return serialize.build(
        app,
        build,
        find_user(build.user_id),
        source_url=fetch.shown(build.source_url),
        output_stream_url=streams.build_url(build),
    )
