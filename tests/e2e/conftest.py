"""One platform for all end-to-end tests (each makes apps of its own); those that break it start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.platform import Platform


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """A running platform, started by the real bin/up and purged at the end."""
    platform = Platform()
    try:
        platform.up()
        yield platform
    finally:
        platform.purge()


@pytest.fixture(scope="session")
def short_boot() -> Iterator[Platform]:
    """Another one, that gives web processes only a few seconds to come up."""
    platform = Platform(boot_timeout="6")
    try:
        platform.up()
        yield platform
    finally:
        platform.purge()
