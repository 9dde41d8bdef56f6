"""Which app a command is for: -a, PAAS_APP, or the git remote of the folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from paas import config
from paas.entrypoints.cli import git

_Command = TypeVar("_Command", bound=Callable[..., Any])
_GIVEN = "paas.app"  # in the context's `meta`, which a group shares with its commands


def app_option(command: _Command) -> _Command:
    """Gives a command the parameter `app`, an app's name. `paas config -a APP set …` and `paas config set -a APP …` are the same."""
    return click.option(
        "-a", "--app", callback=_note, metavar="APP", help="the app; without it PAAS_APP, or this folder's git remote"
    )(command)


def chosen(ctx: click.Context) -> str:
    """The app's name. Raises `click.UsageError` if nothing says which, or too much does."""
    if given := ctx.meta.get(_GIVEN) or config.client().get("PAAS_APP"):
        return str(given)
    found = git.apps_of_remotes()
    if len(found) == 1:
        return found[0]
    if found:
        raise click.UsageError(
            f"This repository has remotes of several apps: {', '.join(found)}. Say which one: -a APP"
        )
    raise click.UsageError("Say which app: -a APP, or PAAS_APP, or run this in a repository with the app's git remote.")


def _note(ctx: click.Context, _parameter: click.Parameter, given: str | None) -> str:
    if given:
        ctx.meta[_GIVEN] = given
    # A group does not know yet whether one of its commands will be called, with an -a of its own.
    return "" if ctx.resilient_parsing or isinstance(ctx.command, click.Group) else chosen(ctx)
