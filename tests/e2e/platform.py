"""A whole platform for tests, used as its users use it: bin/up and bin/down, git, HTTP, the command line."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from paas.entrypoints.cli.loopback import resolve_localhost_names

resolve_localhost_names()

ROOT = Path(__file__).resolve().parents[2]
APPS = ROOT / "tests" / "apps"

# What the name or command line of each part of the control plane holds.
PROGRAMS = {
    "redis": "redis-server",
    "web": "gunicorn",
    "worker": "paas.entrypoints.worker",
    "controller": "paas-control",
    "haproxy": "haproxy",
}


@dataclass
class Push:
    """What a `git push` did: whether it was accepted, and what the pusher read."""

    accepted: bool
    output: str


@dataclass
class Traffic:
    """Requests that run all the while: how many were answered, and what went wrong with the others."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)


class Platform:
    """An instance of its own, on free ports, in a folder with a short path."""

    def __init__(self, **settings: str) -> None:
        self.name = f"t-e2e-{secrets.token_hex(3)}"
        self.data_dir = Path(tempfile.mkdtemp(prefix="te-", dir="/tmp"))
        self.environment = {
            **os.environ,
            "PAAS_NAME": self.name,
            "PAAS_DATA_DIR": str(self.data_dir),
            "PAAS_API_RATE_LIMIT": "0",
        }
        self.environment |= {f"PAAS_{key.upper()}": value for key, value in settings.items()}
        self.environment |= {"PAAS_HTTP_PORT": str(free_port()), "PAAS_HTTPS_PORT": str(free_port())}
        self.info: dict[str, Any] = {}
        self.token = ""

    # --- the operator ------------------------------------------------------------------------------------------

    def up(self, *flags: str) -> str:
        """bin/up; what it printed."""
        output = self.run(ROOT / "bin" / "up", "--no-sample", *flags)
        self.info = json.loads(self.paas("info", "--json"))
        self.token = self.token or self.paas("token", "create").split()[-1]
        return output

    def down(self, *flags: str) -> str:
        """bin/down; what it printed."""
        return self.run(ROOT / "bin" / "down", *flags)

    def purge(self) -> None:
        """Removes the instance, whatever state it is in."""
        try:
            self.down("--purge")
        finally:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def paas(self, *args: str) -> str:
        """The command line; its standard output. Fails the test if it fails."""
        return self.run(ROOT / "bin" / "paas", *args)

    def run(self, *argv: str | Path) -> str:
        done = subprocess.run(
            [str(a) for a in argv],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{argv} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def pids(self, program: str) -> list[int]:
        """A program's own process, then those that it started; empty while it is down."""
        supervisor = int((self.data_dir / "run" / "supervisord.pid").read_text())
        for pid in descendants(supervisor):
            if PROGRAMS[program] in name_of(pid):
                return [pid, *descendants(pid)]
        return []

    def kill(self, program: str) -> None:
        """`kill -9` of a program and of all that it started; returns when the platform answers again."""
        killed = self.pids(program)
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: (now := self.pids(program)) and now[0] not in killed)
        eventually(lambda: self.api("GET", "/health").ok)

    # --- the developer -----------------------------------------------------------------------------------------

    def api(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any
    ) -> requests.Response:
        """A request to the API."""
        headers = {"Accept": "application/vnd.heroku+json; version=3"} | dict(options.pop("headers", {}))
        token = self.token if token is None else token
        if token:
            headers["Authorization"] = f"Bearer {token}"
        options.setdefault("timeout", 60)
        return requests.request(method, self.info["api"] + path, json=body, headers=headers, **options)

    def create(self, name: str | None = None) -> str:
        """A new app; its name."""
        name = name or f"app-{secrets.token_hex(4)}"
        answer = self.api("POST", "/apps", {"name": name})
        assert answer.status_code == 201, answer.text
        return name

    def stranger(self) -> str:
        """The token of a new user who owns nothing."""
        email = f"stranger-{secrets.token_hex(3)}@example.org"
        self.paas("users", "add", email)
        return self.paas("token", "create", "--user", email).split()[-1]

    def git_url(self, app: str, token: str | None = None) -> str:
        """The app's repository, with the token in it."""
        scheme, _, rest = str(self.info["git"]).partition("://")
        return f"{scheme}://any:{self.token if token is None else token}@{rest}/{app}.git"

    def push(self, repository: Path, app: str, refspec: str = "HEAD:refs/heads/main", *flags: str) -> Push:
        """`git push`, as a pusher reads it (without git's `remote: `)."""
        done = git_run(repository, "push", *flags, self.git_url(app), refspec)
        output = "\n".join(line.removeprefix("remote: ").rstrip() for line in done.stderr.splitlines())
        return Push(done.returncode == 0, output)

    def get(self, app: str, path: str = "/", **options: Any) -> requests.Response:
        """A request to the app, through the router."""
        headers = {"Host": f"{app}.{self.info['domain']}"} | dict(options.pop("headers", {}))
        options.setdefault("timeout", 30)
        return requests.get(f"http://127.0.0.1:{self.info['http_port']}{path}", headers=headers, **options)

    def dynos(self, app: str) -> list[dict[str, Any]]:
        """What the API tells of the app's processes."""
        answer = self.api("GET", f"/apps/{app}/dynos")
        answer.raise_for_status()
        return list(answer.json())

    def states(self, app: str) -> dict[str, str]:
        """Process → state, of the formation."""
        return {d["name"]: d["state"] for d in self.dynos(app) if d["type"] not in ("run", "release")}

    def current_release(self, app: str) -> dict[str, Any]:
        """The release that runs."""
        releases = self.api("GET", f"/apps/{app}/releases").json()
        return next(r for r in releases if r["current"])

    def log(self, app: str, lines: int = 200) -> str:
        """The end of the app's log."""
        session = self.api("POST", f"/apps/{app}/log-sessions", {"lines": lines, "tail": False}).json()
        return requests.get(session["logplex_url"], timeout=30).text

    def containers(self, *labels: str) -> list[str]:
        """Ids of the instance's running containers with these labels."""
        filters = [f"--filter=label={label}" for label in (f"paas.instance={self.name}", *labels)]
        return self.run("docker", "ps", "--quiet", "--no-trunc", *filters).split()


def children(pid: int) -> list[int]:
    """The processes that any of its threads started and that still run."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in task.read_text().split()]
    return found


def name_of(pid: int) -> str:
    """A process's name and command line; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text() + Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def descendants(pid: int) -> list[int]:
    """The processes that it started, and those that they started."""
    return [found for child in children(pid) for found in (child, *descendants(child))]


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def repository(folder: Path, app: str, files: Mapping[str, str] | None = None) -> Path:
    """A git repository with the test app in it, changed by `files` (path → content)."""
    shutil.copytree(APPS / app, folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, files or {})
    return folder


def commit(folder: Path, files: Mapping[str, str], message: str = "a change") -> str:
    """Writes the files and commits; the commit's id."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD").strip()


def git(folder: Path, *args: str) -> str:
    """Runs git there; fails the test if it fails."""
    done = git_run(folder, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def git_run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs git there, with nobody's settings."""
    return subprocess.run(
        ["git", *args], cwd=folder, env=git_environment(), capture_output=True, text=True, check=False
    )


def git_environment() -> dict[str, str]:
    """An environment in which git knows nobody and asks nothing."""
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in
           (("NAME", "Test"), ("EMAIL", "test@localhost"))}  # fmt: skip
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**ours, **who, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}


class Requests:
    """Sends requests to an app from several threads for as long as the block lasts, each client on a connection kept alive."""

    def __init__(self, platform: Platform, app: str, path: str = "/", clients: int = 4) -> None:
        self._platform, self._app, self._path = platform, app, path
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(clients)]
        self.traffic = Traffic()

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        eventually(lambda: self.traffic.answered > 0 or self.traffic.failures)
        return self.traffic

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        url = f"http://127.0.0.1:{self._platform.info['http_port']}{self._path}"
        headers = {"Host": f"{self._app}.{self._platform.info['domain']}"}
        with requests.Session() as session:
            while not self._stop.is_set():
                try:
                    answer = session.get(url, headers=headers, timeout=60)
                except requests.RequestException as exc:
                    self.traffic.failures.append(repr(exc))
                    continue
                if answer.status_code == 200:
                    self.traffic.answered += 1
                else:
                    self.traffic.failures.append(f"{answer.status_code}: {answer.text[:300]}")
                time.sleep(0.005)


def eventually(condition: Callable[[], Any], seconds: float = 120.0) -> Any:
    """What the condition returns once it holds; fails the test if it never does. An answer that doesn't come counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if result := condition():
                return result
        except requests.RequestException:
            pass
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain"
        time.sleep(0.05)
