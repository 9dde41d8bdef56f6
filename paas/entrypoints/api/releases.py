"""Releases: list, info, config as of one, rollback."""

from __future__ import annotations

import re

from flask import Blueprint, Response

from paas.domain.app import App
from paas.domain.release import Release
from paas.entrypoints.api import body, listing, serialize, streams
from paas.entrypoints.api.body import answer
from paas.entrypoints.api.context import caller, find_app, find_user, services
from paas.errors import NotFound
from paas.pipeline.rollback import rollback

bp = Blueprint("releases", __name__)

_REF = re.compile(r"v?\d{1,9}|[0-9a-f-]{36}")


@bp.get("/apps/<ref>/releases")
def index(ref: str) -> Response:
    app = find_app(ref)
    attributes = {"version": lambda r: r.version, "id": lambda r: r.id}
    wanted = listing.wanted(attributes)
    # The newest few, as command lines ask for them, must not cost the reading of all.
    newest = wanted.max + 1 if wanted.attribute == "version" and wanted.descending and not wanted.start else None
    found = services().store.releases.list(app.id, descending=True, limit=newest)
    current = services().store.releases.current(app.id)
    return listing.piece(found, attributes, lambda r: _shown(app, r, current))


@bp.get("/apps/<ref>/releases/<release_ref>")
def show(ref: str, release_ref: str) -> Response:
    app = find_app(ref)
    return answer(_shown(app, _find(app, release_ref), services().store.releases.current(app.id)))


@bp.get("/apps/<ref>/releases/<release_ref>/config-vars")
def config_vars(ref: str, release_ref: str) -> Response:
    return answer(dict(_find(find_app(ref), release_ref).config))


@bp.post("/apps/<ref>/releases")
def create(ref: str) -> Response:
    """Rollback: `{"release": id or version}`. The answer is the new release, pending."""
    app = find_app(ref)
    given = body.read()
    wanted = given.get("release")
    chosen = _find(app, str(wanted) if type(wanted) is int else body.required_text(given, "release"))
    made = rollback(services(), caller(), app, chosen.id)
    return answer(_shown(app, made, services().store.releases.current(app.id)), 201)


def _find(app: App, ref: str) -> Release:
    if not _REF.fullmatch(ref):
        raise NotFound("release", ref[:80])
    return services().store.releases.get(app.id, ref)


def _shown(app: App, release: Release, current: Release) -> serialize.Json:
    runs_command = release.slug is not None and release.slug.release_command is not None
    return serialize.release(
        app,
        release,
        find_user(release.user_id),
        is_current=release.id == current.id,
        output_stream_url=streams.release_url(release) if runs_command else None,
    )
