"""Every engine keeps the images of releases, and lets go of none but those."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from paas.adapters.docker_engine import DockerEngine
from paas.adapters.docker_images import DockerImages
from paas.errors import EngineUnavailable, NotFound
from paas.ports.engine import ProcessSpec
from paas.ports.images import Images


def test_an_image_is_here_or_not(images: Images, base_image: str) -> None:
    assert images.exists(base_image)
    assert not images.exists("sha256:" + "0" * 64)
    assert not images.exists("no/such:image")


def test_collecting_leaves_what_is_to_be_kept(images: Images, base_image: str) -> None:
    for release in (1, 2, 10):
        images.keep(base_image, "app-a", release)
        images.keep(base_image, "app-a", release)
    images.keep(base_image, "app-b", 1)

    assert images.collect("app-a", {2, 10}) == 1
    assert images.collect("app-a", {2, 10}) == 0
    assert images.collect("app-a", set()) == 2
    assert images.collect("app-b", set()) == 1


def test_keeping_an_image_that_is_not_here_says_so(images: Images) -> None:
    with pytest.raises(NotFound):
        images.keep("sha256:" + "0" * 64, "app-a", 1)


def test_an_image_goes_with_its_last_release(images: Images, own_image: str) -> None:
    images.keep(own_image, "app-a", 1)
    images.keep(own_image, "app-a", 2)

    images.collect("app-a", {2})
    assert images.exists(own_image)

    images.collect("app-a", set())
    assert not images.exists(own_image)


def test_an_image_that_runs_stays(
    docker_images: DockerImages, docker_engine: DockerEngine, spec: Callable[..., ProcessSpec], untagged_image: str
) -> None:
    docker_images.keep(untagged_image, "app-a", 1)
    process = docker_engine.start(spec("runs", image=untagged_image))

    assert docker_images.collect("app-a", set()) == 0
    assert docker_images.exists(untagged_image)

    docker_engine.stop(process.id, 0)
    assert docker_images.collect("app-a", set()) == 1


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the SDK's, when it can't connect
def test_images_of_an_engine_that_is_down(dead_images: DockerImages) -> None:
    calls: list[Callable[[], object]] = [
        lambda: dead_images.exists("x"),
        lambda: dead_images.keep("x", "app-a", 1),
        lambda: dead_images.collect("app-a", set()),
    ]
    for call in calls:
        with pytest.raises(EngineUnavailable):
            call()
    gc.collect()  # while the warnings are filtered
