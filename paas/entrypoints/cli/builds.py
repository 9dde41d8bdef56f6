"""builds: list, output, create."""

from __future__ import annotations

import click

from paas.entrypoints.cli import app_option, output
from paas.entrypoints.cli.client import api


@click.group(invoke_without_command=True)
@app_option.app_option
@output.json_option
@click.pass_context
def builds(ctx: click.Context, app: str, as_json: bool) -> None:
    """List builds, newest last; `builds output` shows a log, `builds create` builds from a URL."""
    if ctx.invoked_subcommand:
        return
    found = api().list(f"/apps/{app or app_option.chosen(ctx)}/builds")
    if as_json:
        output.print_json(found)
        return
    rows = [
        (
            b["id"],
            b["status"],
            (b["source_blob"]["version"] or "")[:8],
            b["user"]["email"],
            output.moment(b["created_at"]),
        )
        for b in found
    ]
    output.print_table(("Build", "Status", "Version", "By", "Created"), rows)


@builds.command("output")
@app_option.app_option
@click.argument("build", required=False)
def output_(app: str, build: str | None) -> None:
    """Show the log of BUILD, or of the newest one, to its end."""
    if build is None:
        found = api().list(f"/apps/{app}/builds")
        if not found:
            raise click.ClickException(f"{app} has no builds yet.")
        build = found[-1]["id"]
    _follow(app, build)


@builds.command()
@app_option.app_option
@click.argument("url")
@click.option("--version", default="", help="what to call this source, such as a commit")
def create(app: str, url: str, version: str) -> None:
    """Build and deploy the tar.gz archive at URL, which the server must be able to fetch. Exits with 1 if it does not go live."""
    made = api().post(f"/apps/{app}/builds", {"source_blob": {"url": url, "version": version}})
    _follow(app, made["id"])
    if api().get(f"/apps/{app}/builds/{made['id']}")["status"] != "succeeded":
        raise click.ClickException("The build did not go live.")


def _follow(app: str, build: str) -> None:
    url = api().get(f"/apps/{app}/builds/{build}")["output_stream_url"]
    with api().stream(url) as answer:
        for chunk in answer.iter_content(None):
            click.echo(chunk.replace(b"\0", b""), nl=False)  # a NUL is the stream's sign of life
