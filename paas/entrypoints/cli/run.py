"""run: a command in a new process of the app, with this terminal."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click

from paas import config
from paas.entrypoints.cli.app_option import app_option
from paas.entrypoints.cli.client import api


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@app_option
@click.option("-d", "--detached", is_flag=True, help="don't wait; what it prints goes to the log")
@click.option(
    "-e", "--env", multiple=True, metavar="KEY=VALUE", help="a variable for this process alone; may be repeated"
)
@click.option("--no-tty", is_flag=True, help="no terminal, also where there is one")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def run(
    ctx: click.Context, app: str, detached: bool, env: tuple[str, ...], no_tty: bool, command: tuple[str, ...]
) -> None:
    """Run COMMAND with the app's code and config vars, and exit as it exits.

    One word is taken as a shell line (`paas run "rake db:migrate && env"`), or as the name of a process type.
    """
    line = command[0] if len(command) == 1 else shlex.join(command)
    has_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not no_tty
    asked: dict[str, Any] = {"command": line, "env": _variables(env, has_terminal), "attach": not detached}
    if not has_terminal:
        asked["force_no_tty"] = True
    process = api().post(f"/apps/{app}/dynos", asked)
    if detached:
        click.echo(
            f"Running {line} on {app}... done, {process['name']}\nSee it with: paas logs -a {app} -p {process['name']}"
        )
        return
    if has_terminal:
        click.echo(f"Running {line} on {app}... {process['name']}", err=True)
    from paas.entrypoints.cli.terminal import Terminal

    ctx.exit(Terminal(process["attach_url"], api().login.ca_file, raw=has_terminal).run())


def _variables(given: tuple[str, ...], has_terminal: bool) -> dict[str, str]:
    variables = {"TERM": config.client().get("TERM", "xterm")} if has_terminal else {}
    for assignment in given:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise click.UsageError(f"--env {assignment!r} must look like KEY=value")
        variables[key] = value
    return variables
