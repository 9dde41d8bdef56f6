"""Several processes on one database: numbers, locks, forks, kills."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO

import pytest

from paas.adapters.memory.clock import MemoryClock
from paas.adapters.sql_store import SqlStore, database
from paas.domain.app import App
from paas.domain.user import User
from paas.errors import StoreBusy

from .conftest import KEY

_OPEN = """
import sys
from paas.adapters.sql_store import SqlStore
from paas.adapters.system_clock import SystemClock
url, key, app_id, user_id = sys.argv[1:]
store = SqlStore(url, bytes.fromhex(key), SystemClock())
"""


_ENVIRONMENT = {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def user(sql_store: SqlStore) -> User:
    return sql_store.users.add("ada@example.org", "hash", is_admin=True)


@pytest.fixture
def app(sql_store: SqlStore, user: User) -> App:
    return sql_store.apps.add("hello", user.id)


@contextmanager
def _process(script: str, url: str, app: App, user: User) -> Iterator[subprocess.Popen[str]]:
    """Another Python process with `store` open; killed at the end if need be."""
    argv = [sys.executable, "-W", "error", "-c", _OPEN + script, url, KEY.hex(), app.id, user.id]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_ENVIRONMENT) as process:
        try:
            yield process
        finally:
            process.kill()


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def test_releases_of_several_processes_are_numbered_without_gaps_or_twins(
    sql_store: SqlStore, database_url: str, app: App, user: User
) -> None:
    script = """
for n in range(10):
    store.configs.update(app_id, {f"P{sys.stdin.fileno()}": str(n), f"BY_{user_id[:4]}_{id(store) % 997}": str(n)}, user_id)
    print(store.releases.add(app_id, "Deploy", user_id, slug=None).version)
"""
    with (
        _process(script, database_url, app, user) as first,
        _process(script, database_url, app, user) as second,
        _process(script, database_url, app, user) as third,
    ):
        outputs = [p.communicate(timeout=60)[0] for p in (first, second, third)]
        assert [p.returncode for p in (first, second, third)] == [0, 0, 0]

    told = [int(line) for output in outputs for line in output.split()]
    versions = [r.version for r in sql_store.releases.list(app.id, descending=False)]
    assert len(told) == len(set(told)) == 30
    assert versions == list(range(1, len(versions) + 1))
    assert set(told) < set(versions)
    assert sql_store.apps.get(app.id).generation == len(versions) - 1


def test_config_changes_of_several_threads_are_all_kept(sql_store: SqlStore, app: App, user: User) -> None:
    def change(name: str) -> None:
        for n in range(5):
            sql_store.configs.update(app.id, {f"{name}_{n}": str(n)}, user.id)

    threads = [threading.Thread(target=change, args=(f"T{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sql_store.configs.get(app.id)) == 40
    assert sql_store.releases.list(app.id, limit=1)[0].version == 41


def test_a_store_used_before_a_fork_is_usable_on_both_sides(sql_store: SqlStore, app: App, user: User) -> None:
    assert _open_files()  # the parent has a connection open

    child = os.fork()
    if child == 0:
        status = 1
        try:
            inherited = _open_files()
            sql_store.configs.update(app.id, {"CHILD": "1"}, user.id)
            status = 2 if inherited else 0
        finally:
            os._exit(status)
    sql_store.configs.update(app.id, {"PARENT": "1"}, user.id)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert sql_store.configs.get(app.id) == {"CHILD": "1", "PARENT": "1"}


def _open_files() -> list[str]:
    links = (Path("/proc/self/fd") / fd for fd in os.listdir("/proc/self/fd"))  # noqa: PTH208  (its own fd is in the list)
    return [str(link.readlink()) for link in links if link.is_symlink() and "store.db" in str(link.readlink())]


def test_a_writer_killed_in_mid_change_leaves_nothing_and_blocks_nobody(
    sql_store: SqlStore, database_url: str, app: App, user: User
) -> None:
    script = """
from paas.adapters.sql_store import events
def stop_here(*_arguments, **_options):
    print("in the middle", flush=True)
    sys.stdin.read()
events.record = stop_here
store.apps.rename(app_id, "half-done", user_id)
"""
    with _process(script, database_url, app, user) as writer:
        assert _pipe(writer.stdout).readline() == "in the middle\n"
        assert sql_store.apps.get(app.id).name == "hello"  # readers don't wait for it
        writer.send_signal(signal.SIGKILL)
        writer.wait(timeout=60)

    assert sql_store.apps.get(app.id) == app
    assert sql_store.apps.rename(app.id, "done", user.id).name == "done"


def test_what_a_process_was_told_is_written_survives_its_death(
    sql_store: SqlStore, database_url: str, app: App, user: User
) -> None:
    script = """
store.configs.update(app_id, {"KEPT": "1"}, user_id)
print("written", flush=True)
sys.stdin.read()
"""
    with _process(script, database_url, app, user) as writer:
        assert _pipe(writer.stdout).readline() == "written\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait(timeout=60)

    assert sql_store.configs.get(app.id) == {"KEPT": "1"}


def test_a_database_locked_for_too_long_is_busy_and_unharmed(
    database_url: str, app: App, user: User, clock: MemoryClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.05)
    impatient = SqlStore(database_url, KEY, clock)
    token = "d" * 64
    impatient.tokens.add(user.id, token, "laptop")

    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            impatient.apps.rename(app.id, "renamed", user.id)
        assert impatient.apps.get("hello") == app
        assert impatient.tokens.user_of(token) == user  # that its use can't be noted keeps nobody out

    assert impatient.apps.rename(app.id, "renamed", user.id).name == "renamed"
    impatient.close()


def test_migrations_of_several_processes_at_once_agree(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fresh.db'}"
    script = "import sys; from paas.adapters.sql_store.migrations import migrate; migrate(sys.argv[1])"

    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen([sys.executable, "-W", "error", "-c", script, url], env=_ENVIRONMENT))
            for _ in range(4)
        ]
        assert [p.wait(timeout=60) for p in processes] == [0, 0, 0, 0]

    store = SqlStore(url, KEY, MemoryClock())
    assert store.apps.list() == []
    store.close()
