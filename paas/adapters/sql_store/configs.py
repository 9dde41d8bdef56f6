"""Configs: an app's config vars are those of its newest release, so there is one copy and no way to disagree."""

from __future__ import annotations

from collections.abc import Mapping

from paas.adapters.sql_store import generation, releases
from paas.adapters.sql_store.database import Database
from paas.adapters.sql_store.secrets import ConfigCipher
from paas.domain.config_vars import check_change, describe_change
from paas.domain.release import Release
from paas.ports.clock import Clock


class SqlConfigs:
    def __init__(self, database: Database, clock: Clock, cipher: ConfigCipher) -> None:
        self._database = database
        self._clock = clock
        self._cipher = cipher

    def get(self, app_id: str) -> dict[str, str]:
        with self._database.read() as connection:
            return releases.newest_config(connection, app_id, self._cipher)

    def update(self, app_id: str, changes: Mapping[str, str | None], user_id: str) -> Release | None:
        now = self._clock.now()
        with self._database.write() as connection:
            app = generation.lock(connection, app_id)
            before = releases.newest_config(connection, app_id, self._cipher)
            after = check_change(before, changes)
            if after == before:
                return None
            effective = {key: after.get(key) for key in changes if after.get(key) != before.get(key)}
            slug = releases.slug_of(connection.execute(releases.current_of(app_id)).one().slug)
            draft = releases.Draft(app_id, describe_change(effective), user_id, after, slug, follows_slug=True)
            release = releases.append(connection, draft, now, self._cipher)
            generation.advance(connection, app, now)
        return release
