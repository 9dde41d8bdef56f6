"""How long from `git push` until the new code answers? Cold, and for a code-only change, against the container's own start.

    bin/bench push -- [runs]

Floor: create and start a container of the very same image with the Docker SDK, until the app in it answers: no git, no build,
no router. Floor and push alternate in one run, so that a noisy machine is noisy for both.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import docker

from benchmarks._instance import Instance, commit, instance, sample_repository, table, wait_for


def main(runs: int) -> None:
    """Prints the table, and where the time of the last code-only push went."""
    engine = docker.from_env()
    with instance() as platform, tempfile.TemporaryDirectory() as folder:
        repository = sample_repository(Path(folder) / "app")
        cold = []
        for number in range(max(1, runs // 4)):
            app = f"cold-{number}"
            platform.create(app)
            change(repository, f"cold {number}")
            cold.append(push_until_live(platform, repository, app, f"cold {number}"))
        app = "cold-0"
        change(repository, "warm-up")
        push_until_live(platform, repository, app, "warm-up")
        floors, pushes, output = [], [], ""
        for number in range(runs):
            floors.append(floor(engine, newest_image(engine, platform)))
            change(repository, f"change {number}")
            begun = time.perf_counter()
            output = platform.push(repository, app)
            wait_for(lambda text=f"change {number}": text in platform.get(app).text)
            pushes.append(time.perf_counter() - begun)
        table(
            "git push → the new code answers (Flask sample)",
            [
                ("floor: create + start until it answers", floors),
                ("code-only push", pushes),
                ("first push of an app", cold),
            ],
            "floor: create + start until it answers",
        )
        print(
            re.sub(r"(?m)^remote: ?", "", output[output.find("-----> Timings") - 10 :]) if "Timings" in output else ""
        )


def change(repository: Path, text: str) -> None:
    """Changes one file, so that the answer shows it."""
    (repository / "greeting.txt").write_text(text)
    commit(repository, text)


def push_until_live(platform: Instance, repository: Path, app: str, text: str) -> float:
    """Seconds from the push's start until the router answers with the text."""
    begun = time.perf_counter()
    platform.push(repository, app)
    wait_for(lambda: text in platform.get(app).text)
    return time.perf_counter() - begun


def newest_image(engine: docker.DockerClient, platform: Instance) -> str:
    """The image of the instance's newest web process."""
    containers = engine.containers.list(filters={"label": [f"paas.instance={platform.name}", "paas.type=web"]})
    return str(containers[0].attrs["Image"])


def floor(engine: docker.DockerClient, image: str) -> float:
    """Seconds to create and start the image until it answers; the container is removed."""
    begun = time.perf_counter()
    container = engine.containers.run(
        image,
        command=["gunicorn app:app --bind 0.0.0.0:$PORT"],
        entrypoint=["/cnb/lifecycle/launcher"],
        environment={"PORT": "5000"},
        detach=True,
    )
    try:
        container.reload()
        address = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        wait_for(lambda: answers(f"http://{address}:5000/"))
        return time.perf_counter() - begun
    finally:
        container.remove(force=True)


def answers(url: str) -> bool:
    """Whether the address answers at all."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  (a container of ours)
            return bool(response.status)
    except OSError:
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
