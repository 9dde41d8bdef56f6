"""Style sheets and scripts: found once, named by their content, so that a browser may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Response, request

WEB = Path(__file__).resolve().parents[3] / "web"
# Vendors' scripts are installed by `bin/up`. Without them every page still works, by forms and links.
VENDOR_SCRIPTS = ("htmx.org/dist/htmx.min.js", "idiomorph/dist/idiomorph.min.js", "htmx-ext-sse/dist/sse.min.js")
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent. `packed` is the same, gzipped."""

    url: str
    type: str
    body: bytes
    packed: bytes


class Assets:
    """All files of `web/static` and the vendors' scripts that are installed; about 100 KB, held in memory."""

    def __init__(self, web: Path = WEB) -> None:
        static = sorted(path for path in (web / "static").iterdir() if path.is_file())
        vendor = [web / "vendor" / name for name in VENDOR_SCRIPTS]
        loaded = {path.name: _load(path) for path in [*static, *vendor] if path.exists()}
        self._by_name = loaded
        self._by_url = {asset.url: asset for asset in loaded.values()}
        own = [loaded["console.js"].url, loaded["live.js"].url]
        self.scripts = tuple(
            [*(loaded[path.name].url for path in vendor), *own] if all(p.exists() for p in vendor) else ()
        )

    def url(self, name: str) -> str:
        """`/static/1a2b3c4d5e6f/base.css`."""
        return self._by_name[name].url

    def respond(self) -> Response:
        """The answer to the request for an asset; 404 for a name or a content that we don't have."""
        asset = self._by_url.get(request.path)
        if asset is None:
            return Response("Not found.\n", status=404, mimetype="text/plain")
        packed = request.accept_encodings["gzip"] > 0
        response = Response(asset.packed if packed else asset.body, mimetype=asset.type)
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = _FOR_EVER
        return response


def _load(path: Path) -> Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:12]
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(f"/static/{digest}/{path.name}", kind, body, gzip.compress(body, 9, mtime=0))
