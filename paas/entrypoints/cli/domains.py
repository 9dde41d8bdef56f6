"""domains: list, add, remove."""

from __future__ import annotations

import click

from paas.entrypoints.cli import app_option, output
from paas.entrypoints.cli.client import api


@click.group(invoke_without_command=True)
@app_option.app_option
@output.json_option
@click.pass_context
def domains(ctx: click.Context, app: str, as_json: bool) -> None:
    """List the app's host names; `domains add` and `domains remove` change them."""
    if ctx.invoked_subcommand:
        return
    found = api().list(f"/apps/{app or app_option.chosen(ctx)}/domains")
    if as_json:
        output.print_json(found)
    else:
        output.print_table(("Host name", "DNS target"), [(d["hostname"], d["cname"] or "") for d in found])


@domains.command()
@app_option.app_option
@click.argument("hostname")
def add(app: str, hostname: str) -> None:
    """Let the app answer on HOSTNAME, once your DNS points it here."""
    made = api().post(f"/apps/{app}/domains", {"hostname": hostname})
    click.echo(f"Added {made['hostname']} to {app}. Point it here with a CNAME record to {made['cname']}")


@domains.command()
@app_option.app_option
@click.argument("hostname")
def remove(app: str, hostname: str) -> None:
    """Let the app answer on HOSTNAME no longer."""
    api().delete(f"/apps/{app}/domains/{hostname}")
    click.echo(f"Removed {hostname} from {app}")
