"""The REST API, as the commands use it: who calls, where to, and errors in words."""

from __future__ import annotations

from functools import cache
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click
import requests

from paas import config
from paas.config import Settings
from paas.entrypoints.cli import credentials
from paas.entrypoints.cli.credentials import Credentials
from paas.entrypoints.operator.info import operator_token_file

_ACCEPT = "application/vnd.heroku+json; version=3"
_CONNECT, _ANSWER = 10, 60  # seconds; streams may be silent for longer than any answer, see `stream`
_SILENCE = 3600


class Api:
    """One login's view of the API. Everything that goes wrong ends as a `click.ClickException` that says what to do."""

    def __init__(self, login: Credentials) -> None:
        self.login = login
        self._http = session(login.url, login.ca_file)
        self._http.headers.update({"Accept": _ACCEPT, "Authorization": f"Bearer {login.token}"})

    def get(self, path: str) -> Any:
        return self._call("GET", path).json()

    def list(self, path: str, order: str = "") -> list[Any]:
        """All pages, or those that `order` (a Range header) asks for."""
        items: list[Any] = []
        wanted = order
        while True:
            answer = self._call("GET", path, headers={"Range": wanted} if wanted else {})
            items += answer.json()
            wanted = answer.headers.get("Next-Range", "")
            if not wanted or order:
                return items

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("POST", path, json=body).json()

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("PATCH", path, json=body).json()

    def delete(self, path: str) -> None:
        self._call("DELETE", path)

    def stream(self, url: str, headers: dict[str, str] | None = None) -> requests.Response:
        """The answer of a URL that carries its own secret, to be read as it comes."""
        return self._call(
            "GET", url, headers={"Authorization": None, **(headers or {})}, stream=True, timeout=(_CONNECT, _SILENCE)
        )

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if "://" in path else self.login.url + path
        options.setdefault("timeout", (_CONNECT, _ANSWER))
        try:
            answer = self._http.request(method, url, **options)
        except requests.exceptions.SSLError as exc:
            raise click.ClickException(
                f"The certificate of {self.login.url} is not trusted here. Copy the platform's CA file from the server "
                "(`paas info` names it) and log in again with --ca-file."
            ) from exc
        except requests.exceptions.RequestException as exc:
            unreachable(self.login.url, exc)
        for warning in answer.headers.get("X-Heroku-Warning", "").splitlines():
            click.echo(f"Warning: {warning}", err=True)
        if not answer.ok:
            raise click.ClickException(message_of(answer))
        return answer


def session(url: str, ca_file: str) -> requests.Session:
    """Connections to that API, checked with `ca_file` (empty: the system's authorities)."""
    made = requests.Session()
    made.verify = ca_file or True
    if is_local(url):
        made.trust_env = False  # no proxy for this machine
    return made


def unreachable(url: str, error: Exception) -> NoReturn:
    """No answer at all: say from where, and what to look at."""
    raise click.ClickException(
        f"{url} does not answer ({type(error).__name__}). Check the address and your network; on the server, "
        "`paas doctor` looks at every part."
    ) from error


@cache
def api() -> Api:
    """The API for this call: PAAS_URL and PAAS_TOKEN, or the login, or on the server root's own token."""
    return Api(_login())


def server_settings() -> Settings | None:
    """The instance on this machine that PAAS_NAME or the default names, if there is one that we may read."""
    settings = config.load()
    try:
        return settings if operator_token_file(settings).exists() else None
    except PermissionError:
        return None


def _login() -> Credentials:
    told = config.client()
    url, token = told.get("PAAS_URL", "").rstrip("/"), told.get("PAAS_TOKEN", "")
    names_instance = "PAAS_NAME" in told or "PAAS_DATA_DIR" in told
    if token and url:
        return Credentials(url, token, ca_file=told.get("PAAS_CA_FILE", ""))
    logins = [] if names_instance else [row for row in credentials.stored() if not url or row.url == url]
    if logins:
        return Credentials(logins[0].url, token or logins[0].token, logins[0].email, logins[0].ca_file)
    if not url and (settings := server_settings()):
        # By address, so that it works before the domain's DNS does. The bare address answers API requests, too.
        return Credentials(f"http://127.0.0.1:{settings.http_port}", operator_token_file(settings).read_text().strip())
    raise click.ClickException(
        f"You are not logged in{' to ' + url if url else ''}. Run: paas login {url or 'https://api.YOUR-PLATFORM'}"
    )


def is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost")


def message_of(answer: requests.Response) -> str:
    try:
        body = answer.json()
        text = body["message"] if isinstance(body, dict) else ""
    except (ValueError, KeyError):
        text = ""
    return (
        text or f"The platform answered {answer.status_code} {answer.reason} without saying why; try again in a moment."
    )
