"""What every image store promises."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paas.adapters.docker_client import DockerClient
from paas.adapters.docker_image_store import DockerImageStore
from paas.adapters.memory.image_store import MemoryImageStore
from paas.config import Settings
from paas.errors import EngineUnavailable, PlatformFault
from paas.ports.image_store import ImageInfo, ImageLayer, ImageStore


class Desk:
    """A store, a base image in it, and layers to put on top."""

    def __init__(self, store: ImageStore, base: str, settings: Settings) -> None:
        self.store = store
        self.base = base
        self.tag = f"{settings.name}/app-1:build"
        self._top = settings.data_dir

    def layer(self, content: str) -> ImageLayer:
        path = self._top / f"{secrets.token_hex(4)}.tar"
        with tarfile.open(path, "w") as tar:
            member = tarfile.TarInfo("file")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
        return ImageLayer(f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}", path)

    def assemble(self, *layers: ImageLayer, like: tuple[str, ...] = (), tag: str = "", **labels: str) -> str:
        base = self.store.inspect(self.base)
        assert base is not None
        below = [ImageLayer(diff_id, None) for diff_id in base.diff_ids]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["A=1=2"], "Labels": {"test": "1", **labels}},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in (*below, *layers)]},
        }
        data = json.dumps(config, sort_keys=True).encode()
        return self.store.assemble(data, [*below, *layers], tag or self.tag, like=[self.base, *like])


@pytest.fixture(params=["memory", "docker"])
def desk(request: pytest.FixtureRequest, settings: Settings, base_image: str) -> Iterator[Desk]:
    if request.param == "memory":
        store = MemoryImageStore()
        store.put(ImageInfo("sha256:base", ("sha256:one", "sha256:two"), {}, {}), "base")
        yield Desk(store, "base", settings)
    else:
        desk = Desk(DockerImageStore(DockerClient(settings.docker_host)), base_image, settings)
        yield desk
        desk.store.remove(desk.tag)


def test_an_image_is_what_its_configuration_says(desk: Desk) -> None:
    layer = desk.layer("content")

    image = desk.assemble(layer)

    found = desk.store.inspect(desk.tag)
    assert found is not None
    assert found == desk.store.inspect(image)
    assert found.id == image
    assert found.diff_ids[-1] == layer.diff_id
    assert found.labels == {"test": "1"}
    assert found.env == {"A": "1=2"}


def test_the_same_configuration_gives_the_same_image(desk: Desk) -> None:
    layer = desk.layer("content")

    assert desk.assemble(layer) == desk.assemble(layer)


def test_layers_of_images_that_are_alike_need_no_tar(desk: Desk) -> None:
    one, two = desk.layer("one"), desk.layer("two")
    first = desk.assemble(one, tag=f"{desk.tag}-1")

    second = desk.assemble(ImageLayer(one.diff_id, None), two, like=(first,))

    assert desk.store.inspect(second) is not None
    desk.store.remove(f"{desk.tag}-1")


def test_a_layer_that_is_nowhere_is_the_platforms_fault(desk: Desk) -> None:
    missing = ImageLayer(f"sha256:{'0' * 64}", None)

    with pytest.raises(PlatformFault):
        desk.assemble(missing)
    assert desk.store.inspect(desk.tag) is None


def test_an_image_that_is_not_here(desk: Desk) -> None:
    assert desk.store.inspect("no/such:image") is None
    assert desk.store.inspect(f"sha256:{'0' * 64}") is None


def test_a_tag_can_be_taken_off_twice(desk: Desk) -> None:
    image = desk.assemble(desk.layer("x"))

    desk.store.remove(desk.tag)
    desk.store.remove(desk.tag)

    assert desk.store.inspect(image) is None


def test_pruning_takes_images_without_tags_that_have_all_the_labels(desk: Desk) -> None:
    lost = desk.assemble(desk.layer("1"), app="a")
    others = desk.assemble(desk.layer("2"), app="b")
    tagged = desk.assemble(desk.layer("3"), app="a")

    desk.store.prune({"test": "1", "app": "a"})

    assert [desk.store.inspect(image) is not None for image in (lost, others, tagged)] == [False, True, True]
    desk.store.prune({"test": "1", "app": "b"})


# --- Docker's alone ---------------------------------------------------------------------------------------------------


@pytest.fixture
def dead(settings: Settings) -> DockerImageStore:
    return DockerImageStore(DockerClient(f"unix://{settings.run_dir}/nobody-listens.sock"))


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the SDK's, when it can't connect
def test_an_engine_that_does_not_answer(dead: DockerImageStore, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        dead.inspect("any")
    with pytest.raises(EngineUnavailable):
        dead.assemble(b"{}", [], "any:tag", like=[])
    with pytest.raises(EngineUnavailable):
        dead.remove("any:tag")
    dead.prune({"a": "b"})
    gc.collect()  # while the warnings are filtered


def test_an_image_that_lost_its_holder_is_sent_whole(settings: Settings, base_image: str) -> None:
    desk = Desk(DockerImageStore(DockerClient(settings.docker_host)), base_image, settings)
    one, two = desk.layer("one"), desk.layer("two")

    class Outdated(DockerImageStore):
        """Believes for one answer that the base holds layer one, too: somebody removed that image just now."""

        answers = 0

        def inspect(self, image: str) -> ImageInfo | None:
            found = super().inspect(image)
            self.answers += 1
            if found and self.answers == 2:  # the first is the test's own
                return ImageInfo(found.id, (*found.diff_ids, one.diff_id), {}, {})
            return found

    desk.store = Outdated(DockerClient(settings.docker_host))

    image = desk.assemble(one, two)

    found = desk.store.inspect(image)
    assert found is not None
    assert found.diff_ids[-2:] == (one.diff_id, two.diff_id)
    desk.store.remove(desk.tag)


def test_an_archive_that_is_no_image_is_told(settings: Settings) -> None:
    store = DockerImageStore(DockerClient(settings.docker_host))

    with pytest.raises(EngineUnavailable):
        store.assemble(b"no configuration", [], f"{settings.name}/app-1:build", like=[])
