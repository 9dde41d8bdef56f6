"""Services on the fakes of every port, and people to act: what most unit tests start from."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from paas.adapters.memory.builder import MemoryBuilder
from paas.adapters.memory.clock import MemoryClock
from paas.adapters.memory.engine import MemoryEngine, Script
from paas.adapters.memory.images import MemoryImages
from paas.adapters.memory.leases import MemoryLeases
from paas.adapters.memory.logs import MemoryAppLogs, MemoryBuildLogs, MemorySignals
from paas.adapters.memory.queue import MemoryQueue
from paas.adapters.memory.repos import MemoryRepos
from paas.adapters.memory.router import MemoryRouter
from paas.adapters.memory.store import MemoryStore
from paas.bootstrap import Services
from paas.config import Settings
from paas.domain.app import App
from paas.domain.formation import ProcessType
from paas.domain.release import Release, ReleaseStatus, Slug
from paas.domain.user import User

IMAGE = "sha256:" + "ab" * 32
NO_PASSWORD = f"scrypt$2$8$1${'00' * 16}${'00' * 32}"  # the hash of none that anybody knows
SCRIPTS = {
    "echo hello": Script(lines=("hello",), exit_code=0),
    "cat": Script(echoes=True),
    "no-such-thing": Script(starts=False),
}


@dataclass(frozen=True)
class Fakes(Services):
    """`Services` whose fakes can be told what to do."""

    clock: MemoryClock
    engine: MemoryEngine
    images: MemoryImages
    queue: MemoryQueue
    router: MemoryRouter


@pytest.fixture
def services(tmp_path: Path) -> Fakes:
    """A platform in memory. Its secret key is in place."""
    settings = Settings(name=f"t-{secrets.token_hex(4)}", data_dir=tmp_path)
    settings.key_file.write_bytes(secrets.token_bytes(32))
    clock = MemoryClock()
    return Fakes(
        settings=settings,
        store=MemoryStore(clock),
        engine=MemoryEngine(clock, SCRIPTS),
        images=MemoryImages(IMAGE),
        router=MemoryRouter(),
        builder=MemoryBuilder(),
        queue=MemoryQueue(),
        leases=MemoryLeases(),
        app_logs=MemoryAppLogs(),
        build_logs=MemoryBuildLogs(),
        signals=MemorySignals(),
        repos=MemoryRepos(settings.repos_dir),
        clock=clock,
    )


@pytest.fixture
def admin(services: Fakes) -> User:
    return services.store.users.add("admin@example.org", NO_PASSWORD, is_admin=True)


@pytest.fixture
def owner(services: Fakes) -> User:
    return services.store.users.add("owner@example.org", NO_PASSWORD, is_admin=False)


@pytest.fixture
def stranger(services: Fakes) -> User:
    return services.store.users.add("stranger@example.org", NO_PASSWORD, is_admin=False)


@pytest.fixture
def app(services: Fakes, owner: User) -> App:
    """The owner's app, without code."""
    return services.store.apps.add("shop", owner.id)


@pytest.fixture
def deploy(services: Fakes, app: App, owner: User) -> Callable[..., Release]:
    """`deploy()` gives the app a live release with web and worker; `deploy(release_command="…")` one with that, too."""

    def deploy(release_command: str | None = None, image: str = IMAGE) -> Release:
        services.images.images.add(image)
        types = (ProcessType("web", "serve", ("serve",)), ProcessType("worker", "work", ("work",)))
        slug = Slug(image, types, release_command, commit="c0ffee00", size=1234)
        release = services.store.releases.add(app.id, "Deploy c0ffee00", owner.id, slug=slug)
        services.images.keep(image, app.id, release.version)
        return services.store.releases.finish(
            release.id, ReleaseStatus.SUCCEEDED, "migrated" if release_command else ""
        )

    return deploy
