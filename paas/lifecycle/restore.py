"""Restore: after detect, before build. Buildpacks get back what the last good build left of theirs (Buildpack API, *Layer Types*)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from paas.lifecycle.cache import AppCache, Kept, KeptLayer
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.layer_tar import OWNER


@dataclass(frozen=True)
class RestoredLayer:
    """A layer that a buildpack was told of. `folder` and its fingerprint are set when its files were brought back, too."""

    kept: KeptLayer
    folder: Path | None = None
    fingerprint: str = ""


Restored = dict[tuple[str, str], RestoredLayer]
"""By buildpack id and layer name."""


def restore(
    group: Sequence[Buildpack], kept: Kept, cache: AppCache, stack: str, prepare: Path, layers: Path
) -> Restored:
    """Gives each buildpack of the group its folder in `layers`. All is prepared elsewhere and moved in by one rename each,
    because from then on the build container may write to it.

    | build | cache | launch | metadata        | files           |
    |-------|-------|--------|-----------------|-----------------|
    | any   | yes   | any    | if files are    | if still there  |
    | yes   | no    | any    | no              | no              |
    | no    | no    | yes    | if still there  | never           |
    """
    restored: Restored = {}
    for buildpack in group:
        folder = prepare / buildpack.folder
        folder.mkdir(mode=0o755)
        before = kept.buildpacks.get(buildpack.id)
        if before is not None:
            if before.store:
                _write(folder / "store.toml", {"metadata": before.store})
            # Built with or for other images, layers may not even run. Their programs were made for what is gone.
            for name, layer in before.layers.items() if kept.stack == stack else ():
                if found := _layer(layer, cache, folder / name):
                    restored[buildpack.id, name] = RestoredLayer(
                        found.kept, layers / buildpack.folder / name if found.folder else None, found.fingerprint
                    )
        _own(folder)
        folder.rename(layers / buildpack.folder)
    return restored


def give_back(restored: Restored, cache: AppCache) -> None:
    """After a failed build: what it did not touch goes back. Nothing may run in it any more."""
    for layer in restored.values():
        if layer.folder is not None and layer.folder.exists():
            cache.give_back(layer.kept, layer.folder)


def _layer(kept: KeptLayer, cache: AppCache, folder: Path) -> RestoredLayer | None:
    """None if the buildpack is to make the layer anew."""
    metadata = kept.metadata
    if not metadata.cache and (metadata.build or not metadata.launch or not cache.has_tar(kept)):
        return None
    restored = RestoredLayer(kept)
    try:
        sboms = cache.sboms(kept)
        if metadata.cache:
            restored = RestoredLayer(kept, folder, cache.take(kept, folder))
            _own(folder)
    except OSError:
        return None
    # Without its types, so that the buildpack has to say again what the layer is for. Even when there is no metadata:
    # buildpacks look whether the file is there.
    _write(folder.with_name(f"{folder.name}.toml"), {"metadata": metadata.data} if metadata.data else {})
    for extension, content in sboms.items():
        _write_bytes(folder.with_name(f"{folder.name}.sbom.{extension}"), content)
    return restored


def _write(file: Path, document: dict[str, object]) -> None:
    _write_bytes(file, tomli_w.dumps(document).encode("utf-8", "surrogateescape"))


def _write_bytes(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    _own(file)


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, OWNER, OWNER)
