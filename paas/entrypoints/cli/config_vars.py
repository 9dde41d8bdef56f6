"""config: list, get, set, unset."""

from __future__ import annotations

import shlex

import click

from paas.entrypoints.cli import app_option, output
from paas.entrypoints.cli.client import api


@click.group(invoke_without_command=True)
@app_option.app_option
@click.option("-s", "--shell", is_flag=True, help="print KEY=value lines as a shell reads them")
@output.json_option
@click.pass_context
def config(ctx: click.Context, app: str, shell: bool, as_json: bool) -> None:
    """List the app's config vars; `config set`, `config get` and `config unset` work on single ones."""
    if ctx.invoked_subcommand:
        return
    name = app or app_option.chosen(ctx)
    found: dict[str, str] = api().get(f"/apps/{name}/config-vars")
    if as_json:
        output.print_json(found)
    elif shell:
        for key, value in sorted(found.items()):
            click.echo(f"{key}={shlex.quote(value)}")
    else:
        click.echo(f"=== {name} Config Vars")
        output.print_table(("", ""), [(f"{key}:", value) for key, value in sorted(found.items())])


@config.command()
@app_option.app_option
@click.argument("key")
def get(app: str, key: str) -> None:
    """Print the value of KEY and nothing else; exit with 1 if it isn't set."""
    found: dict[str, str] = api().get(f"/apps/{app}/config-vars")
    if key not in found:
        raise click.ClickException(f"{key} is not set on {app}.")
    click.echo(found[key])


@config.command("set")
@app_option.app_option
@click.argument("assignments", nargs=-1, required=True, metavar="KEY=VALUE...")
def set_(app: str, assignments: tuple[str, ...]) -> None:
    """Set config vars; makes a release and restarts the app."""
    changes: dict[str, str | None] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{assignment!r} must look like KEY=value")
        changes[key] = value
    _change(app, changes, "Setting")


@config.command()
@app_option.app_option
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def unset(app: str, keys: tuple[str, ...]) -> None:
    """Unset config vars; makes a release and restarts the app."""
    _change(app, dict.fromkeys(keys), "Unsetting")


def _change(app: str, changes: dict[str, str | None], verb: str) -> None:
    api().patch(f"/apps/{app}/config-vars", changes)
    newest = api().list(f"/apps/{app}/releases", "version ..; order=desc,max=1")[0]
    click.echo(f"{verb} {', '.join(changes)} and restarting {app}... done, v{newest['version']}")
