"""Git on the developer's side: the app's remote, and the token when git asks for a password."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from urllib.parse import urlsplit

import click

from paas.entrypoints.cli.client import api
from paas.entrypoints.operator.host import ROOT

REMOTE = "paas"
_PATH = re.compile(r"/([a-z][a-z0-9-]{1,28}[a-z0-9])\.git")


def apps_of_remotes() -> list[str]:
    """Apps that this folder's git remotes point to, on the platform that we are logged in to."""
    answer = _git("config", "--get-regexp", r"^remote\..*\.url$")
    urls = [line.partition(" ")[2] for line in answer.stdout.splitlines()] if answer.returncode == 0 else []
    places = [urlsplit(url) for url in urls]
    ours = _hosts() if places else set()
    names = [
        match[1]
        for place in places
        if place.netloc.rpartition("@")[2] in ours and (match := _PATH.fullmatch(place.path))
    ]
    return sorted(set(names))


def add_remote(git_url: str, name: str = REMOTE) -> bool:
    """Points the remote to the app and has git ask us for the password. False if this folder is no repository."""
    if _git("rev-parse", "--git-dir").returncode != 0:
        return False
    has_one = _git("remote", "get-url", name).returncode == 0
    place = urlsplit(git_url)
    helper = f"!{shlex.quote(str(ROOT / 'bin' / 'paas'))} git:credentials"
    for step in (
        ("remote", "set-url" if has_one else "add", name, git_url),
        ("config", "--replace-all", f"credential.{place.scheme}://{place.netloc}.helper", helper),
    ):
        done = _git(*step)
        if done.returncode != 0:
            raise click.ClickException(f"git {step[0]} failed: {done.stderr.strip()}")
    return True


@click.command("git:remote")
@click.option("-a", "--app", required=True, metavar="APP", help="the app")
@click.option("-r", "--remote", "name", default=REMOTE, show_default=True, help="the remote's name")
def remote(app: str, name: str) -> None:
    """Add the git remote of an app to this repository, so that `git push paas main` deploys it.

    Git then gets the password, your token, from the login; it is not written into the repository.
    """
    url = api().get(f"/apps/{app}")["git_url"]
    if not add_remote(url, name):
        raise click.ClickException("This folder is not a git repository. Make it one: git init -b main")
    click.echo(f"Remote {name} is {url}. Deploy with: git push {name} main")


@click.command("git:credentials", hidden=True)
@click.argument("operation")
def credentials(operation: str) -> None:
    """Git's credential helper (gitcredentials(7)): answers for the platform's own git hosts only."""
    asked = dict(line.rstrip("\n").split("=", 1) for line in sys.stdin if "=" in line)
    if operation == "get" and asked.get("host") in _hosts():
        click.echo(f"username=paas\npassword={api().login.token}")


def _hosts() -> set[str]:
    """host:port of git, the API and the bare domain of the login: all of them answer git."""
    place = urlsplit(api().login.url)
    bare = place.netloc.removeprefix("api.")
    known = {place.netloc, bare, f"git.{bare}"}
    if place.hostname == "127.0.0.1":  # root on the server: the instance's own names
        known |= {urlsplit(_own_git_url()).netloc}
    return known


def _own_git_url() -> str:
    from paas import config

    return config.load().url("git")


def _git(*args: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["git", *args], capture_output=True, text=True, check=False)
    except FileNotFoundError as exc:
        raise click.ClickException("git is not installed here.") from exc
