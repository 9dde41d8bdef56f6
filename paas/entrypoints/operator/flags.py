"""Flags of the operator's commands → settings. Flag > PAAS_* variable > what the instance stored > default."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from paas import config
from paas.config import Settings
from paas.domain.route import check_hostname
from paas.errors import Invalid

# Ends up in labels, container and network names, a systemd unit and a folder.
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?")
# Goes into the configuration of programs with quoting rules of their own; no folder needs more than these.
_FOLDER = re.compile(r"/[A-Za-z0-9._/+@-]+")
_LONGEST_SOCKET = 107  # bytes of sun_path in Linux's unix(7), without the final NUL
_MAIN = ("name", "domain", "http_port", "https_port", "data_dir", "admin_email")


def parser(command: str, description: str) -> argparse.ArgumentParser:
    """A parser that knows the instance's main settings as flags of their own and every other one as `--setting`."""
    made = argparse.ArgumentParser(prog=f"bin/{command}", description=description, allow_abbrev=False)
    why = {f.name: f.metadata["why"] for f in fields(Settings)}
    for name in _MAIN:
        made.add_argument(f"--{name.replace('_', '-')}", metavar=name.rpartition("_")[2].upper(), help=why[name])
    made.add_argument(
        "--setting", action="append", default=[], metavar="NAME=VALUE", type=_assignment,
        help="any other setting, e.g. --setting build_concurrency=4 (README: settings); may be repeated",
    )  # fmt: skip
    return made


def resolve(given: argparse.Namespace, environ: Mapping[str, str] | None = None) -> Settings:
    """The instance that flags, variables and stored settings name. Raises `Invalid`."""
    flags: dict[str, Any] = {name: getattr(given, name) for name in _MAIN}
    flags.update(given.setting)
    return check(config.load(flags, environ))


def check(settings: Settings) -> Settings:
    """The settings, if an instance can run with them. Raises `Invalid`, naming the variable."""
    if not _NAME.fullmatch(settings.name):
        raise Invalid(
            "PAAS_NAME", settings.name, "must start with a letter and have 1 to 30 lowercase letters, digits or dashes"
        )
    if settings.domain != "localhost":
        check_hostname(settings.domain, platform_domain="")
    for variable, port in (("PAAS_HTTP_PORT", settings.http_port), ("PAAS_HTTPS_PORT", settings.https_port)):
        if not 1 <= port <= 65535:
            raise Invalid(variable, str(port), "must be within 1 to 65535")
    if settings.http_port == settings.https_port:
        raise Invalid("PAAS_HTTPS_PORT", str(settings.https_port), "must differ from PAAS_HTTP_PORT")
    if not _FOLDER.fullmatch(str(settings.data_dir)):
        raise Invalid(
            "PAAS_DATA_DIR", str(settings.data_dir), "may have letters, digits and . _ + @ - between its slashes"
        )
    longest = max(len(bytes(s)) for s in (settings.router_log_socket, settings.run_dir / "supervisor.sock.0000000"))
    if longest > _LONGEST_SOCKET:
        raise Invalid(
            "PAAS_DATA_DIR", str(settings.data_dir), f"is {longest - _LONGEST_SOCKET} bytes too long for unix sockets below it"
        )  # fmt: skip
    return settings


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    name = name.lower().removeprefix("paas_")
    if not equals or name not in {f.name for f in fields(Settings)}:
        raise argparse.ArgumentTypeError(
            f"{text!r}: must be NAME=VALUE with a NAME from the README's table of settings"
        )
    return name, value


def up_parser() -> argparse.ArgumentParser:
    """The flags of bin/up."""
    made = parser("up", "Installs what is missing and starts the platform. Run it again at any time: it heals.")
    made.add_argument("--no-sample", action="store_true", help="push no sample app")
    return made


def down_parser() -> argparse.ArgumentParser:
    """The flags of bin/down."""
    made = parser("down", "Stops the platform and the apps. The data stays, and bin/up goes on with it.")
    made.add_argument(
        "--purge", action="store_true", help="remove everything that is the instance's: apps, images, data"
    )
    return made


def parse(made: argparse.ArgumentParser, argv: Sequence[str]) -> tuple[argparse.Namespace, Settings]:
    """Flags and settings; a bad value ends the program with 2 and a message, like a bad flag."""
    given = made.parse_args(argv)
    try:
        return given, resolve(given)
    except Invalid as exc:
        made.error(f"{exc.field} {exc.reason} (it is {exc.value!r})")
