"""Parts of pages. A page is made of them, an event brings those that changed, and the answer to a form is some of them.

Each is an element with an id and `hx-swap-oob`, by which the page's script finds what it replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flask import render_template
from markupsafe import Markup

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.user import User
from paas.entrypoints.console import markup
from paas.entrypoints.console.page import AppPage
from paas.errors import NotFound
from paas.ports.logs import LogLine

# In the order of the page. `deploy` is how to push, `settings` holds maintenance mode.
APP = ("header", "deploy", "build", "processes", "releases", "config", "domains", "settings")


def app(page: AppPage, name: str) -> Markup:
    """One fragment of an app's page."""
    return Markup(render_template(f"app/{name}.html", page=page, app=page.app))  # noqa: S704  (templates escape)


def app_list(pages: Sequence[AppPage]) -> Markup:
    """The list of apps."""
    return Markup(render_template("apps/list.html", pages=pages))  # noqa: S704


def pages_of(
    services: Services, user: User, *, https: bool, known: Mapping[str, AppPage] | None = None
) -> list[AppPage]:
    """The apps that the user may see, by name. Those in `known` (by id) are not looked at again."""
    listed = services.store.apps.list(None if user.is_admin else user.id)
    return [(known or {}).get(one.id) or AppPage(services, one, https=https) for one in listed]


def appended(target: str, html: Markup) -> Markup:
    """What is put at the end of the element with that id."""
    return Markup('<div hx-swap-oob="beforeend:#{}">{}</div>').format(target, html) if html else Markup("")


def log_tail(lines: list[LogLine]) -> Markup:
    """New lines for the log."""
    return appended("log", markup.log_lines(lines))


def build_log(build_id: str) -> Markup:
    """An empty log for a build that has just begun."""
    return Markup('<pre id="build-log" class="log build-log" hx-swap-oob="outerHTML" data-build="{}"></pre>').format(
        build_id
    )


def toast(title: str, text: str = "", *, bad: bool = False) -> Markup:
    """A message that comes up at the edge of the page."""
    return appended("toasts", Markup(render_template("toast.html", title=title, text=text, bad=bad)))  # noqa: S704


def changed(services: Services, app_: App, names: Iterable[str], *, https: bool) -> Markup:
    """The named fragments as they are now; nothing of an app that is gone."""
    try:
        page = AppPage(services, services.store.apps.get(app_.id), https=https)
        return Markup("\n").join(app(page, name) for name in names)
    except NotFound:
        return Markup("")
