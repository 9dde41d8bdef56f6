"""What is on disk: no config in clear, no token, nothing that another key opens; and who may read it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from paas.adapters.memory.clock import MemoryClock
from paas.adapters.sql_store import SqlStore
from paas.adapters.sql_store.secrets import ConfigCipher
from paas.domain.user import new_token, token_digest
from paas.errors import PlatformFault

from .conftest import KEY


@pytest.fixture
def on_disk(sql_store: SqlStore, tmp_path: Path) -> Path:
    """The folder with the database, its journals still there: closing would move them into the database."""
    user = sql_store.users.add("ada@example.org", "hash", is_admin=True)
    app = sql_store.apps.add("hello", user.id)
    sql_store.configs.update(app.id, {"SECRET_NAME": "secret-value"}, user.id)
    sql_store.configs.update(app.id, {"SECRET_NAME": None, "OTHER": "secret-value"}, user.id)
    return tmp_path


def test_no_file_holds_a_config_value(on_disk: Path) -> None:
    files = {f.name: f.read_bytes() for f in on_disk.iterdir()}

    assert "store.db-wal" in files
    assert b"hello" in b"".join(files.values())
    for name, content in files.items():
        assert b"secret-value" not in content, name


def test_no_file_holds_a_token(sql_store: SqlStore, on_disk: Path) -> None:
    secret = new_token()
    sql_store.tokens.add(sql_store.users.list()[0].id, token_digest(secret), "laptop")

    content = b"".join(f.read_bytes() for f in on_disk.iterdir())
    assert token_digest(secret).encode() in content
    assert secret.encode() not in content
    assert secret.removeprefix("paas-").encode() not in content


def test_only_the_owner_may_read_the_files(on_disk: Path) -> None:
    assert {f.name: oct(f.stat().st_mode & 0o777) for f in on_disk.iterdir()} == {
        "store.db": "0o600",
        "store.db-wal": "0o600",
        "store.db-shm": "0o600",
    }


def test_another_key_opens_nothing_and_says_what_to_do(on_disk: Path, database_url: str, clock: MemoryClock) -> None:
    other = SqlStore(database_url, bytes(32), clock)
    app = other.apps.get("hello")

    with pytest.raises(PlatformFault, match="key file is not the one"):
        other.configs.get(app.id)

    other.close()


def test_a_config_copied_to_another_app_does_not_open(sql_store: SqlStore, on_disk: Path) -> None:
    thief = sql_store.apps.add("thief", sql_store.users.list()[0].id)
    with closing(sqlite3.connect(on_disk / "store.db")) as connection:
        connection.execute(
            "UPDATE releases SET config = (SELECT config FROM releases WHERE version = 3) WHERE app_id = ?", (thief.id,)
        )
        connection.commit()

    with pytest.raises(PlatformFault):
        sql_store.configs.get(thief.id)


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "format"])
def test_an_altered_config_does_not_open(damage: str) -> None:
    cipher = ConfigCipher(KEY)
    sealed = cipher.seal({"A": "1"}, "app")
    altered = {
        "flipped": sealed[:-1] + bytes([sealed[-1] ^ 1]),
        "cut": sealed[:20],
        "empty": b"",
        "format": b"\x02" + sealed[1:],
    }[damage]

    with pytest.raises(PlatformFault):
        cipher.open(altered, "app")


def test_the_same_config_is_never_sealed_to_the_same_bytes() -> None:
    cipher = ConfigCipher(KEY)

    assert cipher.seal({"A": "1"}, "app") != cipher.seal({"A": "1"}, "app")
