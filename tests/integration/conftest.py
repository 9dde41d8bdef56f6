"""What tests of buildpacks share."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from paas.adapters import stack_images
from paas.config import Settings
from tests.buildpacks import BuildBox, build_box


@pytest.fixture(scope="session")
def shared_box() -> Iterator[BuildBox]:
    """A container of the build image, for buildpacks to run in. The first run of all has to make the image."""
    settings = Settings(name=f"t-{secrets.token_hex(4)}")
    stack_images.ensure(settings, print)
    with build_box(settings) as box:
        yield box


@pytest.fixture
def box(shared_box: BuildBox) -> BuildBox:
    """The same, with nothing left in it by the test before."""
    shared_box.clear()
    return shared_box
