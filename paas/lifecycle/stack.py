"""The stack: the two images that builds start from, and the buildpacks that come with the platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paas.errors import PlatformFault
from paas.lifecycle.descriptor import Order, Target, read_buildpack, read_order
from paas.lifecycle.order import Buildpacks, Group, groups
from paas.lifecycle.workspace import BUILDPACKS
from paas.ports.image_store import ImageInfo, ImageStore

EXEC_ENV = "production"


@dataclass(frozen=True)
class Stack:
    """`run` is the base of every app's image; buildpacks run in `build`."""

    run: ImageInfo
    run_tag: str
    build: ImageInfo

    @property
    def name(self) -> str:
        return f"paas-{self.build.labels.get('paas.stack', '12')}"

    @property
    def id(self) -> str:
        """Changes with either image, and so with everything that was built on them."""
        return f"{self.run.id} {self.build.id} {EXEC_ENV}"

    @property
    def target(self) -> Target:
        """What buildpacks build for (Buildpack API, *Targets*)."""
        labels = self.run.labels
        name = labels.get("io.buildpacks.base.distro.name", "debian")
        version = labels.get("io.buildpacks.base.distro.version", "12")
        return Target(self.run.os, self.run.architecture, "", ((name, version),))


def find_stack(images: ImageStore, run_tag: str, build_tag: str) -> Stack:
    """The stack of these tags. Raises `PlatformFault` when an image is missing."""
    run, build = images.inspect(run_tag), images.inspect(build_tag)
    for tag, image in ((run_tag, run), (build_tag, build)):
        if image is None:
            raise PlatformFault(f"the stack image {tag} is missing; bin/up makes it")
    assert run is not None
    assert build is not None
    return Stack(run, run_tag, build)


def read_groups(folder: Path, target: Target) -> list[Group]:
    """What is tried, in order: the groups of `order.toml` among the buildpacks in the folder. Raises `PlatformFault`."""
    found = sorted(file.parent for file in folder.glob("*/buildpack.toml"))
    buildpacks = Buildpacks([read_buildpack(each, f"{BUILDPACKS}/{each.name}") for each in found])
    order: Order = read_order(folder / "order.toml")
    return groups(order, buildpacks, target, EXEC_ENV)
