"""The database under the store: how it is set up, which errors become which, and that every query has its index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from paas.adapters.memory.clock import MemoryClock
from paas.adapters.sql_store import SqlStore, models
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.migrations import migrate
from paas.domain.build import Build, BuildStatus
from paas.domain.formation import Scale
from paas.domain.release import ReleaseStatus
from paas.errors import Conflict, Invalid, PlatformFault, StoreBusy

from .conftest import KEY, slug


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    migrate(database_url)
    database = Database(database_url)
    yield database.engine
    database.close()


# --- migrations -------------------------------------------------------------------------------------------------


def test_migrations_and_models_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, models.metadata) == []


def test_migrations_make_the_same_tables_to_the_letter_as_the_models(engine: Engine, tmp_path: Path) -> None:
    """Alembic compares neither partial indexes nor what a foreign key does on delete."""
    modelled = create_engine(f"sqlite:///{tmp_path / 'modelled.db'}")
    models.metadata.create_all(modelled)

    assert _schema(engine) == _schema(modelled)
    modelled.dispose()


def _schema(engine: Engine) -> dict[str, set[str]]:
    """Each table's and index's columns and constraints; those of a table have no order."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(query).all()
    return {name: {line.strip(" \t,") for line in sql.splitlines()} for name, sql in rows}


def test_migrating_again_changes_nothing(database_url: str, sql_store: SqlStore) -> None:
    user = sql_store.users.add("ada@example.org", "hash", is_admin=True)

    migrate(database_url)

    assert sql_store.users.list() == [user]


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("killed here")

    monkeypatch.setattr("alembic.op.create_index", fail)
    with pytest.raises(RuntimeError):
        migrate(url)
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()

    monkeypatch.undo()
    migrate(url)


def test_the_tables_can_be_made_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in models.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))


# --- settings ---------------------------------------------------------------------------------------------------


def test_what_is_committed_survives_a_power_cut_and_readers_dont_wait(engine: Engine) -> None:
    with engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2  # FULL
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 5000


# --- errors -----------------------------------------------------------------------------------------------------


def test_a_database_out_of_reach_is_busy(clock: MemoryClock, tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'no such folder' / 'store.db'}", KEY, clock)

    with pytest.raises(StoreBusy):
        store.apps.list()
    with pytest.raises(StoreBusy):
        migrate(f"sqlite:///{tmp_path / 'no such folder' / 'store.db'}")


def test_missing_tables_are_ours_to_mend(clock: MemoryClock, tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'empty.db'}", KEY, clock)

    with pytest.raises(PlatformFault, match="no such table"):
        store.apps.list()
    store.close()


def test_a_file_that_is_no_database_is_ours_to_mend(clock: MemoryClock, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"something else" * 1000)
    store = SqlStore(f"sqlite:///{tmp_path / 'store.db'}", KEY, clock)

    with pytest.raises(PlatformFault):
        store.apps.list()
    store.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle9://user:hunter2@host/db", "://", "postgres://u:hunter2@h:port/db"])
def test_a_url_that_names_no_database_is_invalid_and_its_password_stays_secret(clock: MemoryClock, url: str) -> None:
    with pytest.raises(Invalid) as caught:
        SqlStore(url, KEY, clock)

    assert caught.value.field == "PAAS_DATABASE_URL"
    assert "hunter2" not in f"{caught.value} {caught.value.value}"


def test_text_that_is_no_unicode_is_invalid_where_it_names_something(sql_store: SqlStore) -> None:
    with pytest.raises(Invalid):
        sql_store.apps.get("\ud800")


def test_nothing_belongs_to_an_app_that_is_not_there(engine: Engine) -> None:
    values = {"app_id": "no-such-app", "type": "web", "quantity": 1}
    database = Database(str(engine.url))

    with pytest.raises(Conflict), database.write() as connection:
        connection.execute(models.formations.insert().values(values))
    database.close()


# --- cost -------------------------------------------------------------------------------------------------------


def test_no_method_reads_a_whole_table_but_those_that_list_it(sql_store: SqlStore, clock: MemoryClock) -> None:
    plans: dict[str, list[str]] = {}

    @event.listens_for(sql_store._database.engine, "before_cursor_execute")
    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans[statement] = [row[3] for row in rows]

    user = sql_store.users.add("ada@example.org", "hash", is_admin=True)
    _use_everything(sql_store, clock, user.id)

    scanned = {(step, statement) for statement, steps in plans.items() for step in steps if step.startswith("SCAN")}
    assert len(plans) > 30
    # The events of all apps are read from the end of the table, no further than the limit.
    assert {step for step, _ in scanned} <= {"SCAN events", "SCAN users"}
    assert all("LIMIT" in statement for step, statement in scanned if step == "SCAN events")
    # Who the admins are is asked when a user is removed.
    assert all("is_admin" in statement for step, statement in scanned if step == "SCAN users")
    sorts = [statement for statement, steps in plans.items() if any("TEMP B-TREE" in step for step in steps)]
    # Of builds, only the few unfinished ones are sorted.
    assert not [s for s in sorts if "releases" in s or ("builds" in s and "status IN" not in s)]


def _use_everything(store: SqlStore, clock: MemoryClock, user_id: str) -> None:
    """Each method that costs the same however many apps there are. `apps.list()` and `users.list()` don't."""
    app = store.apps.add("hello", user_id)
    store.apps.get("hello")
    store.apps.get(app.id)
    store.apps.list(user_id)
    store.apps.rename(app.id, "goodbye", user_id)
    store.apps.set_maintenance(app.id, True, user_id)
    store.apps.request_restart(app.id, "web", user_id)
    store.apps.request_restart(app.id, "web", user_id)
    store.apps.restart_marks(app.id)
    store.users.get(user_id)
    store.users.get("ada@example.org")
    store.users.set_password(user_id, "hash")
    store.users.remove(store.users.add("bob@example.org", "hash", is_admin=False).id)
    token = store.tokens.add(user_id, "d" * 64, "laptop")
    store.tokens.user_of("d" * 64)
    store.tokens.list(user_id)
    store.tokens.revoke(token.id, user_id)
    store.configs.update(app.id, {"A": "1"}, user_id)
    store.configs.get(app.id)
    release = store.releases.add(app.id, "Deploy", user_id, slug=slug("web"))
    store.releases.get(app.id, "v1")
    store.releases.get(app.id, release.id)
    store.releases.by_id(release.id)
    store.releases.list(app.id)
    store.releases.list(app.id, descending=False, limit=3)
    store.releases.pending()
    store.releases.finish(release.id, ReleaseStatus.SUCCEEDED)
    store.releases.current(app.id)
    store.formations.get(app.id)
    store.formations.scale(app.id, [Scale("web", 2)], user_id)
    store.formations.scale(app.id, [Scale("web", 3)], user_id)
    store.builds.add(Build("b1", app.id, user_id, BuildStatus.PENDING, clock.now()))
    store.builds.get("b1")
    store.builds.list(app.id)
    store.builds.unfinished()
    store.builds.start("b1")
    store.builds.finish("b1", BuildStatus.FAILED)
    store.domains.add(app.id, "www.example.org", user_id)
    store.domains.list(app.id)
    store.domains.remove(app.id, "www.example.org", user_id)
    store.events.list()
    store.events.list(app.id)
    store.apps.remove(app.id, user_id)
