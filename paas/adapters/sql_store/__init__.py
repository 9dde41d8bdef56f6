"""The store on SQL: SQLite by default, PostgreSQL by DATABASE_URL. `migrations.migrate` makes the tables first."""

from __future__ import annotations

from paas.adapters.sql_store.apps import SqlApps
from paas.adapters.sql_store.builds import SqlBuilds
from paas.adapters.sql_store.configs import SqlConfigs
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.domains import SqlDomains
from paas.adapters.sql_store.events import SqlEvents
from paas.adapters.sql_store.formations import SqlFormations
from paas.adapters.sql_store.releases import SqlReleases
from paas.adapters.sql_store.secrets import ConfigCipher
from paas.adapters.sql_store.tokens import SqlTokens
from paas.adapters.sql_store.users import SqlUsers
from paas.ports.clock import Clock
from paas.ports.store import Apps, Builds, Configs, Domains, Events, Formations, Releases, Tokens, Users


class SqlStore:
    """`Store` on one database. Connects on first use; shared by threads, and safe to use before and after a fork."""

    def __init__(self, database_url: str, key: bytes, clock: Clock) -> None:
        """`key` is the instance's (`key_file`). Raises `Invalid` if the URL names no database we can drive."""
        self._database = database = Database(database_url)
        cipher = ConfigCipher(key)
        self.users: Users = SqlUsers(database, clock)
        self.tokens: Tokens = SqlTokens(database, clock)
        self.apps: Apps = SqlApps(database, clock, cipher)
        self.configs: Configs = SqlConfigs(database, clock, cipher)
        self.releases: Releases = SqlReleases(database, clock, cipher)
        self.formations: Formations = SqlFormations(database, clock)
        self.builds: Builds = SqlBuilds(database, clock)
        self.domains: Domains = SqlDomains(database, clock)
        self.events: Events = SqlEvents(database, clock)

    def close(self) -> None:
        """Closes the idle connections."""
        self._database.close()
