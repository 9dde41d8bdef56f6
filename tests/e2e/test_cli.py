"""The command line as people and scripts use it, against a running platform."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.platform import ROOT, Platform, commit, eventually, git_environment, repository

PAAS = str(ROOT / "bin" / "paas")


@pytest.fixture(scope="module")
def app(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A deployed Flask app."""
    name = platform.create()
    push = platform.push(repository(tmp_path_factory.mktemp("cli") / "app", "python_flask"), name)
    assert push.accepted, push.output
    return name


def call(platform: Platform, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`paas ARGS` as root on the server."""
    return subprocess.run(
        [PAAS, *args], env=platform.environment, input=stdin, capture_output=True, text=True, check=False
    )


def test_a_repository_gets_its_remote_and_git_its_password(platform: Platform, tmp_path: Path) -> None:
    folder = repository(tmp_path / "app", "static_site")
    environment = platform.environment | git_environment() | {"PAAS_NAME": platform.name}

    created = subprocess.run(
        [PAAS, "create", "--json"], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    pushed = subprocess.run(
        ["git", "push", "paas", "main"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )

    name = json.loads(created.stdout)["name"]
    assert pushed.returncode == 0, pushed.stderr
    assert platform.get(name).status_code == 200
    assert platform.token not in (folder / ".git" / "config").read_text()
    found = subprocess.run(
        [PAAS, "ps", "--json"], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert [d["name"] for d in json.loads(found.stdout)] == ["web.1"]


def test_an_app_is_looked_at_and_changed(platform: Platform, app: str) -> None:
    assert f"=== {app}" in platform.paas("info", "-a", app)
    assert app in platform.paas("apps")
    assert "web=1" in platform.paas("scale", "-a", app)
    assert "now running web at 2" in platform.paas("scale", "-a", app, "web+1")
    eventually(lambda: platform.states(app) == {"web.1": "up", "web.2": "up"})
    assert re.search(r"^web\.2: up \d{4}/", platform.paas("ps", "-a", app), re.MULTILINE)
    platform.paas("scale", "-a", app, "web=1")
    assert platform.paas("maintenance", "-a", app, "on") == "on\n"
    assert platform.paas("maintenance", "-a", app, "off") == "off\n"
    assert "Added www.example.com" in platform.paas("domains:add", "-a", app, "www.example.com")
    assert "www.example.com" in platform.paas("domains", "-a", app)
    platform.paas("domains:remove", "-a", app, "www.example.com")


def test_config_is_set_got_and_unset_whatever_it_holds(platform: Platform, app: str) -> None:
    value = 'two\nlines, a "quote" and $HOME'

    assert re.search(r"done, v\d+$", platform.paas("config:set", "-a", app, f"ODD={value}", "PLAIN=1").strip())
    assert platform.paas("config:get", "-a", app, "ODD") == value + "\n"
    assert json.loads(platform.paas("config", "-a", app, "--json"))["ODD"] == value
    shell = platform.paas("config", "-a", app, "--shell")
    read_back = subprocess.run(
        ["sh", "-c", f'{shell}\nprintf %s "$ODD"'], capture_output=True, text=True, check=True
    ).stdout
    assert read_back == value
    platform.paas("config:unset", "-a", app, "ODD", "PLAIN")
    assert call(platform, "config:get", "-a", app, "ODD").returncode == 1


def test_a_rollback_waits_until_it_is_live(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    folder = repository(tmp_path / "app", "python_flask", {"greeting.txt": "first"})
    assert platform.push(folder, name).accepted
    commit(folder, {"greeting.txt": "second"})
    assert platform.push(folder, name).accepted

    done = platform.paas("rollback", "-a", name)

    assert done == f"Rolling back {name} to v2 as v4... succeeded\n"
    assert "first" in platform.get(name).text
    assert f"=== {name} Releases - Current: v4" in platform.paas("releases", "-a", name)


def test_run_passes_streams_and_exit_code_on(platform: Platform, app: str) -> None:
    counted = call(platform, "run", "-a", app, "wc -c; echo complaint >&2; exit 7", stdin="x" * 100_000)

    assert sorted(counted.stdout.split()) == ["100000", "complaint"]
    assert counted.returncode == 7
    assert (
        call(platform, "run", "-a", app, "-e", "WHO=me", "--", "sh", "-c", 'echo "$WHO; $1"', "-", "a b").stdout
        == "me; a b\n"
    )


def test_run_gives_the_process_this_terminal(platform: Platform, app: str) -> None:
    with terminal(platform, "run", "-a", app, "bash") as screen:
        screen.until("$ ")
        screen.type("stty size\n")
        screen.until("33 111")
        screen.resize(40, 90)
        screen.type("while [ \"$(stty size)\" != '40 90' ]; do sleep 0.1; done; echo resized-$((1+1))\n")
        screen.until("resized-2")
        screen.type("sh -c 'echo asleep-$((1+1)); exec sleep 600'\n")
        screen.until("asleep-2")
        screen.type("\x03")  # ctrl-c is for the process over there, not for us
        screen.until("$ ")
        screen.type("echo alive-$((1+1))\n")
        screen.until("alive-2")
        screen.type("exit 9\n")

        assert screen.exit_code() == 9


def test_a_detached_run_is_in_the_log(platform: Platform, app: str) -> None:
    said = platform.paas("run", "--detached", "-a", app, "echo from afar")

    name = re.search(r"run\.\d+", said)
    assert name
    eventually(lambda: f"app[{name[0]}]: from afar" in platform.paas("logs", "-a", app, "-p", name[0]))


def test_the_log_is_followed_as_lines_come(platform: Platform, app: str) -> None:
    argv = [PAAS, "logs", "-a", app, "-t", "-n", "0", "-s", "heroku"]
    with subprocess.Popen(argv, env=platform.environment, stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None
        lines = tail.stdout
        try:
            asked = 0

            def seen() -> bool:
                nonlocal asked
                asked += 1
                platform.get(app, f"/env/TAIL{asked}")
                readable, _, _ = select.select([lines], [], [], 1.0)
                return bool(readable) and 'heroku[router]: at=info method=GET path="/env/TAIL' in lines.readline()

            eventually(seen)
        finally:
            tail.terminate()


def test_builds_are_listed_and_their_logs_shown(platform: Platform, app: str) -> None:
    [build] = json.loads(platform.paas("builds", "-a", app, "--json"))

    assert build["status"] == "succeeded"
    assert "Python app detected" in platform.paas("builds:output", "-a", app)


def test_a_developer_logs_in_with_a_token_and_sees_only_their_own(platform: Platform, app: str, tmp_path: Path) -> None:
    email = f"dev-{time.time_ns()}@example.org"
    one_time = json.loads(platform.paas("users", "add", email, "--json"))["password"]
    token = platform.paas("token", "create", "--user", email).split()[-1]
    away = {k: v for k, v in os.environ.items() if not k.startswith("PAAS_")} | {
        "HOME": str(tmp_path), "PAAS_URL": platform.info["api"]
    }  # fmt: skip

    def paas(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run([PAAS, *args], env=away, input=stdin, capture_output=True, text=True, check=False)

    refused = paas("login", "--email", email, stdin=f"{one_time}\n")
    assert refused.returncode == 1
    assert "one-time password" in refused.stderr
    assert paas("login", "--token", token).stdout == f"Logged in to {platform.info['api']} as {email}\n"
    del away["PAAS_URL"]
    assert paas("whoami").stdout == f"{email} at {platform.info['api']}\n"
    assert json.loads(paas("apps", "--json").stdout) == []
    assert "Couldn't find that app" in paas("ps", "-a", app).stderr
    assert paas("logout").returncode == 0
    assert paas("apps").returncode == 1
    platform.paas("users", "remove", email)
    assert platform.api("GET", "/account", token=token).status_code == 401


def test_a_revoked_token_is_refused(platform: Platform) -> None:
    made = json.loads(platform.paas("token", "create", "--json"))
    assert platform.api("GET", "/account", token=made["token"]).status_code == 200

    platform.paas("token", "revoke", made["id"])

    assert platform.api("GET", "/account", token=made["token"]).status_code == 401
    assert made["id"] not in platform.paas("token", "list")


def test_errors_say_what_to_do_and_never_show_a_traceback(platform: Platform) -> None:
    missing = call(platform, "ps", "-a", "no-such-app")
    bad_name = call(platform, "create", "Bad_Name")
    last_admin = call(platform, "users", "remove", "admin@localhost.localdomain")

    for done in (missing, bad_name, last_admin):
        assert done.returncode == 1
        assert done.stderr.startswith("Error: ")
        assert "Traceback" not in done.stderr
    assert "paas apps" in missing.stderr


def test_an_app_is_destroyed_only_by_its_name(platform: Platform) -> None:
    name = platform.create()

    refused = call(platform, "destroy", "-a", name, stdin="no\n")
    assert refused.returncode == 1
    assert platform.api("GET", f"/apps/{name}").ok

    platform.paas("destroy", "-a", name, "--confirm", name)
    assert platform.api("GET", f"/apps/{name}").status_code == 404


# --- a terminal ----------------------------------------------------------------------------------------------------


class Screen:
    """A program on a pseudo-terminal, and what it wrote there."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self._descriptor, self._process = descriptor, process
        self._shown = b""

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def until(self, text: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while text.encode() not in self._shown:
            assert time.monotonic() < deadline, self._shown.decode(errors="replace")
            if select.select([self._descriptor], [], [], 0.5)[0]:
                self._shown += os.read(self._descriptor, 4096)
        self._shown = self._shown.partition(text.encode())[2]

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def exit_code(self, seconds: float = 60.0) -> int:
        deadline = time.monotonic() + seconds
        with suppress(OSError):  # EIO: the program has let go of the terminal
            while select.select([self._descriptor], [], [], seconds)[0] and time.monotonic() < deadline:
                os.read(self._descriptor, 4096)  # a terminal that nobody reads holds its program up
        return self._process.wait(seconds)


@contextmanager
def terminal(platform: Platform, *args: str) -> Iterator[Screen]:
    """`paas ARGS` on a terminal of 33 rows and 111 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    # setsid -c makes the terminal the program's own, so that it hears of changes of its size.
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", PAAS, *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=platform.environment,
    )
    os.close(theirs)
    try:
        yield Screen(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
