"""The stack images, made for real. Whole ones take minutes: small ones, made by the same code, show how it goes wrong."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import docker.errors
import pytest

from paas.adapters import stack_images
from paas.adapters.stack_images import BUILD_IMAGE, RUN_IMAGE
from paas.config import Settings
from paas.errors import SetupFailed


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def images(settings: Settings) -> None:
    """The real ones are there."""
    stack_images.ensure(settings, print)


@pytest.fixture
def small(client: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Instead of the real images, small ones with names of their own; the recipe's folder, to be changed."""
    names = [f"t-stack-{secrets.token_hex(4)}/{kind}:12" for kind in ("run", "build")]
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (tmp_path / "root" / "busybox").chmod(0o755)
    for name in ("run.txt", "build.txt"):
        (tmp_path / name).write_text("a-package\n")
    (tmp_path / "build.Dockerfile").write_text('ARG BASE\nFROM ${BASE}\nARG PACKAGES\nRUN ["/busybox", "true"]\n')
    command = ["sh", "-c", f"tar -c -C {tmp_path / 'root'} ."]
    monkeypatch.setattr(stack_images, "RUN_IMAGE", names[0])
    monkeypatch.setattr(stack_images, "BUILD_IMAGE", names[1])
    monkeypatch.setattr(stack_images, "RECIPE", tmp_path)
    monkeypatch.setattr(stack_images, "_LOCK", tmp_path / "lock")
    monkeypatch.setattr(stack_images, "bootstrap_command", lambda: [*command, *stack_images.packages("run")])
    monkeypatch.setattr(stack_images, "image_settings", lambda: ["USER 1000:1000"])
    yield tmp_path
    for name in reversed(names):
        with suppress(docker.errors.ImageNotFound):
            client.images.remove(name, force=True)


def run(client: docker.DockerClient, image: str, *command: str) -> str:
    output: bytes = client.containers.run(image, list(command), remove=True, network_mode="none")
    return output.decode()


@pytest.mark.usefixtures("images")
def test_both_images_run_as_the_stacks_user_in_an_empty_app_folder(client: docker.DockerClient) -> None:
    for image in (RUN_IMAGE, BUILD_IMAGE):
        output = run(
            client, image, "sh", "-c", "id -u; id -un; pwd; ls -A /app /layers; echo $HOME $LANG $CNB_STACK_ID"
        )
        assert output == "1000\npaas\n/app\n/app:\n\n/layers:\n/app C.UTF-8 paas-12\n"


@pytest.mark.usefixtures("images")
def test_the_build_image_shares_the_run_images_layers(client: docker.DockerClient) -> None:
    run_layers = client.images.get(RUN_IMAGE).attrs["RootFS"]["Layers"]
    build_layers = client.images.get(BUILD_IMAGE).attrs["RootFS"]["Layers"]

    assert build_layers[: len(run_layers)] == run_layers


@pytest.mark.usefixtures("images")
def test_apps_find_their_runtimes_and_builds_their_tools(client: docker.DockerClient) -> None:
    runtimes = run(
        client,
        RUN_IMAGE,
        "sh",
        "-c",
        "python -V && python3 -c 'import ssl, sqlite3, tomllib' && node -v && /usr/sbin/nginx -v 2>&1",
    )
    tools = run(
        client,
        BUILD_IMAGE,
        "sh",
        "-c",
        "for t in gcc make git curl npm pg_config uv pip; do command -v $t || echo no $t; done",
    )

    assert runtimes.startswith("Python 3.11.")
    assert "no " not in tools


@pytest.mark.usefixtures("images")
def test_nothing_in_them_makes_another_user_of_an_app(client: docker.DockerClient) -> None:
    for image in (RUN_IMAGE, BUILD_IMAGE):
        assert run(client, image, "sh", "-c", "find / -xdev -type f -perm /6000 2>/dev/null; true") == ""


@pytest.mark.usefixtures("images")
def test_labels_say_which_base_they_are(client: docker.DockerClient) -> None:
    labels = client.images.get(RUN_IMAGE).labels

    assert labels["paas.stack"] == "12"
    assert labels["paas.stack.recipe"] == stack_images.run_recipe()
    assert labels["io.buildpacks.base.distro.name"] == "debian"
    assert labels["io.buildpacks.base.distro.version"] == "12"


@pytest.mark.usefixtures("images")
def test_when_they_are_there_nothing_is_made(settings: Settings) -> None:
    said: list[str] = []

    stack_images.ensure(settings, said.append)

    assert said == []


def test_another_recipe_makes_new_ones_and_removes_the_old(
    client: docker.DockerClient, settings: Settings, small: Path
) -> None:
    stack_images.ensure(settings, print)
    before = client.images.get(stack_images.RUN_IMAGE).id, client.images.get(stack_images.BUILD_IMAGE).id

    (small / "build.txt").write_text("another-package\n")
    stack_images.ensure(settings, print)

    assert client.images.get(stack_images.RUN_IMAGE).id == before[0]
    assert client.images.get(stack_images.BUILD_IMAGE).id != before[1]
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get(str(before[1]))


def test_a_new_run_image_brings_a_new_build_image(client: docker.DockerClient, settings: Settings, small: Path) -> None:
    stack_images.ensure(settings, print)
    (small / "root" / "more").write_text("more")
    (small / "run.txt").write_text("another-package\n")

    stack_images.ensure(settings, print)

    run_layers = client.images.get(stack_images.RUN_IMAGE).attrs["RootFS"]["Layers"]
    assert client.images.get(stack_images.BUILD_IMAGE).attrs["RootFS"]["Layers"][0] == run_layers[0]


@pytest.mark.usefixtures("small")
def test_two_at_once_make_them_once(settings: Settings) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=stack_images.ensure, args=(settings, said.append)) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([line for line in said if "made in" in line]) == 2
    assert len([line for line in said if "waiting" in line]) <= 1


def test_a_bootstrap_that_fails_leaves_no_image_and_shows_why(
    client: docker.DockerClient, settings: Settings, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ["sh", "-c", f"tar -c -C {small / 'root'} .; echo 'E: no such suite' >&2; exit 5"]
    monkeypatch.setattr(stack_images, "bootstrap_command", lambda: broken)
    images = {image.id for image in client.images.list(all=True, filters={"label": "paas.stack.recipe"})}

    with pytest.raises(SetupFailed, match="exited with 5") as caught:
        stack_images.ensure(settings, print)

    assert caught.value.lines == ("E: no such suite",)
    assert {image.id for image in client.images.list(all=True, filters={"label": "paas.stack.recipe"})} == images


def test_a_build_image_that_fails_shows_why_and_leaves_the_old_one(
    client: docker.DockerClient, settings: Settings, small: Path
) -> None:
    stack_images.ensure(settings, print)
    before = client.images.get(stack_images.BUILD_IMAGE).id
    (small / "build.Dockerfile").write_text(
        'ARG BASE\nFROM ${BASE}\nRUN ["/busybox", "sh", "-c", "echo E: no such package; exit 100"]\n'
    )

    with pytest.raises(SetupFailed) as caught:
        stack_images.ensure(settings, print)

    assert "E: no such package" in caught.value.lines
    assert client.images.get(stack_images.BUILD_IMAGE).id == before
