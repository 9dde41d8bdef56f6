"""Restore and the cache between builds: who gets what back, and what a lost or spoilt folder costs."""

from __future__ import annotations

import datetime
import os
import tomllib
from pathlib import Path

import pytest

from paas.adapters.file_layer_store import FileLayerStore
from paas.lifecycle.cache import AppCache, Kept, KeptBuildpack, KeptLayer, referenced
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.layer_tar import Hashing, LayerTar, fingerprint
from paas.lifecycle.layers import LayerMetadata
from paas.lifecycle.restore import Restored, give_back, restore

STACK = "run build production"
X = Buildpack("test/x", "1", "0.10", "/x")


class World:
    """A cache with what a build left, and the folders of the next one."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.store = FileLayerStore(top / "layers")
        self.cache = AppCache(top / "cache", self.store)
        for name in ("built", "prepared", "layers-of-build"):
            (top / name).mkdir()

    def layer(self, name: str, metadata: LayerMetadata, *, content: str = "x") -> KeptLayer:
        """A layer that a build made: its tar is in the store."""
        folder = self.top / "built" / name
        folder.mkdir()
        (folder / "file").write_text(content)
        tar_path = self.top / f"{name}.tar"
        with tar_path.open("wb") as file:
            hashing = Hashing(file)
            tar = LayerTar(hashing, 2**30)  # type: ignore[arg-type]
            tar.parents(f"layers/test_x/{name}")
            tar.tree(f"layers/test_x/{name}", folder)
            tar.end()
        self.store.add(tar_path, hashing.digest)
        return KeptLayer(hashing.digest, hashing.size, metadata, fingerprint(folder) if metadata.cache else "")

    def keep(self, *, store: dict[str, object] | None = None, **layers: KeptLayer) -> None:
        kept = Kept(STACK, {"test/x": KeptBuildpack("1", store or {}, layers)})
        folders = {k.diff_id: self.top / "built" / name for name, k in layers.items() if k.metadata.cache}
        self.cache.save(kept, folders, {})

    def restore(self, stack: str = STACK) -> Restored:
        return restore([X], self.cache.load(), self.cache, stack, self.top / "prepared", self.place.parent)

    @property
    def place(self) -> Path:
        return self.top / "layers-of-build" / "test_x"

    def files(self) -> set[str]:
        return {str(path.relative_to(self.place)) for path in self.place.rglob("*")}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize(
    ("build", "cache", "launch", "comes_back"),
    [
        (False, True, False, {"a.toml", "a", "a/file"}),
        (True, True, False, {"a.toml", "a", "a/file"}),
        (False, True, True, {"a.toml", "a", "a/file"}),
        (True, True, True, {"a.toml", "a", "a/file"}),
        (True, False, False, set()),
        (True, False, True, set()),
        (False, False, True, {"a.toml"}),
        (False, False, False, set()),
    ],
)
def test_the_table(world: World, build: bool, cache: bool, launch: bool, comes_back: set[str]) -> None:
    world.keep(a=world.layer("a", LayerMetadata(launch, build, cache)))

    world.restore()

    assert world.files() == comes_back


def test_metadata_comes_back_without_types(world: World) -> None:
    when = datetime.date(2026, 1, 2)
    data = {"version": "3", "list": [1, {"a": True}], "when": when}
    world.keep(a=world.layer("a", LayerMetadata(launch=True, data=data)))

    world.restore()

    assert tomllib.loads((world.place / "a.toml").read_text()) == {"metadata": {**data, "when": "2026-01-02"}}


def test_a_layers_file_comes_back_even_without_metadata(world: World) -> None:
    world.keep(a=world.layer("a", LayerMetadata(launch=True)))

    world.restore()

    assert (world.place / "a.toml").read_text() == ""


def test_on_other_images_only_the_store_comes_back(world: World) -> None:
    world.keep(a=world.layer("a", LayerMetadata(cache=True)), store={"key": "value"})

    world.restore("other")

    assert world.files() == {"store.toml"}
    assert tomllib.loads((world.place / "store.toml").read_text()) == {"metadata": {"key": "value"}}


def test_every_buildpack_gets_a_folder_of_the_builds_user(world: World) -> None:
    world.restore()

    assert world.place.stat().st_uid == 1000
    assert list(world.place.iterdir()) == []


def test_a_lost_folder_comes_from_its_tar(world: World) -> None:
    kept = world.layer("a", LayerMetadata(cache=True))
    world.keep(a=kept)
    (world.top / "cache" / "layers" / kept.diff_id.removeprefix("sha256:") / "file").unlink()
    (world.top / "cache" / "layers" / kept.diff_id.removeprefix("sha256:")).rmdir()

    restored = world.restore()

    assert (world.place / "a" / "file").read_text() == "x"
    assert (world.place / "a").stat().st_uid == (world.place / "a" / "file").stat().st_uid == 1000
    assert restored["test/x", "a"].fingerprint == fingerprint(world.place / "a")


@pytest.mark.parametrize("cache", [True, False])
def test_with_folder_and_tar_lost_nothing_comes_back(world: World, cache: bool) -> None:
    kept = world.layer("a", LayerMetadata(launch=True, cache=cache))
    world.keep(a=kept)
    (world.top / "cache" / "layers").rename(world.top / "gone-layers")
    tar = world.store.find(kept.diff_id)
    assert tar is not None
    tar.unlink()

    assert world.restore() == {}
    assert world.files() == set()


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"stack": 3}', b"\xff"])
def test_a_spoilt_cache_is_an_empty_one(world: World, content: bytes | None) -> None:
    world.keep(a=world.layer("a", LayerMetadata(cache=True)))
    file = world.top / "cache" / "cache.json"
    file.unlink() if content is None else file.write_bytes(content)

    assert world.restore() == {}


def test_after_a_failed_build_untouched_folders_go_back(world: World) -> None:
    kept = {name: world.layer(name, LayerMetadata(cache=True), content=name) for name in "ab"}
    world.keep(a=kept["a"], b=kept["b"])
    restored = world.restore()
    (world.place / "b" / "file").write_text("spoilt")

    give_back(restored, world.cache)

    homes = {p.name for p in (world.top / "cache" / "layers").iterdir()}
    assert homes == {kept["a"].diff_id.removeprefix("sha256:")}


def test_saving_drops_what_is_no_longer_kept(world: World) -> None:
    world.keep(a=world.layer("a", LayerMetadata(cache=True)))
    world.keep(b=world.layer("b", LayerMetadata(cache=True), content="b"))

    assert len(list((world.top / "cache" / "layers").iterdir())) == 1
    assert set(world.cache.load().buildpacks["test/x"].layers) == {"b"}


def test_bills_of_materials_come_back_with_their_layer(world: World) -> None:
    kept = world.layer("a", LayerMetadata(launch=True))
    kept = KeptLayer(kept.diff_id, kept.size, kept.metadata, "", {"cdx.json": "d" * 64})
    world.cache.save(Kept(STACK, {"test/x": KeptBuildpack("1", {}, {"a": kept})}), {}, {"d" * 64: b"{}"})

    world.restore()

    assert (world.place / "a.sbom.cdx.json").read_bytes() == b"{}"


def test_all_references_are_found(world: World) -> None:
    kept = world.layer("a", LayerMetadata(launch=True))
    world.keep(a=kept)

    assert referenced(world.top) == {kept.diff_id}


def test_the_store_removes_only_what_is_old_and_not_referred_to(world: World) -> None:
    old, kept, young = (world.layer(name, LayerMetadata(launch=True), content=name) for name in "abc")
    for layer in (old, kept):
        path = world.store.find(layer.diff_id)
        assert path is not None
        os.utime(path, (0, 0))

    removed = world.store.collect(lambda: {kept.diff_id})

    assert removed == 1
    assert [world.store.find(layer.diff_id) is not None for layer in (old, kept, young)] == [False, True, True]
