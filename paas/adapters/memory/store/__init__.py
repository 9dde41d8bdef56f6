"""The store in memory: dictionaries under one lock, so each method is as atomic as a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from paas.adapters.memory.clock import MemoryClock
from paas.adapters.memory.store.accounts import MemoryTokens, MemoryUsers
from paas.adapters.memory.store.apps import MemoryApps, MemoryDomains, MemoryFormations
from paas.adapters.memory.store.deploys import MemoryBuilds, MemoryConfigs, MemoryReleases
from paas.adapters.memory.store.rows import Part, Rows
from paas.domain.event import Event
from paas.ports import store as port
from paas.ports.clock import Clock


class MemoryStore:
    """`Store` for tests."""

    def __init__(self, clock: Clock | None = None) -> None:
        rows = Rows(clock or MemoryClock())
        self.users: port.Users = MemoryUsers(rows)
        self.tokens: port.Tokens = MemoryTokens(rows)
        self.apps: port.Apps = MemoryApps(rows)
        self.configs: port.Configs = MemoryConfigs(rows)
        self.releases: port.Releases = MemoryReleases(rows)
        self.formations: port.Formations = MemoryFormations(rows)
        self.builds: port.Builds = MemoryBuilds(rows)
        self.domains: port.Domains = MemoryDomains(rows)
        self.events: port.Events = MemoryEvents(rows)


class MemoryEvents(Part):
    def list(self, app_id: str | None = None, limit: int = 100) -> Sequence[Event]:
        with self._rows.lock:
            return [e for e in reversed(self._rows.events) if app_id in (None, e.app_id)][:limit]

    def add(self, action: str, detail: str, *, user_id: str | None, app_id: str | None) -> None:
        with self._rows.lock:
            self._rows.record(action, detail, user_id, app_id)
