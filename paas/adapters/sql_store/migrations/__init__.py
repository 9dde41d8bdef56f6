"""Migrations: `migrate` brings a database to the newest tables, from nothing or from any earlier version.

Foreign keys are enforced while one runs. On SQLite a migration must therefore never rebuild a table that others refer
to (Alembic's batch mode): dropping the old one would delete all that belongs to its rows. Add columns and tables instead.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from alembic import command
from alembic.config import Config

from paas.adapters.sql_store.database import BUSY_TIMEOUT, Database
from paas.errors import StoreBusy


def migrate(database_url: str) -> None:
    """Creates the database if it is SQLite and missing. All or nothing, also when killed; idempotent; two at once wait
    for each other. Raises as `Store` does."""
    database = Database(database_url)
    try:
        if database.engine.dialect.name == "sqlite" and database.engine.url.database:
            _prepare_sqlite(Path(database.engine.url.database))
        with database.write() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        database.close()


def _prepare_sqlite(path: Path) -> None:
    try:
        # Password hashes are in it. SQLite gives its journals the mode of the database. (An existing one isn't opened: to
        # close it again would drop the locks that this process holds on it, see sqlite.org/howtocorrupt.html, 2.2.)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with _alone(path.parent), closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
            # Readers and the writer don't wait for each other then. Kept by the file; refused within a transaction.
            connection.execute("PRAGMA journal_mode = WAL")
    except (OSError, sqlite3.Error) as exc:
        raise StoreBusy(f"{path} can't be opened: {exc}") from exc


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits for others who are here: SQLite gives up at once when two switch to WAL together."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
