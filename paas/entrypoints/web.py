"""The web process: API, console and git are three host names and three Flask apps, told apart here.

Bare domain, `localhost` and addresses answer git and API requests too (Heroku's clients need one host for both), and send
browsers to the console. Gunicorn calls `create_app()`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from paas import bootstrap, config
from paas.bootstrap import Services
from paas.entrypoints.api import create_api
from paas.entrypoints.console import create_console
from paas.entrypoints.git_http import create_git

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_GIT_PATH = re.compile(r"/(?:[^/]+\.git|internal)/")


def create_app(services: Services | None = None) -> Application:
    """The WSGI application of the instance that the environment names."""
    services = services or bootstrap.connect(config.load())
    return Dispatcher(services, create_api(services), create_console(services), create_git(services))


class Dispatcher:
    """Host and path → application."""

    def __init__(self, services: Services, api: Application, console: Application, git: Application) -> None:
        self._settings = services.settings
        self._api, self._console, self._git = api, console, git

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        # The router is the only client of the unix socket, and it sets these itself whatever the client sent.
        environ["wsgi.url_scheme"] = environ.get("HTTP_X_FORWARDED_PROTO", environ["wsgi.url_scheme"])
        host = environ.get("HTTP_HOST", "").rsplit(":", 1)[0].lower()
        if _GIT_PATH.match(environ.get("PATH_INFO", "")):
            return self._git(environ, start_response)
        if host == f"console.{self._settings.domain}":
            return self._console(environ, start_response)
        if host == f"git.{self._settings.domain}":
            return self._git(environ, start_response)
        if host != f"api.{self._settings.domain}" and self._is_browser(environ):
            console = self._settings.url("console", https=environ["wsgi.url_scheme"] == "https")
            start_response("302 Found", [("Location", console + "/"), ("Content-Length", "0")])
            return []
        return self._api(environ, start_response)

    @staticmethod
    def _is_browser(environ: Environ) -> bool:
        return environ.get("PATH_INFO") == "/" and "text/html" in environ.get("HTTP_ACCEPT", "")
