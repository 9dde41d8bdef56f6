"""The error pages: what people see when no app answers. Raw HTTP responses, which HAProxy loads at start.

Codes are Heroku's (article *Heroku Error Codes*); every page names its code in the header `X-Paas-Error` too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from string import Template

_TEMPLATE = Path(__file__).resolve().parents[3] / "web" / "errors" / "page.html"


@dataclass(frozen=True)
class Page:
    """`what` is for the visitor, `owner` for the one who can mend it. Both are HTML."""

    code: str
    status: HTTPStatus
    title: str
    what: str
    owner: str


PAGES = (
    Page(
        "404", HTTPStatus.NOT_FOUND, "There is no app here",
        "No app answers to this address. Please check the spelling.",
        "Is it your app? An app answers on its own name, and on each domain that was added to it. "
        "<code>paas apps</code> lists your apps, <code>paas domains</code> an app's domains.",
    ),
    Page(
        "H14", HTTPStatus.SERVICE_UNAVAILABLE, "This app is not running",
        "Nothing is started that could answer. Please come back later.",
        "Is it your app? Nothing was deployed yet, or it is scaled to zero web processes. "
        "Push some code, or start one with <code>paas scale web=1</code>.",
    ),
    Page(
        "H10", HTTPStatus.SERVICE_UNAVAILABLE, "This app has crashed",
        "Its processes stopped by themselves. They are being started again; please try again in a minute.",
        "Is it your app? <code>paas logs</code> shows why, and <code>paas ps</code> when the next start is. "
        "<code>paas rollback</code> brings back the release before.",
    ),
    Page(
        "H80", HTTPStatus.SERVICE_UNAVAILABLE, "Down for maintenance",
        "This app is being worked on and will be back soon.",
        "Is it your app? <code>paas maintenance off</code> ends the maintenance.",
    ),
    Page(
        "H12", HTTPStatus.SERVICE_UNAVAILABLE, "This app took too long to answer",
        "The request was given up. Please try again in a moment.",
        "Is it your app? <code>paas logs</code> shows which request it was. Long work belongs into a worker process.",
    ),
    Page(
        "H13", HTTPStatus.SERVICE_UNAVAILABLE, "This app gave no proper answer",
        "It closed the connection before it had answered, or the answer was not valid HTTP. Please try again in a moment.",
        "Is it your app? <code>paas logs</code> shows whether the process crashed while it worked on the request.",
    ),
    Page(
        "H21", HTTPStatus.SERVICE_UNAVAILABLE, "This app can't be reached",
        "It runs, but it does not accept connections. Please try again in a moment.",
        "Is it your app? It must listen on <code>0.0.0.0</code> and the port in the variable <code>PORT</code>, "
        "and accept connections as fast as they come. <code>paas logs</code> shows what it is doing.",
    ),
    Page(
        "H99", HTTPStatus.SERVICE_UNAVAILABLE, "The platform is not answering",
        "Apps go on running. Please try again in a moment.",
        "Do you run this platform? <code>paas doctor</code> on the server shows which part is down and why.",
    ),
    Page(
        "400", HTTPStatus.BAD_REQUEST, "The request can't be understood",
        "What your browser or program sent is not valid HTTP, or its headers are too large.",
        "Deleting this site's cookies helps when they have grown too large.",
    ),
    Page(
        "500", HTTPStatus.INTERNAL_SERVER_ERROR, "The router failed",
        "Something went wrong on our side. Please try again in a moment.",
        "Do you run this platform? The router's own log says more.",
    ),
)  # fmt: skip


def responses() -> dict[str, bytes]:
    """File name → the whole HTTP response."""
    template = Template(_TEMPLATE.read_text())
    files = {f"{p.code}.http": _response(p, "text/html; charset=utf-8", template.substitute(vars(p))) for p in PAGES}
    # Clients of the API read `id` and `message` (HEROKU.md section 2).
    down = next(p for p in PAGES if p.code == "H99")
    answer = {"id": "platform_unavailable", "message": f"{down.title}. {down.what}"}
    files["H99-json.http"] = _response(down, "application/json", json.dumps(answer) + "\n")
    return files


def _response(page: Page, content_type: str, body: str) -> bytes:
    payload = body.encode()
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\n"
        f"Content-Type: {content_type}\r\n"
        f"Content-Length: {len(payload)}\r\n"
        "Cache-Control: no-store\r\n"
        f"X-Paas-Error: {page.code}\r\n"
        "\r\n"
    )
    return head.encode() + payload
