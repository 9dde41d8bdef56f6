"""login, logout, whoami."""

from __future__ import annotations

import sys

import click
import requests

from paas import config
from paas.entrypoints.cli import client, credentials, output
from paas.entrypoints.cli.client import Api, api
from paas.entrypoints.cli.credentials import Credentials


@click.command()
@click.argument("url", required=False)
@click.option("--email", help="your e-mail address; asked for without it")
@click.option("--token", help="an API token, instead of e-mail address and password")
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    help="the CA that HTTPS there is signed by",
)
def login(url: str | None, email: str | None, token: str | None, ca_file: str | None) -> None:
    """Log in to the platform whose API is at URL, such as https://api.example.com.

    Without URL: PAAS_URL, the last login's, or this server's own. The password is asked for, or read from standard input.
    """
    address, trusted = _address(url), ca_file or config.client().get("PAAS_CA_FILE", "") or _own_ca(url)
    if token is None:
        email = email or click.prompt("E-mail")
        password = (
            click.prompt("Password", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        )
        token = _token_for(address, email, password, trusted)
    account = Api(Credentials(address, token, ca_file=trusted)).get("/account")
    credentials.keep(Credentials(address, token, account["email"], trusted))
    click.echo(f"Logged in to {address} as {account['email']}")


@click.command()
def logout() -> None:
    """Forget the login of this computer."""
    rows = credentials.stored()
    if not rows:
        click.echo("You were not logged in.")
        return
    credentials.forget(rows[0].url)
    click.echo(f"Logged out of {rows[0].url}")


@click.command()
@output.json_option
def whoami(as_json: bool) -> None:
    """Who is logged in, and where."""
    account = api().get("/account")
    if as_json:
        output.print_json({"email": account["email"], "api": api().login.url})
    else:
        click.echo(f"{account['email']} at {api().login.url}")


def _address(url: str | None) -> str:
    if url is None:
        last = credentials.stored()
        settings = client.server_settings()
        own = settings.url("api") if settings else None
        url = config.client().get("PAAS_URL") or (last[0].url if last else own)
    if url is None:
        raise click.UsageError("Say where the platform's API is: paas login https://api.example.com")
    return (url if "://" in url else f"https://{url}").rstrip("/")


def _own_ca(url: str | None) -> str:
    settings = client.server_settings() if url is None or "localhost" in url else None
    return str(settings.ca_file) if settings else ""


def _token_for(url: str, email: str, password: str, ca_file: str) -> str:
    try:
        answer = client.session(url, ca_file).post(
            f"{url}/oauth/authorizations", auth=(email, password), json={"description": "paas login"}, timeout=60
        )
    except requests.exceptions.RequestException as exc:
        client.unreachable(url, exc)
    if not answer.ok:
        raise click.ClickException(client.message_of(answer))
    return str(answer.json()["access_token"]["token"])
