"""The only place that constructs adapters: settings → Services. Nothing connects before it is first used."""

from __future__ import annotations

from dataclasses import dataclass

from paas.config import Settings
from paas.ports.builder import Builder
from paas.ports.clock import Clock
from paas.ports.engine import Engine
from paas.ports.images import Images
from paas.ports.leases import Leases
from paas.ports.logs import AppLogs, BuildLogs, Signals
from paas.ports.queue import Queue
from paas.ports.repos import Repos
from paas.ports.router import Router
from paas.ports.store import Store


@dataclass(frozen=True)
class Services:
    """What every stage of the pipeline is given."""

    settings: Settings
    store: Store
    engine: Engine
    images: Images
    router: Router
    builder: Builder
    queue: Queue
    leases: Leases
    app_logs: AppLogs
    build_logs: BuildLogs
    signals: Signals
    repos: Repos
    clock: Clock
