"""How long from the click (the API's answer to it) until ten processes serve instead of one?

    bin/bench scale -- [runs]

Floor: nine containers of the same image started in parallel threads by the Docker SDK, until each answers, plus the one that
runs already: ten, as asked for, are started in a second row, for the floor that includes all.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker

from benchmarks._instance import instance, sample_repository, table, wait_for
from benchmarks.push import floor, newest_image

TARGET = 10


def main(runs: int) -> None:
    """Prints the table."""
    engine = docker.from_env()
    with instance() as platform, tempfile.TemporaryDirectory() as folder:
        repository = sample_repository(Path(folder) / "app")
        platform.create("scaled")
        platform.push(repository, "scaled")
        floors, scales = [], []
        for _ in range(runs):
            image = newest_image(engine, platform)
            begun = time.perf_counter()
            with ThreadPoolExecutor(TARGET) as pool:
                list(pool.map(lambda _: floor(engine, image), range(TARGET)))  # noqa: B023  (used at once)
            floors.append(time.perf_counter() - begun)

            begun = time.perf_counter()
            platform.scale("scaled", "web", TARGET)
            wait_for(lambda: platform.processes_up("scaled", "web") == TARGET)
            scales.append(time.perf_counter() - begun)
            platform.scale("scaled", "web", 1)
            wait_for(lambda: running(engine, platform.name) == 1)
        table(
            "1 → 10 web processes, all of them up and routed",
            [("floor: ten started by the SDK", floors), ("scale web=10", scales)],
            "floor: ten started by the SDK",
        )


def running(engine: docker.DockerClient, name: str) -> int:
    """How many processes of the instance run."""
    labels = [f"paas.instance={name}", "paas.kind=formation"]
    return len(engine.api.containers(filters={"label": labels}))  # the summary: asking for each would race with their end


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
