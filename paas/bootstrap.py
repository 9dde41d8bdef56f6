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


def connect(settings: Settings) -> Services:
    """The services of an instance, on the real parts."""
    # Imported here: whoever needs only the type `Services` (every module of the pipeline) loads no vendor.
    from paas.adapters import key_file, redis_client
    from paas.adapters.docker_client import DockerClient
    from paas.adapters.docker_engine import DockerEngine
    from paas.adapters.docker_image_store import DockerImageStore
    from paas.adapters.docker_images import DockerImages
    from paas.adapters.docker_networks import DockerNetworks
    from paas.adapters.docker_sandbox import DockerSandbox
    from paas.adapters.file_build_logs import FileBuildLogs
    from paas.adapters.file_layer_store import FileLayerStore
    from paas.adapters.file_leases import FileLeases
    from paas.adapters.git_repos import GitRepos
    from paas.adapters.haproxy.router import HaproxyRouter
    from paas.adapters.redis_logs import RedisAppLogs, RedisSignals
    from paas.adapters.rq_queue import RqQueue
    from paas.adapters.sql_store import SqlStore
    from paas.adapters.system_clock import SystemClock
    from paas.lifecycle.builder import CnbBuilder

    clock = SystemClock()
    docker = DockerClient(settings.docker_host)
    sandbox = DockerSandbox(docker, DockerNetworks(docker, settings), settings)
    leases = FileLeases(settings.leases_dir)
    text = redis_client.connect(settings.redis_socket, text=True)
    return Services(
        settings=settings,
        store=SqlStore(settings.database, key_file.load_or_create(settings.key_file), clock),
        engine=DockerEngine(docker, settings),
        images=DockerImages(docker, settings),
        router=HaproxyRouter(settings, leases),
        builder=CnbBuilder(settings, sandbox, DockerImageStore(docker), FileLayerStore(settings.layers_dir)),
        queue=RqQueue(redis_client.connect(settings.redis_socket), settings),
        leases=leases,
        app_logs=RedisAppLogs(text, settings.name),
        build_logs=FileBuildLogs(settings.builds_dir),
        signals=RedisSignals(text, settings.name),
        repos=GitRepos(settings),
        clock=clock,
    )
