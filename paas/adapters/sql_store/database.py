"""The engine, its transactions, and the one place where the vendor's exceptions become ours."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event, exc
from sqlalchemy.engine import Engine

from paas.errors import Conflict, Invalid, PaasError, PlatformFault, StoreBusy

BUSY_TIMEOUT = 5.0  # seconds that a writer waits for another one: our transactions take milliseconds


class Database:
    """Short transactions on one engine. Connects on first use; safe to use before and after a fork, and by threads."""

    def __init__(self, url: str) -> None:
        """Raises `Invalid` for a URL that names no database we can drive."""
        self.engine = _engine(url)
        _open.add(self)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot, however many statements."""
        with _mapped(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """All or nothing. SQLite's write lock is taken at the start: a transaction that reads first and upgrades later
        is refused if anybody wrote in between, however long it is willing to wait."""
        with _mapped(), self.engine.connect().execution_options(paas_write=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Closes what is idle. The next use connects again."""
        self.engine.dispose()


_open: weakref.WeakSet[Database] = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_open):
        database.close()


# SQLite's locks belong to the process that opened the file, but its bookkeeping of them is copied by fork: a child would
# believe that it holds locks which it doesn't, even on connections of its own (sqlite.org/howtocorrupt.html, 2.6).
# So no connection may be open while we fork. (`subprocess` doesn't come this way: what it starts closes all files.)
os.register_at_fork(before=_close_all)


def _engine(url: str) -> Engine:
    # Heroku's DATABASE_URL says postgres://, a name that SQLAlchemy dropped.
    url = "postgresql" + url.removeprefix("postgres") if url.startswith("postgres://") else url
    try:
        engine = create_engine(url, pool_size=4, max_overflow=28, pool_timeout=BUSY_TIMEOUT, pool_use_lifo=True)
    except (exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise Invalid("PAAS_DATABASE_URL", _scheme(url), f"names a database we have no driver for ({error})") from error
    except (exc.ArgumentError, ValueError) as error:
        raise Invalid("PAAS_DATABASE_URL", _scheme(url), "is not a database's URL") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _scheme(url: str) -> str:
    """What may be told of a URL that may hold a password."""
    return url.partition("://")[0] if "://" in url else "…"


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    # FULL, not NORMAL: in WAL mode NORMAL doesn't sync on commit, and a push that we acknowledged must outlive a power
    # cut. WAL itself is set by `migrate`; it is a property of the file.
    connection.executescript(
        f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    )


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("paas_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except exc.IntegrityError as error:
        raise Conflict(f"it changed at the same moment ({error.orig})") from error
    except exc.DataError as error:
        raise Invalid("value", "…", f"can't be stored ({error.orig})") from error
    except UnicodeEncodeError as error:
        raise Invalid("text", ascii(error.object), "is not valid Unicode") from error
    except exc.SQLAlchemyError as error:
        raise _unanswered(error) from error


def _unanswered(error: exc.SQLAlchemyError) -> PaasError:
    transient = isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)
    # SQLite calls everything operational, also SQL that doesn't fit the tables: that is for us to mend.
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    what = str(getattr(error, "orig", None) or error)
    return StoreBusy(what) if transient and code != sqlite3.SQLITE_ERROR else PlatformFault(f"store: {what}")
