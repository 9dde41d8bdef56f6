"""Runs buildpacks' programs for real, in a container of the build image, and starts in it what they made."""

from __future__ import annotations

import io
import shlex
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import tomli_w

from paas.adapters.stack_images import BUILD_IMAGE, STACK
from paas.config import Settings, passthrough

ROOT = Path(__file__).parent.parent
APPS = ROOT / "tests" / "apps"

_CA_FILE = "/platform/ca-certificates.crt"
_ENV = {
    "HOME": "/tmp/home",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "SOURCE_DATE_EPOCH": "315532801",
    "CNB_TARGET_OS": "linux",
    "CNB_TARGET_DISTRO_NAME": "debian",
    "CNB_TARGET_DISTRO_VERSION": STACK,
    **dict.fromkeys(
        ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), _CA_FILE
    ),
}


@dataclass(frozen=True)
class Ended:
    """How a program ended, and all it wrote."""

    code: int
    output: str


class BuildBox:
    """An app's folder, layers, and a container in which its buildpacks run. One build after the other, as pushes come."""

    def __init__(self, client: docker.APIClient, container: str) -> None:
        self._client = client
        self._container = container

    def push(self, app: str | Path, changes: Mapping[str, str | None] | None = None) -> None:
        """Puts the app in place of what is there; `changes` are files to write (None: leave out)."""
        folder = APPS / app
        files = {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
        executable = {name for name in files if (folder / name).stat().st_mode & 0o100}
        for name, text in (changes or {}).items():
            files.pop(name, None)
            if text is not None:
                files[name] = text.encode()
        self.run("find", "/app", "-mindepth", "1", "-delete")
        self._client.put_archive(self._container, "/app", _archive(files, executable))

    def clear(self) -> None:
        """No app, no layers, nothing in /tmp."""
        self.run("find", "/app", "/layers", "/tmp", "-mindepth", "1", "-delete")

    def detect(self, buildpack: str) -> Ended:
        """Its plan is left in /tmp/plan.toml."""
        self.run("sh", "-c", ": > /tmp/plan.toml")
        return self.run(
            f"/cnb/buildpacks/{buildpack}/bin/detect",
            "/platform",
            "/tmp/plan.toml",
            env={"CNB_BUILD_PLAN_PATH": "/tmp/plan.toml"},
        )

    def plan(self) -> dict[str, Any]:
        return tomllib.loads(self.read("/tmp/plan.toml"))

    def build(self, buildpack: str, env: Mapping[str, str] | None = None) -> Ended:
        """Detects, which must succeed, and builds. The plan holds what the buildpack itself required."""
        assert self.detect(buildpack).code == 0
        layers = f"/layers/paas_{buildpack}"
        self.run("mkdir", "-p", layers)
        self._write("/tmp/plan.toml", tomli_w.dumps({"entries": self.plan().get("requires", [])}))
        paths = {"CNB_LAYERS_DIR": layers, "CNB_BP_PLAN_PATH": "/tmp/plan.toml"}
        return self.run(
            f"/cnb/buildpacks/{buildpack}/bin/build",
            layers,
            "/platform",
            "/tmp/plan.toml",
            env={**paths, **(env or {})},
        )

    def layer(self, buildpack: str, name: str) -> dict[str, Any]:
        """What `<layer>.toml` says (or launch.toml)."""
        return tomllib.loads(self.read(f"/layers/paas_{buildpack}/{name}.toml"))

    def restore(self, buildpack: str) -> None:
        """Before the next build, leaves of the layers what the specification says: no types, and files of cached layers only."""
        top = f"/layers/paas_{buildpack}"
        for file in self.run("find", top, "-maxdepth", "1", "-name", "*.toml").output.split():
            layer, content = file.removesuffix(".toml"), tomllib.loads(self.read(file))
            types = content.get("types", {})
            if layer.endswith("/launch"):
                self.run("rm", file)
                continue
            is_kept = types.get("cache") or (types.get("launch") and not types.get("build")) or layer.endswith("/store")
            if not types.get("cache"):
                self.run("rm", "-rf", layer)
            if is_kept:
                self._write(file, tomli_w.dumps({"metadata": content["metadata"]} if "metadata" in content else {}))
            else:
                self.run("rm", file)

    def run(self, *argv: str, env: Mapping[str, str] | None = None) -> Ended:
        created = self._client.exec_create(
            self._container, list(argv), environment={**_ENV, **passthrough(), **(env or {})}, workdir="/app"
        )
        output = self._client.exec_start(created["Id"])
        return Ended(self._client.exec_inspect(created["Id"])["ExitCode"], output.decode())

    def read(self, path: str) -> str:
        ended = self.run("cat", path)
        assert ended.code == 0, ended.output
        return ended.output

    def serve(
        self, buildpack: str, *, path: str = "/", env: Mapping[str, str] | None = None, headers: tuple[str, ...] = ()
    ) -> str:
        """Starts the process `web` as the launcher would, asks it for a path until it answers, stops it; headers and body."""
        (web,) = (p for p in self.layer(buildpack, "launch")["processes"] if p["type"] == "web")
        command = (
            [*web["command"], *web.get("args", [])]
            if isinstance(web["command"], list)
            else ["bash", "-c", web["command"]]
        )
        asked_with = " ".join(f"-H {shlex.quote(header)}" for header in headers)
        script = (
            'for d in /layers/*/*/bin; do PATH=$d:$PATH; done; export PORT=5000; setsid "$@" > /tmp/log 2>&1 & pid=$!\n'
            f"until curl -s -i --max-time 10 {asked_with} http://127.0.0.1:5000{path}; do\n"
            "  kill -0 $pid 2> /dev/null || { cat /tmp/log; exit 1; }; sleep 0.05\n"
            "done; kill -- -$pid; wait $pid"
        )
        return self.run("bash", "-c", script, "serve", *command, env=env).output

    def _write(self, path: str, text: str) -> None:
        self.run("sh", "-c", 'printf %s "$1" > "$2"', "sh", text, path)


@contextmanager
def build_box(settings: Settings) -> Iterator[BuildBox]:
    """A box that is gone after the block."""
    client = docker.APIClient(base_url=settings.docker_host, version="auto")
    ca_bundle = [f"{settings.ca_bundle}:{_CA_FILE}:ro"] if Path(settings.ca_bundle).is_file() else []
    created = client.create_container(
        BUILD_IMAGE,
        command=["sleep", "infinity"],
        labels={"paas.instance": settings.name},
        host_config=client.create_host_config(
            binds=[f"{ROOT / 'buildpacks'}:/cnb/buildpacks:ro", *ca_bundle], init=True, cap_drop=["ALL"]
        ),
    )
    try:
        client.start(created["Id"])
        yield BuildBox(client, created["Id"])
    finally:
        client.remove_container(created["Id"], force=True, v=True)
        client.close()


def _archive(files: Mapping[str, bytes], executable: set[str]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        folders = sorted({str(p) for name in files for p in Path(name).parents if str(p) != "."})
        for folder in folders:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o755, 1000, 1000
            tar.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = (
                len(content),
                0o755 if name in executable else 0o644,
                1000,
                1000,
            )
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
