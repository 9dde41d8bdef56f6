"""info, settings: where this server's instance is, and how it is set."""

from __future__ import annotations

from dataclasses import asdict

import click

from paas import config
from paas.entrypoints.cli import output
from paas.entrypoints.operator.info import describe, require_installed


@click.command()
@click.option("-a", "--app", metavar="APP", help="this app's details, not the server's")
@output.json_option
def info(app: str | None, as_json: bool) -> None:
    """Show this server's addresses and files; with -a the details of an app."""
    if app:
        from paas.entrypoints.cli import apps

        apps.show(app, as_json)
        return
    instance = config.load()
    require_installed(instance)
    described = describe(instance)
    if as_json:
        output.print_json(described)
    else:
        output.print_table(("", ""), [(name, str(value)) for name, value in described.items()])


@click.command()
@click.option("--markdown", is_flag=True, help="print the table as the README has it, without this server's values")
@output.json_option
def settings(markdown: bool, as_json: bool) -> None:
    """List all settings: the variable, the value here, the default, and what it is."""
    if markdown:
        click.echo(markdown_table())
        return
    values = {f"PAAS_{name.upper()}": value for name, value in asdict(config.load()).items()}
    if as_json:
        output.print_json(
            {name: value if isinstance(value, int | float) else str(value) for name, value in values.items()}
        )
    else:
        rows = [(name, str(values[name]), default, why) for name, default, why in config.table()]
        output.print_table(("Variable", "Here", "Default", "What"), rows)


def markdown_table() -> str:
    """The README's table of settings."""
    rows = [f"| `{name}` | {f'`{default}`' if default else ''} | {why} |" for name, default, why in config.table()]
    return "\n".join(("| variable | default | what |", "|---|---|---|", *rows))
