"""The stores under test, each empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from paas.adapters.memory.clock import MemoryClock
from paas.adapters.memory.store import MemoryStore
from paas.adapters.sql_store import SqlStore
from paas.adapters.sql_store.migrations import migrate
from paas.domain.app import App
from paas.domain.formation import HealthCheck, ProcessType
from paas.domain.release import Slug
from paas.domain.user import User
from paas.ports.store import Store

KEY = bytes(range(32))


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def sql_store(database_url: str, clock: MemoryClock) -> Iterator[SqlStore]:
    migrate(database_url)
    store = SqlStore(database_url, KEY, clock)
    yield store
    store.close()


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, clock: MemoryClock) -> Store:
    if request.param == "memory":
        return MemoryStore(clock)
    sql_store: SqlStore = request.getfixturevalue("sql_store")
    return sql_store


@pytest.fixture
def user(store: Store) -> User:
    return store.users.add("ada@example.org", "hash", is_admin=True)


@pytest.fixture
def app(store: Store, user: User) -> App:
    return store.apps.add("hello", user.id)


def slug(*types: str, image: str = "sha256:1") -> Slug:
    """A slug with these process types, all else as far from the defaults as it gets."""
    process_types = tuple(ProcessType(t, f"run {t}", (f"run {t}", "--now")) for t in types)
    return Slug(image, process_types, "migrate it", HealthCheck("/up"), commit="1a2b3c4d" * 5, size=7)
