"""A platform of its own for a benchmark: started by bin/up beside any other, and purged at the end.

Talks to it as a user would: git, HTTP, and the stable contract of `bin/paas info --json` and `bin/paas token create`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from paas.entrypoints.cli.loopback import resolve_localhost_names

resolve_localhost_names()

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Instance:
    """A running platform."""

    name: str
    info: dict[str, Any]
    token: str

    @property
    def api(self) -> requests.Session:
        session = requests.Session()
        session.headers.update(
            {"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.heroku+json; version=3"}
        )
        return session

    def create(self, app: str) -> None:
        """Creates the app."""
        self.api.post(f"{self.info['api']}/apps", json={"name": app}, timeout=30).raise_for_status()

    def scale(self, app: str, process_type: str, quantity: int) -> None:
        """Asks for so many processes; returns when the platform has taken it down, not when they run."""
        updates = {"updates": [{"type": process_type, "quantity": quantity}]}
        self.api.patch(f"{self.info['api']}/apps/{app}/formation", json=updates, timeout=30).raise_for_status()

    def processes_up(self, app: str, process_type: str) -> int:
        """How many processes of the type are up."""
        dynos = self.api.get(f"{self.info['api']}/apps/{app}/dynos", timeout=30).json()
        return sum(1 for d in dynos if d["type"] == process_type and d["state"] == "up")

    def push(self, folder: Path, app: str) -> str:
        """`git push`; what it printed. Raises if it was rejected."""
        scheme, _, rest = self.info["git"].partition("://")
        url = f"{scheme}://bench:{self.token}@{rest}/{app}.git"
        done = git(folder, "push", "--force", url, "HEAD:refs/heads/main")
        return done.stderr

    def get(self, app: str, path: str = "/") -> requests.Response:
        """A request through the router."""
        return requests.get(
            f"http://127.0.0.1:{self.info['http_port']}{path}",
            headers={"Host": f"{app}.{self.info['domain']}"},
            timeout=30,
        )


@contextlib.contextmanager
def instance() -> Iterator[Instance]:
    """A fresh platform on free ports."""
    name = f"bench-{os.getpid()}"
    data_dir = Path(tempfile.mkdtemp(prefix="pb-", dir="/tmp"))
    environment = {**os.environ, "PAAS_NAME": name, "PAAS_DATA_DIR": str(data_dir)}
    ports = ["--http-port", str(_free_port()), "--https-port", str(_free_port())]
    try:
        _run([ROOT / "bin" / "up", "--no-sample", *ports], environment)
        info = json.loads(_run([ROOT / "bin" / "paas", "info", "--json"], environment))
        token = _run([ROOT / "bin" / "paas", "token", "create"], environment).split()[-1]
        yield Instance(name, info, token)
    finally:
        _run([ROOT / "bin" / "down", "--purge"], environment)
        shutil.rmtree(data_dir, ignore_errors=True)


def sample_repository(folder: Path) -> Path:
    """A git repository with the Flask sample in it."""
    shutil.copytree(ROOT / "tests" / "apps" / "python_flask", folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "first")
    return folder


def commit(folder: Path, message: str) -> None:
    """Commits everything in the folder."""
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "-m", message)


def git(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs git there, without anybody's settings. Raises with what it printed."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", *args], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {args[0]} failed:\n{done.stdout}{done.stderr}")
    return done


def wait_for(condition: Any, seconds: float = 120.0) -> float:
    """Waits until it holds; the seconds that took."""
    begun = time.perf_counter()
    while not condition():
        if time.perf_counter() - begun > seconds:
            raise SystemExit(f"waited {seconds:g} s in vain")
        time.sleep(0.005)
    return time.perf_counter() - begun


def table(title: str, rows: Sequence[tuple[str, Sequence[float]]], floor: str, unit: str = "s") -> None:
    """Prints the median, minimum and maximum of each row, and the ratio of its median to the floor's."""
    base = statistics.median(next(values for name, values in rows if name == floor))
    print(f"\n{title}\n{'':38}{'median':>10}{'min':>10}{'max':>10}{'× floor':>10}")
    for name, values in rows:
        middle = statistics.median(values)
        print(
            f"{name:38}{middle:>8.3f} {unit}{min(values):>8.3f} {unit}{max(values):>8.3f} {unit}{middle / base:>9.2f}×"
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(argv: Sequence[str | Path], environment: dict[str, str]) -> str:
    done = subprocess.run([str(a) for a in argv], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{argv[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout
