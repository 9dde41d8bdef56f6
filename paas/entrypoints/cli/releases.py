"""releases, rollback."""

from __future__ import annotations

import time
from typing import Any

import click

from paas.entrypoints.cli import output
from paas.entrypoints.cli.app_option import app_option
from paas.entrypoints.cli.client import api

_NEWEST = "version ..; order=desc,max={}"
_PATIENCE = 3600 + 120  # a release command may take an hour
_STEP = 0.3


@click.command()
@app_option
@click.option("-n", "--number", default=15, show_default=True, help="how many")
@output.json_option
def releases(app: str, number: int, as_json: bool) -> None:
    """List the newest releases."""
    found = api().list(f"/apps/{app}/releases", _NEWEST.format(number))
    if as_json:
        output.print_json(found)
        return
    rows = [(f"v{r['version']}", _described(r), r["user"]["email"], output.moment(r["created_at"])) for r in found]
    current = next((f" - Current: v{r['version']}" for r in found if r["current"]), "")
    click.echo(f"=== {app} Releases{current}\n")
    output.print_table(("", "", "", ""), rows)


@click.command()
@app_option
@click.argument("version", required=False)
def rollback(app: str, version: str | None) -> None:
    """Go back to the code and config vars of release VERSION (v12), or of the one before the current. Waits until it is live."""
    wanted = version or f"v{_before_current(app)}"
    made = api().post(f"/apps/{app}/releases", {"release": wanted})
    click.echo(f"Rolling back {app} to {wanted} as v{made['version']}... ", nl=False)
    deadline = time.monotonic() + _PATIENCE
    while made["status"] == "pending":
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"v{made['version']} is still pending; `paas releases -a {app}` shows how it ends."
            )
        time.sleep(_STEP)
        made = api().get(f"/apps/{app}/releases/{made['version']}")
    click.echo(made["status"])
    if made["status"] == "failed":
        raise click.ClickException(
            f"What ran before goes on running; `paas logs -a {app}` tells why v{made['version']} failed."
        )


def _before_current(app: str) -> int:
    found = api().list(f"/apps/{app}/releases", _NEWEST.format(50))
    usable = [int(r["version"]) for r in found if r["eligible_for_rollback"]]
    if len(usable) < 2:
        raise click.ClickException(f"{app} has no older release to go back to.")
    return usable[1]


def _described(release: dict[str, Any]) -> str:
    return str(release["description"]) + ("" if release["status"] == "succeeded" else f" ({release['status']})")
