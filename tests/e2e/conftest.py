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
def strict() -> Iterator[Platform]:
    """Another one, with tight limits: seconds to boot, a small source; and it may fetch tarballs from this machine."""
    platform = Platform(boot_timeout="6", max_source=str(20 * 1024 * 1024), allow_private_sources="1")
    try:
        platform.up()
        yield platform
    finally:
        platform.purge()
