"""A builder on real parts, with buildpacks of the test's own making."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker

from paas.adapters.docker_client import DockerClient
from paas.adapters.docker_image_store import DockerImageStore
from paas.adapters.docker_networks import DockerNetworks
from paas.adapters.docker_sandbox import DockerSandbox
from paas.adapters.file_layer_store import FileLayerStore
from paas.adapters.stack_images import BUILD_IMAGE, RUN_IMAGE
from paas.config import Settings
from paas.lifecycle.builder import CnbBuilder
from paas.ports.builder import BuildRequest, BuildResult

LAUNCHER = "/cnb/lifecycle/launcher"

# Declares the lines of a Procfile, as simply as can be.
PROCFILE = r"""#!/bin/bash
while IFS=: read -r type line; do
  printf '[[processes]]\ntype = "%s"\ncommand = "%s"\n' "$type" "${line# }" >> "$1/launch.toml"
done < Procfile
"""

Files = Mapping[str, str | bytes]


class Workshop:
    """One app's builds. What its buildpacks print is in `log`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app_id = f"app-{secrets.token_hex(4)}"
        self.buildpacks = settings.data_dir / "buildpacks"
        self.log = ""
        self.client = docker.APIClient(version="auto")
        self._members: list[str] = []
        self._count = 0
        settings.builds_dir.mkdir(parents=True, exist_ok=True)
        self.use()

    @property
    def builder(self) -> CnbBuilder:
        """A fresh one, as each worker has it."""
        client = DockerClient(self.settings.docker_host)
        return CnbBuilder(
            self.settings,
            DockerSandbox(client, DockerNetworks(client, self.settings), self.settings),
            DockerImageStore(client),
            FileLayerStore(self.settings.layers_dir),
            buildpacks=self.buildpacks,
            run_image=RUN_IMAGE,
            build_image=BUILD_IMAGE,
        )

    def use(self, **builds: str) -> None:
        """Installs a buildpack `test/NAME` for each script of a bin/build; they make up the only group, in that order."""
        self._members = []
        for name, script in builds.items():
            self.install(name, script)
        self.order(*(f"test/{name}" for name in builds))

    def install(self, name: str, build: str, *, detect: str = "#!/bin/sh\n", api: str = "0.10", toml: str = "") -> None:
        folder = self.buildpacks / name
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        header = f'api = "{api}"\n[buildpack]\nid = "test/{name}"\nversion = "1"\n{toml}\n'
        stacks = '[[stacks]]\nid = "*"\n' if api in ("0.7", "0.8", "0.9") else ""
        (folder / "buildpack.toml").write_text(header + stacks)
        for program, script in (("detect", detect), ("build", build)):
            (folder / "bin" / program).write_text(script)
            (folder / "bin" / program).chmod(0o755)

    def order(self, *groups: str) -> None:
        """Each group as `test/a test/b?`; without spaces or marks anywhere, one group of all."""
        rows = groups if any(" " in g or "?" in g for g in groups) else (" ".join(groups),)
        self.buildpacks.mkdir(exist_ok=True)
        text = ""
        for row in rows:
            text += "[[order]]\n"
            for member in row.split():
                optional = str(member.endswith("?")).lower()
                text += f'[[order.group]]\nid = "{member.rstrip("?")}"\noptional = {optional}\n'
        (self.buildpacks / "order.toml").write_text(text)

    def request(self, files: Files, **more: Any) -> BuildRequest:
        self._count += 1
        fields: dict[str, Any] = {
            "build_id": f"build-{self._count}",
            "app_id": self.app_id,
            "app_name": "shop",
            "source": archive(self.settings.data_dir / "source.tar", files),
            "commit": "c0ffee",
            "env": {},
            "previous_image": None,
        }
        return BuildRequest(**{**fields, **more})

    def build(self, files: Files, *, cancelled: Callable[[], bool] = lambda: False, **more: Any) -> BuildResult:
        self.log = ""
        return self.builder.build(self.request(files, **more), self.say, cancelled)

    def say(self, text: str) -> None:
        self.log += text

    def run(self, image: str, *args: str, entrypoint: str | None = LAUNCHER, **env: str) -> str:
        """What a process of the image prints, and its exit code if that isn't 0."""
        config = {
            "Image": image,
            "Cmd": list(args),
            "Env": [f"{k}={v}" for k, v in env.items()],
            "Labels": {"paas.instance": self.settings.name},
            "HostConfig": {"NetworkMode": "none"},
        }
        if entrypoint:
            config["Entrypoint"] = [entrypoint]
        container = self.client.create_container_from_config(config)["Id"]  # type: ignore[no-untyped-call]
        try:
            self.client.start(container)
            code = self.client.wait(container)["StatusCode"]
            output = self.client.logs(container).decode()
        finally:
            self.client.remove_container(container, force=True)
        return output if code == 0 else f"{output}exit code {code}\n"

    def image(self, reference: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.inspect_image(reference)  # type: ignore[no-untyped-call]
        return found

    def containers(self) -> list[str]:
        """The build containers that there are."""
        labels = {"label": [f"paas.instance={self.settings.name}", "paas.kind=build"]}
        return [c["Id"] for c in self.client.containers(all=True, filters=labels)]


@contextmanager
def workshop(settings: Settings) -> Iterator[Workshop]:
    made = Workshop(settings)
    try:
        yield made
    finally:
        made.builder.forget(made.app_id)
        made.client.close()


def archive(path: Path, files: Files) -> Path:
    """A tar of the files; names with a slash at the end are folders."""
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path
