"""apps, create, rename, destroy, open, maintenance."""

from __future__ import annotations

from typing import Any

import click

from paas.entrypoints.cli import git, output
from paas.entrypoints.cli.app_option import app_option
from paas.entrypoints.cli.client import api


@click.command("apps")
@output.json_option
def index(as_json: bool) -> None:
    """List your apps (an admin's list is everybody's)."""
    found = api().list("/apps")
    if as_json:
        output.print_json(found)
    elif not found:
        click.echo("There are no apps yet. Make one: paas create")
    else:
        rows = [
            (a["name"], a["owner"]["email"], output.moment(a["released_at"]) or "nothing deployed", a["web_url"])
            for a in found
        ]
        output.print_table(("App", "Owner", "Released", "URL"), rows)


@click.command()
@click.argument("name", required=False)
@click.option("--no-remote", is_flag=True, help="leave this folder's git repository alone")
@output.json_option
def create(name: str | None, no_remote: bool, as_json: bool) -> None:
    """Create an app; without NAME one is made up. In a git repository, adds the remote `paas` for it."""
    app = api().post("/apps", {"name": name} if name else {})
    has_remote = not no_remote and git.add_remote(app["git_url"])
    if as_json:
        output.print_json(app)
        return
    click.echo(f"Created {app['name']}: {app['web_url']}")
    if has_remote:
        click.echo(f"Deploy with: git push {git.REMOTE} main")
    else:
        click.echo(f"Deploy with: git push {app['git_url']} main")


def show(name: str, as_json: bool) -> None:
    """An app's details: `paas info -a APP`."""
    app = api().get(f"/apps/{name}")
    if as_json:
        output.print_json(app)
        return
    formation = api().list(f"/apps/{name}/formation")
    rows = [
        ("URL", app["web_url"]),
        ("Git", app["git_url"]),
        ("Owner", app["owner"]["email"]),
        ("Stack", app["stack"]["name"]),
        ("Created", output.moment(app["created_at"])),
        ("Released", output.moment(app["released_at"]) or "nothing deployed"),
        ("Code", f"{app['slug_size'] / 1e6:.1f} MB" if app["slug_size"] else ""),
        ("Processes", " ".join(f"{f['type']}={f['quantity']}" for f in formation)),
        ("Maintenance", "on" if app["maintenance"] else "off"),
    ]
    click.echo(f"=== {app['name']}")
    output.print_table(("", ""), [row for row in rows if row[1]])


@click.command()
@app_option
@click.argument("name")
def rename(app: str, name: str) -> None:
    """Give the app the name NAME. Its first host name and its git address change with it."""
    renamed = api().patch(f"/apps/{app}", {"name": name})
    click.echo(f"{app} is {renamed['name']} now: {renamed['web_url']}")
    if app in git.apps_of_remotes():
        git.add_remote(renamed["git_url"])
        click.echo(f"The remote {git.REMOTE} of this repository follows it.")


@click.command()
@app_option
@click.option("--confirm", metavar="APP", help="the app's name once more, instead of being asked for it")
def destroy(app: str, confirm: str | None) -> None:
    """Destroy the app: its processes, releases, config vars and repository. There is no way back."""
    typed = confirm or click.prompt(
        f"This destroys {app} for good. Type its name to go on", default="", show_default=False
    )
    if typed != app:
        raise click.ClickException(f"{typed!r} is not {app!r}; nothing was destroyed.")
    api().delete(f"/apps/{app}")
    click.echo(f"Destroyed {app}")


@click.command("open")
@app_option
@click.argument("path", required=False, default="")
def open_(app: str, path: str) -> None:
    """Open the app in the browser, at PATH if given."""
    url = api().get(f"/apps/{app}")["web_url"] + path.lstrip("/")
    click.echo(url)
    click.launch(url)


@click.command()
@app_option
@click.argument("switch", type=click.Choice(["on", "off"]), required=False)
@output.json_option
def maintenance(app: str, switch: str | None, as_json: bool) -> None:
    """Show whether maintenance mode is on, or switch it. While it is, visitors get a page that says so."""
    shown: dict[str, Any] = (
        api().patch(f"/apps/{app}", {"maintenance": switch == "on"}) if switch else api().get(f"/apps/{app}")
    )
    if as_json:
        output.print_json({"maintenance": shown["maintenance"]})
    else:
        click.echo("on" if shown["maintenance"] else "off")
