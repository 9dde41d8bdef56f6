"""An instance as a whole on its Docker Engine: is the engine there, stop all, remove all that is the instance's.

Found by the label `paas.instance` and nothing else: what other instances, or anybody else, have on the engine is not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker.errors

from paas.adapters.docker_client import DockerClient, engine_errors, status
from paas.adapters.stack_images import BUILD_IMAGE, RUN_IMAGE

_USED_BY = "paas-stack/used-by"
"""Each instance holds the stack images by a tag of its own, so that the last one to go takes them along."""

_AT_ONCE = 16


class DockerInstance:
    """Every method raises `EngineUnavailable` when the engine does not answer."""

    def __init__(self, docker_host: str, name: str) -> None:
        self._client = DockerClient(docker_host)
        self._name = name
        self._filter = {"label": f"paas.instance={name}"}

    def ping(self) -> None:
        """Returns if the engine answers."""
        with engine_errors("asking the engine"):
            self._client.api.ping()

    def version(self) -> str:
        with engine_errors("asking the engine"):
            return str(self._client.api.version()["Version"])

    def stop_processes(self, grace: int) -> int:
        """SIGTERM to all containers of the instance at once, SIGKILL after `grace` seconds, removes them; how many."""
        with engine_errors("stopping the apps"):
            containers = [c["Id"] for c in self._client.api.containers(all=True, filters=self._filter)]

            def stop(container: str) -> None:
                with _gone_is_fine():
                    self._client.api.stop(container, timeout=grace)
                with _gone_is_fine():
                    self._client.api.remove_container(container, force=True, v=True)

            _each(stop, containers)
            return len(containers)

    def purge(self) -> dict[str, int]:
        """Removes the instance's containers, networks, volumes and images, and its hold on the stack images; kind → how many."""
        removed = {"containers": self.stop_processes(grace=1)}
        api = self._client.api
        with engine_errors("removing what the instance has on the engine"):
            networks = [n["Id"] for n in api.networks(filters=self._filter)]
            _each(lambda n: _quietly(api.remove_network, n), networks)
            volumes = [v["Name"] for v in api.volumes(filters=self._filter)["Volumes"] or ()]
            _each(lambda v: _quietly(api.remove_volume, v), volumes)
            images = [i["Id"] for i in api.images(filters=self._filter)]
            _each(lambda i: _quietly(api.remove_image, i, force=True), images)
            self._release_stack()
        return {**removed, "networks": len(networks), "volumes": len(volumes), "images": len(images)}

    def hold_stack(self) -> None:
        """Notes that this instance uses the stack images. Idempotent."""
        with engine_errors("tagging the stack images"):
            self._client.api.tag(BUILD_IMAGE, _USED_BY, self._name)

    def _release_stack(self) -> None:
        api = self._client.api
        _quietly(api.remove_image, f"{_USED_BY}:{self._name}")
        if not api.images(name=_USED_BY):
            for image in (BUILD_IMAGE, RUN_IMAGE):
                _quietly(api.remove_image, image)

    def run_tool(
        self, argv: Sequence[str], *, env: Mapping[str, str], mounts: Mapping[Path, str], folder: str
    ) -> tuple[int, list[str]]:
        """Runs a program of the build image to its end, as root without capabilities; its status and what it wrote.

        `mounts` are files and folders of the host by their path in the container (`:ro` after it: read-only).
        """
        api = self._client.api
        with engine_errors(f"running {argv[0]}"):
            container = api.create_container(
                BUILD_IMAGE, entrypoint=list(argv), command=[], user="0:0", working_dir=folder, environment=dict(env),
                labels={"paas.instance": self._name, "paas.kind": "build"},
                host_config=api.create_host_config(
                    binds=[f"{source}:{target}" for source, target in mounts.items()], cap_drop=["ALL"],
                    security_opt=["no-new-privileges"], init=True, network_mode="bridge",
                ),
            )["Id"]  # fmt: skip
            try:
                api.start(container)
                code = int(api.wait(container)["StatusCode"])
                return code, api.logs(container).decode(errors="replace").splitlines()
            finally:
                with _gone_is_fine():
                    api.remove_container(container, force=True, v=True)


def _each(do: Callable[[str], None], items: Iterable[str]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(do, items))


def _quietly(remove: Callable[..., Any], ref: str, **options: Any) -> None:
    with _gone_is_fine():
        remove(ref, **options)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """Somebody else removed it or is removing it (404, 409), or uses it (409): then there is nothing to do."""
    try:
        yield
    except docker.errors.APIError as exc:
        if status(exc) not in (404, 409):
            raise
