"""users: who may log in, kept on the server by root."""

from __future__ import annotations

import click

from paas.entrypoints.cli import output
from paas.entrypoints.cli.server import admin, connect
from paas.pipeline import users as door


@click.group()
def users() -> None:
    """Add, list and remove users, and reset their passwords."""


@users.command()
@click.argument("email")
@click.option("--admin", "is_admin", is_flag=True, help="may see all apps and manage users")
@output.json_option
def add(email: str, is_admin: bool, as_json: bool) -> None:
    """Add a user with a one-time password, which is shown this once."""
    services = connect()
    added, password = door.create(services, admin(services), email, is_admin=is_admin)
    _tell(added.email, password, as_json)


@users.command("list")
@output.json_option
def list_(as_json: bool) -> None:
    """List all users."""
    found = connect().store.users.list()
    if as_json:
        output.print_json([{"id": u.id, "email": u.email, "admin": u.is_admin} for u in found])
    else:
        output.print_table(("E-mail", "Role"), [(u.email, "admin" if u.is_admin else "developer") for u in found])


@users.command()
@click.argument("email")
def remove(email: str) -> None:
    """Remove a user. Apps have to be destroyed first; the last administrator stays."""
    services = connect()
    door.remove(services, admin(services), services.store.users.get(email))
    click.echo(f"Removed {email}")


@users.command("reset-password")
@click.argument("email", required=False)
@output.json_option
def reset_password(email: str | None, as_json: bool) -> None:
    """Give a user, or without EMAIL the first administrator, a new one-time password, which is shown this once."""
    services = connect()
    user = services.store.users.get(email) if email else admin(services)
    _tell(user.email, door.reset_password(services, user), as_json)


def _tell(email: str, password: str, as_json: bool) -> None:
    if as_json:
        output.print_json({"email": email, "password": password})
    else:
        click.echo(f"One-time password of {email}, shown only now: {password}")
