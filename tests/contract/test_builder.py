"""What every builder promises the pipeline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from paas.adapters import stack_images
from paas.adapters.memory.builder import MemoryBuilder
from paas.config import Settings
from paas.domain.formation import ProcessType
from paas.errors import BuildCancelled, InvalidSource, NothingDetected
from paas.ports.builder import Builder, BuildRequest
from tests.builds import PROCFILE, Files, archive, workshop


@pytest.fixture(params=["memory", "cnb"])
def builder(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Builder]:
    if request.param == "memory":
        yield MemoryBuilder()
        return
    stack_images.ensure(settings, print)
    with workshop(settings) as shop:
        detect = "#!/bin/sh\n[ -f Procfile ] || exit 100\n"
        shop.install("lines", PROCFILE, detect=detect, api="0.8")
        shop.order("test/lines")
        yield shop.builder
        shop.builder.forget("app-1")


APP: Files = {"Procfile": "web: serve $PORT\nworker: work\nrelease: migrate\n"}


def never() -> bool:
    return False


def drop(text: str) -> None:
    """Nobody reads this log."""


def request_for(files: Files, settings: Settings) -> BuildRequest:
    source = archive(settings.data_dir / "source.tar", files)
    return BuildRequest("build-1", "app-1", "shop", source, "c0ffee", {}, None)


def test_an_image_with_process_types_comes_out(builder: Builder, settings: Settings) -> None:
    log: list[str] = []

    result = builder.build(request_for(APP, settings), log.append, never)

    assert result.slug.image.startswith("sha256:")
    assert result.slug.process_types == (
        ProcessType("web", "serve $PORT", ("serve $PORT",)),
        ProcessType("worker", "work", ("work",)),
    )
    assert result.slug.release_command == "migrate"
    assert result.slug.commit == "c0ffee"
    assert result.slug.size > 0
    assert result.buildpacks
    assert "".join(log).startswith("-----> ")
    assert all(text.endswith("\n") for text in log)


def test_the_same_request_twice_is_the_same_image(builder: Builder, settings: Settings) -> None:
    request = request_for(APP, settings)

    assert builder.build(request, drop, never).slug == builder.build(request, drop, never).slug


def test_a_source_that_fits_nobody(builder: Builder, settings: Settings) -> None:
    with pytest.raises(NothingDetected) as nothing:
        builder.build(request_for({"README": "x"}, settings), drop, never)

    assert nothing.value.tried


def test_what_is_no_archive_is_refused(builder: Builder, settings: Settings) -> None:
    request = request_for(APP, settings)
    request.source.write_text("not a tar")

    with pytest.raises(InvalidSource):
        builder.build(request, drop, never)


def test_a_cancelled_build_ends(builder: Builder, settings: Settings) -> None:
    with pytest.raises(BuildCancelled):
        builder.build(request_for(APP, settings), drop, lambda: True)


def test_discarding_and_forgetting_may_be_done_twice(builder: Builder, settings: Settings) -> None:
    builder.build(request_for(APP, settings), drop, never)

    for _ in range(2):
        builder.discard("build-1")
        builder.discard("never-heard-of")
        builder.forget("app-1")
        builder.forget("app-2")
