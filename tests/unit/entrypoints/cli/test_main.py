from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from paas.entrypoints.cli import credentials, output
from paas.entrypoints.cli.credentials import Credentials
from paas.entrypoints.cli.main import ALIASES, HIDDEN, SECTIONS, cli
from paas.entrypoints.cli.processes import _update

COMMANDS = [name for commands in SECTIONS.values() for name in commands]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who is not logged in, on a computer without a platform."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PAAS_DATA_DIR", str(tmp_path / "nothing"))
    for name in ("XDG_CONFIG_HOME", "PAAS_URL", "PAAS_TOKEN", "PAAS_APP"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def call(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args), prog_name="paas")


@pytest.mark.parametrize("name", [*COMMANDS, *HIDDEN])
def test_every_command_of_the_table_is_there_and_has_help(name: str) -> None:
    result = call(name, "--help")

    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: paas {name}")


@pytest.mark.parametrize("alias", ALIASES)
def test_herokus_names_work_too(alias: str) -> None:
    assert call(alias, "--help").exit_code == 0


def test_a_colon_is_as_good_as_a_space() -> None:
    assert call("config:set", "--help").output == call("config", "set", "--help").output


def test_help_imports_no_command() -> None:
    """It is what people wait for most; each module it does without saves its part of 100 ms."""
    program = "import sys; from paas.entrypoints.cli.main import cli; cli(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())

    assert loaded.isdisjoint({"requests", "rich", "sqlalchemy", "docker", "flask", "paas.bootstrap"})


def test_a_typing_error_is_met_with_what_was_meant() -> None:
    result = call("scal", "web=3")

    assert result.exit_code == 2
    assert "Did you mean scale" in result.output


def test_without_a_login_it_says_how_to_log_in(home: Path) -> None:
    result = call("apps")

    assert result.exit_code == 1
    assert "You are not logged in. Run: paas login" in result.output


def test_an_api_that_does_not_answer_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAAS_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PAAS_TOKEN", "paas-x")

    result = call("apps")

    assert result.exit_code == 1
    assert "http://127.0.0.1:1 does not answer" in result.output


def test_without_an_instance_the_operators_commands_say_so(home: Path) -> None:
    result = call("token", "create")

    assert result.exit_code == 1
    assert "There is no instance" in result.output
    assert "Traceback" not in result.output


def test_which_app_has_to_be_told_somehow(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)

    result = call("ps")

    assert result.exit_code == 2
    assert "-a APP" in result.output


def test_the_git_remote_tells_the_app(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.keep(Credentials("http://127.0.0.1:1", "paas-x"))
    monkeypatch.delenv("PAAS_DATA_DIR")
    monkeypatch.chdir(home)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "remote", "add", "origin", "https://example.org/else.git"], check=True)
    subprocess.run(["git", "remote", "add", "paas", "http://127.0.0.1:1/shop.git"], check=True)

    result = call("destroy", "--confirm", "other")

    assert "'other' is not 'shop'" in result.output


def test_credentials_are_for_their_owner_only(home: Path) -> None:
    credentials.keep(Credentials("https://api.a.example", "paas-1", "a@example.org"))
    credentials.keep(Credentials("https://api.b.example", "paas-2", "b@example.org"))
    credentials.keep(Credentials("https://api.a.example", "paas-3", "a@example.org"))
    file = home / ".config/paas/credentials.json"

    assert file.stat().st_mode & 0o777 == 0o600
    assert [row.token for row in credentials.stored()] == ["paas-3", "paas-2"]

    credentials.forget("https://api.a.example")
    credentials.forget("https://api.b.example")

    assert not file.exists()


def test_damaged_credentials_are_named_not_lost(home: Path) -> None:
    file = home / ".config/paas/credentials.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")

    result = call("logout")

    assert result.exit_code == 1
    assert "credentials.json" in result.output
    assert file.exists()


@pytest.mark.parametrize(
    ("change", "quantity"),
    [("web=3", "3"), ("web+1", "+1"), ("worker-1", "-1"), ("my-worker=0", "0"), ("my-worker-2", "-2")],
)
def test_changes_of_scale_are_passed_on_as_heroku_does(change: str, quantity: str) -> None:
    assert _update(change)["quantity"] == quantity


@pytest.mark.parametrize("change", ["web", "web=", "=3", "web=+1", "web3", "web=x", "web 3"])
def test_other_changes_of_scale_are_refused(change: str) -> None:
    with pytest.raises(click.UsageError):
        _update(change)


def test_moments_are_told_with_their_distance() -> None:
    two_hours_ago = (datetime.now(UTC) - timedelta(hours=2, minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert output.moment(two_hours_ago).endswith("(~ 2h ago)")
    assert output.moment(None) == ""


def test_tables_are_not_cut_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("App", "URL"), [("shop", "x" * 300), ("[bold]not markup[/]", "")])

    printed = capsys.readouterr().out
    assert "x" * 300 in printed
    assert "[bold]not markup[/]" in printed


def test_settings_are_listed_as_json(home: Path) -> None:
    listed = json.loads(call("settings", "--json").output)

    assert listed["PAAS_HTTP_PORT"] == 8080
