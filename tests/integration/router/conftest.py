"""A running router, and web processes behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.haproxy import RunningRouter, Web, running_router, web


@pytest.fixture
def running() -> Iterator[RunningRouter]:
    with running_router(request_timeout=1) as running:
        yield running


@pytest.fixture
def app() -> Iterator[Web]:
    with web("web.1-aaaa") as server:
        yield server


@pytest.fixture
def other() -> Iterator[Web]:
    with web("web.2-bbbb") as server:
        yield server


@pytest.fixture
def platform(running: RunningRouter) -> Iterator[Web]:
    """What answers in place of the control plane."""
    running.settings.web_socket.unlink(missing_ok=True)
    with web("platform", running.settings.web_socket) as server:
        running.settings.web_socket.chmod(0o660)
        yield server
