"""`paas`: the group of all commands. Help is printed from the table below; a command's module is imported when it is called."""

from __future__ import annotations

import difflib
import importlib

import click

import paas
from paas.entrypoints.cli import loopback
from paas.entrypoints.messages import render_cli
from paas.errors import PaasError

# Section → command → (module:function, one line of help).
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Account": {
        "login": ("account:login", "Log in to a platform"),
        "logout": ("account:logout", "Forget the login"),
        "whoami": ("account:whoami", "Who is logged in, and where"),
    },
    "Apps": {
        "apps": ("apps:index", "List your apps"),
        "create": ("apps:create", "Create an app, and the git remote for it"),
        "info": ("info:info", "An app's details with -a; without, this server's addresses"),
        "rename": ("apps:rename", "Give an app another name"),
        "destroy": ("apps:destroy", "Destroy an app and all that is its own"),
        "open": ("apps:open_", "Open an app in the browser"),
        "maintenance": ("apps:maintenance", "Show, or switch with on or off, maintenance mode"),
        "domains": ("domains:domains", "List, add and remove host names"),
        "git:remote": ("git:remote", "Add the git remote of an app to this repository"),
    },
    "Code and config": {
        "config": ("config_vars:config", "List, get, set and unset config vars"),
        "builds": ("builds:builds", "List builds, show a build's log, build from a URL"),
        "releases": ("releases:releases", "List releases"),
        "rollback": ("releases:rollback", "Go back to an older release"),
    },
    "Processes": {
        "ps": ("processes:ps", "List processes and their states"),
        "scale": ("processes:scale", "Say how many processes run: web=3 worker=1"),
        "restart": ("processes:restart", "Restart all processes, a type or one"),
        "stop": ("processes:stop", "Stop a one-off process"),
        "run": ("run:run", "Run a command in a new process"),
        "logs": ("logs:logs", "Show the log; -t goes on as lines come"),
    },
    "This server (as root)": {
        "doctor": ("doctor:doctor", "Look at every part, and say what to do"),
        "settings": ("info:settings", "List the settings and what they are"),
        "token": ("tokens:token", "Create, list and revoke API tokens"),
        "users": ("users:users", "Add, list and remove users, reset passwords"),
    },
}
HIDDEN = {"git:credentials": "git:credentials"}  # git calls it

# Heroku's names for what has a shorter one here. What isn't named is split: `config:set` is `config set`.
ALIASES = {
    "apps:create": "create", "apps:destroy": "destroy", "apps:info": "info", "apps:open": "open", "apps:rename": "rename",
    "auth:login": "login", "auth:logout": "logout", "auth:whoami": "whoami", "ps:scale": "scale", "ps:restart": "restart",
    "ps:stop": "stop", "releases:rollback": "rollback",
}  # fmt: skip


class Commands(click.Group):
    """Finds commands in the tables above."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature, here and below)
        return [name for commands in SECTIONS.values() for name in commands]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        places = {n: place for commands in SECTIONS.values() for n, (place, _) in commands.items()} | HIDDEN
        if name not in places:
            return None
        module, _, attribute = places[name].partition(":")
        command = getattr(importlib.import_module(f"paas.entrypoints.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = ALIASES.get(args[0], args[0])
        known = [*self.list_commands(ctx), *HIDDEN]
        words = [name] if name in known else name.split(":")
        if words[0] not in known:
            close = difflib.get_close_matches(name, [*known, *ALIASES], n=3)
            meant = f" Did you mean {' or '.join(close)}?" if close else ""
            ctx.fail(f"There is no command {args[0]!r}.{meant} `paas --help` lists all.")
        return super().resolve_command(ctx, [*words, *args[1:]])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except PaasError as exc:
            raise click.ClickException(render_cli(exc).removeprefix("Error: ")) from exc
        except PermissionError as exc:
            raise click.ClickException(f"{exc.filename} may not be read: run this as root on the server.") from exc


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(paas.__version__, prog_name="paas")
def cli() -> None:
    """Push apps with git, run and scale them.

    Most commands take -a APP; without it, PAAS_APP or this folder's git remote says which app. `paas COMMAND --help` tells
    more, and commands whose output a script would read take --json.
    """


def main() -> None:
    loopback.resolve_localhost_names()
    cli.main(prog_name="paas")


if __name__ == "__main__":
    main()
