"""Images on Docker: an app's images carry one tag per release that may still be rolled back to."""

from __future__ import annotations

import docker.errors

from paas.adapters.docker_client import DockerClient, engine_errors, status
from paas.config import Settings
from paas.errors import NotFound


class DockerImages:
    """Implements `Images`. The repository's name holds instance and app, so no other's tags are ever looked at."""

    def __init__(self, client: DockerClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def exists(self, image: str) -> bool:
        with engine_errors("looking for an image"):
            try:
                self._client.api.inspect_image(image)  # type: ignore[no-untyped-call]
            except docker.errors.NotFound:
                return False
            return True

    def keep(self, image: str, app_id: str, release: int) -> None:
        """Raises `NotFound` when the image isn't here."""
        with engine_errors("tagging an image"):
            try:
                self._client.api.tag(image, self._repository(app_id), f"v{release}")
            except docker.errors.NotFound as exc:
                raise NotFound("image", image) from exc

    def collect(self, app_id: str, keep_releases: set[int]) -> int:
        repository = self._repository(app_id)
        kept = {f"{repository}:v{release}" for release in keep_releases}
        with engine_errors("removing old images"):
            tags = {tag for image in self._client.api.images(name=repository) for tag in image["RepoTags"] or ()}
            surplus = {tag for tag in tags - kept if tag.startswith(f"{repository}:v")}
            return sum(map(self._remove, surplus))

    def _repository(self, app_id: str) -> str:
        return f"{self._settings.name}/{app_id}"

    def _remove(self, tag: str) -> bool:
        """Takes the tag off; the engine deletes the image with its last one. False: a process still uses it, or it is gone."""
        try:
            self._client.api.remove_image(tag)
        except docker.errors.APIError as exc:
            if status(exc) not in (404, 409):
                raise
            return False
        return True
