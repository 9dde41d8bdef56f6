"""What protects the pages: headers on every answer, and no change without the session's token from our own pages."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import request, session
from werkzeug.wrappers import Response

from paas.errors import Malformed

# No inline script or style, nothing from elsewhere, no frames: an app's name, log line or config key that slipped through
# unescaped could still not run. `data:` is for the small pictures inside style sheets.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
MAX_BODY = 256 * 1024  # bytes; the largest form is one with 32 KiB of config, each byte up to three characters in a URL

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def require_own_form() -> None:
    """Runs before every view: a POST carries the session's token and comes from a page of ours. Raises `Malformed`.

    The cookie's SameSite alone protects from other sites, but apps live under the same domain as the console.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Malformed("the request comes from another site's page", 403)
    known = session.get("csrf")
    if not known or not hmac.compare_digest(str(known).encode(), request.form.get("csrf", "").encode()):
        raise Malformed(
            "this page was open for too long, or its cookie was lost; load it again and repeat the last step", 403
        )


def add_headers(response: Response) -> Response:
    """Runs after every view. What has data in it is kept nowhere."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
