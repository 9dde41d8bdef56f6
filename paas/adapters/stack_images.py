"""The stack: the run and the build image that every app is made from, themselves made from Debian's packages.

The recipe (package lists, build.Dockerfile) is in paas/stacks/12. The images are shared by all instances on an engine.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import platform
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import docker.errors
from docker import APIClient
from uv import find_uv_bin

from paas.adapters.docker_client import DockerClient, engine_errors
from paas.config import Settings, passthrough
from paas.errors import SetupFailed
from paas.ports.builder import Say

STACK = "12"
STACK_ID = f"paas-{STACK}"
RUN_IMAGE = f"paas-stack/run:{STACK}"
BUILD_IMAGE = f"paas-stack/build:{STACK}"

RECIPE = Path(__file__).parent.parent / "stacks" / STACK
_LOCK = Path("/run/lock/paas-stack.lock")
_CHUNK = 1024 * 1024
_TAIL_LINES = 25
_ADVICE = (
    "Look at the lines above: most often Debian's packages can't be reached, or the disk is full. "
    "Behind a proxy set http_proxy. Then run the command again; nothing half-made is left."
)

# Manuals and translations are for people at a terminal; licences stay.
_DPKG_OPTIONS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
)
_ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/app",
    "STACK": STACK_ID,
    "CNB_STACK_ID": STACK_ID,
    "CNB_TARGET_OS": "linux",
    "CNB_TARGET_ARCH": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
    "CNB_TARGET_DISTRO_NAME": "debian",
    "CNB_TARGET_DISTRO_VERSION": STACK,
}
_LABELS = {
    "paas.stack": STACK,
    "io.buildpacks.stack.id": STACK_ID,
    "io.buildpacks.base.id": STACK_ID,
    "io.buildpacks.base.distro.name": "debian",
    "io.buildpacks.base.distro.version": STACK,
}


def ensure(settings: Settings, say: Say, *, refresh: bool = False) -> None:
    """Makes the images that are missing or of another recipe; with `refresh` both, for Debian's newest security updates.

    Takes about two minutes, or 10 ms when there is nothing to do. Concurrent calls on one host wait for each other.
    Raises `SetupFailed` (with the last lines of what failed) and `EngineUnavailable`.
    """
    with _engine(settings) as client, _alone(say):
        if refresh or _recipe_of(client, RUN_IMAGE) != run_recipe():
            _make_run_image(client, say)
        if refresh or _recipe_of(client, BUILD_IMAGE) != build_recipe() or not _shares_run_image(client):
            _make_build_image(client, say)


def are_current(settings: Settings) -> bool:
    """Whether both images are here and of today's recipe. Raises `EngineUnavailable`."""
    with _engine(settings) as client:
        recipes = (_recipe_of(client, RUN_IMAGE), _recipe_of(client, BUILD_IMAGE))
        return recipes == (run_recipe(), build_recipe()) and _shares_run_image(client)


def packages(image: str) -> list[str]:
    """The packages of `run` or `build`, as their list names them."""
    lines = (RECIPE / f"{image}.txt").read_text().splitlines()
    return [name for line in lines if (name := line.partition("#")[0].strip())]


def bootstrap_command() -> list[str]:
    """mmdebstrap's argv: the run image's file system as a tar archive on standard output."""
    return [
        *("env", "TMPDIR=/var/tmp"),  # on disk: /tmp may be held in memory
        "mmdebstrap",
        "--variant=apt",
        "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg",
        "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
        "--aptopt=APT::Install-Recommends false",
        *(f"--dpkgopt={option}" for option in _DPKG_OPTIONS),
        f"--include={','.join(packages('run'))}",
        '--customize-hook=chroot "$1" groupadd --gid 1000 paas',
        '--customize-hook=chroot "$1" useradd --uid 1000 --gid 1000 --home-dir /app --no-create-home --shell /bin/bash paas',
        '--customize-hook=chroot "$1" install --directory --owner=1000 --group=1000 /app /layers',
        # Nothing in an app's container ever becomes another user.
        '--customize-hook=find "$1" -xdev -type f -perm /6000 -exec chmod a-s {} +',
        '--customize-hook=rm -f "$1"/etc/hostname "$1"/etc/resolv.conf',
        "--format=tar",
        "bookworm",
        "-",
    ]


def image_settings() -> list[str]:
    """The run image's configuration as Dockerfile instructions."""
    return [
        *(f"ENV {name}={value}" for name, value in _ENV.items()),
        *(f"LABEL {name}={value}" for name, value in _LABELS.items()),
        "WORKDIR /app",
        "USER 1000:1000",
        'CMD ["bash"]',
    ]


def run_recipe() -> str:
    """What the run image is made of, as one hash: another recipe, another image."""
    return _digest(bootstrap_command(), image_settings())


def build_recipe() -> str:
    """Likewise for the build image, which is made from the run image."""
    return _digest(run_recipe(), packages("build"), (RECIPE / "build.Dockerfile").read_text(), version("uv"))


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@contextmanager
def _engine(settings: Settings) -> Iterator[APIClient]:
    with engine_errors("looking after the stack images"), DockerClient(settings.docker_host).api as client:
        yield client


@contextmanager
def _alone(say: Say) -> Iterator[None]:
    """Two instances may come up at once: one makes the images, the other waits and finds them."""
    _LOCK.parent.mkdir(parents=True, exist_ok=True)
    with _LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another instance makes the stack images; waiting for it\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _inspect(client: APIClient, image: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.inspect_image(image)  # type: ignore[no-untyped-call]
    except docker.errors.ImageNotFound:
        return None
    return found


def _recipe_of(client: APIClient, image: str) -> str | None:
    found = _inspect(client, image)
    return None if found is None else (found["Config"].get("Labels") or {}).get("paas.stack.recipe")


def _shares_run_image(client: APIClient) -> bool:
    """Whether the build image sits on the run image that is here now."""
    run, build = _inspect(client, RUN_IMAGE), _inspect(client, BUILD_IMAGE)
    if run is None or build is None:
        return False
    layers = run["RootFS"]["Layers"]
    return bool(build["RootFS"]["Layers"][: len(layers)] == layers)


def _make_run_image(client: APIClient, say: Say) -> None:
    say(f"{RUN_IMAGE}: Debian {STACK} with {len(packages('run'))} packages\n")
    changes = [*image_settings(), f"LABEL paas.stack.recipe={run_recipe()}"]
    with _replaced(client, RUN_IMAGE, say):
        answer = client.import_image(_bootstrapped(), repository=RUN_IMAGE, changes=changes, stream_src=True)
        _check([json.loads(event) for event in answer.splitlines()], RUN_IMAGE)


def _make_build_image(client: APIClient, say: Say) -> None:
    say(f"{BUILD_IMAGE}: the same and {len(packages('build'))} packages for builds\n")
    with _replaced(client, BUILD_IMAGE, say), _build_context() as context:
        events = client.build(
            fileobj=context,
            custom_context=True,
            tag=BUILD_IMAGE,
            buildargs={"BASE": RUN_IMAGE, "PACKAGES": " ".join(packages("build")), **passthrough()},
            labels={"paas.stack.recipe": build_recipe()},
            nocache=True,
            forcerm=True,
            decode=True,
        )
        _check(list(events), BUILD_IMAGE)


def _check(events: Sequence[Mapping[str, Any]], image: str) -> None:
    """Raises if the engine told of an error (with status 200, at the end of what it told)."""
    error = next((event["error"] for event in events if "error" in event), None)
    if error is not None:
        lines = [line for event in events for line in str(event.get("stream", "")).splitlines() if line]
        raise SetupFailed(f"The engine could not make {image}: {error}.", _ADVICE, tuple(lines[-_TAIL_LINES:]))


@contextmanager
def _build_context() -> Iterator[IO[bytes]]:
    """What build.Dockerfile needs: itself, and uv's program from our own virtual environment."""
    with tempfile.TemporaryFile() as context:
        with tarfile.open(fileobj=context, mode="w") as tar:
            tar.add(RECIPE / "build.Dockerfile", "Dockerfile")
            tar.add(find_uv_bin(), "uv")
        context.seek(0)
        yield context


def _bootstrapped() -> Iterator[bytes]:
    """mmdebstrap's archive as it comes. If mmdebstrap fails this raises, and the engine never sees the upload's end."""
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(bootstrap_command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        archive = process.stdout
        assert archive is not None
        with archive:
            yield from iter(lambda: archive.read(_CHUNK), b"")
        code = process.wait()
        if code != 0:
            log.seek(0)
            lines = tuple(log.read().splitlines()[-_TAIL_LINES:])
            raise SetupFailed(f"mmdebstrap could not make {RUN_IMAGE} (it exited with {code}).", _ADVICE, lines)


@contextmanager
def _replaced(client: APIClient, image: str, say: Say) -> Iterator[None]:
    """Tells time and size, and removes the image that had the tag before. Its layers stay while apps are made of them."""
    before, start = _inspect(client, image), time.monotonic()
    yield
    made = _inspect(client, image)
    assert made is not None
    say(f"{image}: {made['Size'] / 1e6:.0f} MB, made in {time.monotonic() - start:.0f} s\n")
    if before is not None and (old := _inspect(client, before["Id"])) and not old["RepoTags"]:
        with suppress(docker.errors.APIError):  # a container or another image still needs it
            client.remove_image(old["Id"])
