"""How a view answers a change: parts of the page for the page's script, a redirect for a browser on its own."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from paas.domain.app import App
from paas.entrypoints import messages
from paas.entrypoints.console import context, fragments
from paas.errors import PaasError


def changed(app: App, names: tuple[str, ...], url: str, title: str, text: str = "") -> BaseResponse:
    """After a change to an app: the named fragments and a toast (if titled), or `url` with the toast in it."""
    if not context.by_htmx():
        flash_toast(title, text)
        return redirect(url, 303)
    html = fragments.changed(context.services(), app, names, https=request.is_secure)
    response = make_response(html + (fragments.toast(title, text) if title else ""))
    # The form that was sent may have stood in the dialog, whose content the answer would replace.
    response.headers["HX-Reswap"] = "none"
    response.headers["HX-Trigger"] = "console:done"
    return response


def gone_to(url: str, title: str = "", text: str = "") -> BaseResponse:
    """After a change that leads to another page."""
    if title:
        flash_toast(title, text)
    if context.by_htmx():
        return Response(headers={"HX-Redirect": url})
    return redirect(url, 303)


def dialog(template: str, status: int = 200, **values: object) -> BaseResponse:
    """A question: inside the page's dialog, or a page of its own."""
    frame = "dialog.html" if context.by_htmx() else "dialog_page.html"
    return make_response(render_template(template, frame=frame, **values), status)


def failed(error: Exception) -> BaseResponse:
    """An error as a toast over the page, or as a page of its own."""
    message = messages.explain(error)
    text = " ".join(part for part in (message.why, message.todo) if part)
    if not context.by_htmx():
        return make_response(render_template("error.html", message=message), message.status)
    response = make_response(fragments.toast(message.title, text, bad=True), message.status)
    response.headers["HX-Reswap"] = "none"
    return response


def sentence(error: PaasError) -> str:
    """An error in one paragraph, to stand beside a field."""
    message = messages.explain(error)
    return " ".join(part for part in (message.title, message.why) if part)


def flash_toast(title: str, text: str = "") -> None:
    """A toast for the page that is loaded next; `base.html` takes the category as its title."""
    flash(text, title)
