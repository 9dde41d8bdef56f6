"""logs: the newest lines, and with -t those that come."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator
from typing import Any

import click
import requests

from paas.entrypoints.cli.app_option import app_option
from paas.entrypoints.cli.client import Api, api

_PREFIX = re.compile(r"(\S+ \w+\[([\w.-]+)\]:)(.*)", re.DOTALL)
_COLORS = (
    "cyan",
    "yellow",
    "green",
    "magenta",
    "blue",
    "bright_cyan",
    "bright_yellow",
    "bright_green",
    "bright_magenta",
)
_RETRY = 2.0  # seconds before a tail that broke off is taken up again


@click.command()
@app_option
@click.option("-t", "--tail", is_flag=True, help="go on with new lines as they come; ctrl-c ends it")
@click.option(
    "-n", "--num", default=100, show_default=True, type=click.IntRange(0, 1500), help="how many lines of what was"
)
@click.option("-p", "--process", help="only of a process type (web) or one process (web.1)")
@click.option(
    "-s", "--source", type=click.Choice(["app", "heroku"]), help="only the app's own lines, or only the platform's"
)
def logs(app: str, tail: bool, num: int, process: str | None, source: str | None) -> None:
    """Show the app's log: what its processes print, requests, and what the platform does."""
    asked: dict[str, Any] = {"lines": num, "tail": tail, "source": source, "dyno": process}
    url = api().post(f"/apps/{app}/log-sessions", {k: v for k, v in asked.items() if v is not None})["logplex_url"]
    for line in _tail(api(), url) if tail else (text for _, text in _events(api(), url, "")):
        click.echo(_colored(line))


def _tail(api: Api, url: str) -> Iterator[str]:
    """Lines without end; a connection that breaks off is taken up where it was."""
    seen = ""
    while True:
        for position, text in _events(api, url, seen):
            seen = position
            yield text
        time.sleep(_RETRY)


def _events(api: Api, url: str, seen: str) -> Iterator[tuple[str, str]]:
    """(id, line) of the server-sent events (WHATWG HTML, 9.2), until the stream ends or breaks off."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": seen} if seen else {})
    with api.stream(url, headers) as answer:
        data: list[str] = []
        try:
            for raw in answer.iter_lines(chunk_size=None):
                name, _, value = raw.decode(errors="replace").partition(":")
                value = value.removeprefix(" ")
                if name == "id":
                    seen = value
                elif name == "data":
                    data.append(value)
                elif not name and data:
                    yield seen, "\n".join(data)
                    data = []
        except requests.exceptions.RequestException:
            return


def _colored(line: str) -> str:
    """Each process type has a color of its own, the same every time. Without a terminal `click.echo` takes it off."""
    match = _PREFIX.fullmatch(line)
    if match is None:
        return line
    kind = match[2].partition(".")[0]
    return click.style(match[1], fg=_COLORS[zlib.crc32(kind.encode()) % len(_COLORS)]) + match[3]
