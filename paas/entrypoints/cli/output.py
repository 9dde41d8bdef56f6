"""How commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))

json_option = click.option("--json", "as_json", is_flag=True, help="print JSON, for scripts")


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns. On a terminal as wide as it is; elsewhere as wide as they are, so that nothing is cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=10_000)
    table = Table(box=None, pad_edge=False, show_header=any(columns), header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: what apps are called is not markup
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def moment(text: str | None) -> str:
    """`2026-08-04T10:00:00Z` → `2026/08/04 10:00:00 +0000 (~ 1h ago)`, as Heroku's command line prints it."""
    if not text:
        return ""
    at = datetime.fromisoformat(text).astimezone()
    seconds = max(0, int((datetime.now(UTC) - at).total_seconds()))
    unit, size = next((u, s) for u, s in _UNITS if seconds >= s or s == 1)
    return f"{at:%Y/%m/%d %H:%M:%S %z} (~ {seconds // size}{unit} ago)"
