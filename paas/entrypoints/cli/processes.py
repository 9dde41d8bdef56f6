"""ps, scale, restart, stop."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

import click

from paas.entrypoints.cli import output
from paas.entrypoints.cli.app_option import app_option
from paas.entrypoints.cli.client import api

_CHANGE = re.compile(r"([A-Za-z0-9_-]+?)(=?)([+-]?\d+)")


@click.command()
@app_option
@output.json_option
def ps(app: str, as_json: bool) -> None:
    """List processes and their states."""
    found = api().list(f"/apps/{app}/dynos")
    if as_json:
        output.print_json(found)
        return
    if not found:
        click.echo(f"No processes of {app} run. Deploy with git push, or scale: paas scale web=1")
    for (kind, command), group in groupby(sorted(found, key=_order), key=lambda d: (d["type"], d["command"])):
        processes = list(group)
        title = "run: one-off processes" if kind == "run" else f"{kind} ({processes[0]['size']}): {command}"
        click.echo(f"=== {title} ({len(processes)})\n")
        for process in processes:
            what = f": {command}" if kind == "run" else ""
            click.echo(f"{process['name']}: {process['state']} {output.moment(process['updated_at'])}{what}")
        click.echo()


@click.command(context_settings={"ignore_unknown_options": True})
@app_option
@click.argument("changes", nargs=-1, metavar="[TYPE=N]...")
@output.json_option
def scale(app: str, changes: tuple[str, ...], as_json: bool) -> None:
    """Say how many processes of each type run: web=3, web+1, worker-1. Without any, show how many do."""
    if changes:
        formation = api().patch(f"/apps/{app}/formation", {"updates": [_update(change) for change in changes]})
    else:
        formation = api().list(f"/apps/{app}/formation")
    if as_json:
        output.print_json(formation)
        return
    now = {f["type"]: f["quantity"] for f in formation}
    if changes:
        named = [_update(change)["type"] for change in changes]
        click.echo(f"Scaling {app}... done, now running {', '.join(f'{name} at {now.get(name, 0)}' for name in named)}")
    else:
        click.echo(" ".join(f"{name}={quantity}" for name, quantity in now.items()) or "Nothing is deployed yet.")


@click.command()
@app_option
@click.argument("process", required=False)
def restart(app: str, process: str | None) -> None:
    """Restart everything, or PROCESS: a type (web) or one (web.1). New ones start before old ones stop."""
    api().delete(f"/apps/{app}/dynos/{process}" if process else f"/apps/{app}/dynos")
    click.echo(f"Restarting {process or 'all processes'} of {app}... done")


@click.command()
@app_option
@click.argument("process")
def stop(app: str, process: str) -> None:
    """Stop PROCESS, a one-off one (run.4821). Those of the formation start again: scale them down instead."""
    api().post(f"/apps/{app}/dynos/{process}/actions/stop", {})
    click.echo(f"Stopping {process} of {app}... done")


def _order(dyno: dict[str, Any]) -> tuple[bool, bool, str, str, int]:
    """web first, one-offs last."""
    number = dyno["name"].rpartition(".")[2]
    return dyno["type"] == "run", dyno["type"] != "web", dyno["type"], dyno["command"], int(number)


def _update(change: str) -> dict[str, str]:
    match = _CHANGE.fullmatch(change)
    if match is None or (match[2] and match[3][0] in "+-") or (not match[2] and match[3][0] not in "+-"):
        raise click.UsageError(f"{change!r} must look like web=3, web+1 or worker-1")
    return {"type": match[1], "quantity": match[3]}
