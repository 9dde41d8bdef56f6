"""token: API tokens, made on the server by root."""

from __future__ import annotations

import click

from paas.bootstrap import Services
from paas.domain.user import User
from paas.entrypoints.cli import output
from paas.entrypoints.cli.server import admin, connect
from paas.pipeline import users

user_option = click.option("--user", "email", metavar="EMAIL", help="whose; without it the first administrator's")


@click.group()
def token() -> None:
    """Create, list and revoke API tokens. A token is also the password for git."""


@token.command()
@user_option
@click.option("--description", default="", help="what it is for")
@output.json_option
def create(email: str | None, description: str, as_json: bool) -> None:
    """Create a token. It is shown this once; its last word is the token."""
    services = connect()
    made, secret = users.create_token(services, _user(services, email), description)
    if as_json:
        output.print_json({"id": made.id, "token": secret})
    else:
        click.echo(f"New token {made.id}, shown only now: {secret}")


@token.command("list")
@user_option
@output.json_option
def list_(email: str | None, as_json: bool) -> None:
    """List a user's tokens, without the secrets."""
    services = connect()
    found = services.store.tokens.list(_user(services, email).id)
    rows = [
        (t.id, t.description, t.created_at.isoformat(), t.last_used_at.isoformat() if t.last_used_at else "")
        for t in found
    ]
    if as_json:
        output.print_json(
            [dict(zip(("id", "description", "created_at", "last_used_at"), row, strict=True)) for row in rows]
        )
    else:
        output.print_table(("Token", "Description", "Created", "Last used"), rows)


@token.command()
@user_option
@click.argument("token_id", metavar="TOKEN")
def revoke(email: str | None, token_id: str) -> None:
    """Revoke TOKEN (its id, see `paas token list`). It is refused from the next request on."""
    services = connect()
    users.revoke_token(services, _user(services, email), token_id)
    click.echo(f"Revoked {token_id}")


def _user(services: Services, email: str | None) -> User:
    return services.store.users.get(email) if email else admin(services)
