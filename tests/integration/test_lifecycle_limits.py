"""Builds that misbehave: they end within their limits, harm nobody, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from paas.adapters import stack_images
from paas.config import MiB, Settings
from paas.errors import (
    BuildCancelled,
    BuildFailed,
    BuildOutOfMemory,
    BuildTimedOut,
    DiskLow,
    InvalidSource,
    PlatformFault,
)
from tests.builds import Workshop, workshop

WaitFor = Callable[..., None]


@pytest.fixture
def shop(settings: Settings) -> Iterator[Workshop]:
    stack_images.ensure(settings, print)
    with workshop(settings) as shop:
        yield shop
        assert shop.containers() == []
        assert left_over(shop) == []


def left_over(shop: Workshop) -> list[Path]:
    return list(shop.settings.builds_dir.glob("*/work"))


# --- walls ------------------------------------------------------------------------------------------------------------


def test_a_build_has_no_power_over_the_machine(shop: Workshop) -> None:
    shop.use(
        look=textwrap.dedent(
            """\
            #!/bin/bash
            id -u
            grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
            cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max 2>/dev/null \\
              || cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
            for place in /platform/x /cnb/x /cnb/buildpacks/x /layers/x /plans/x /etc/x; do
              touch $place 2>/dev/null && echo "could write to $place"
            done
            mv /layers/test_look /layers/other 2>/dev/null && echo "could move its folder"
            echo over
            """
        )
    )
    shop.settings = replace(shop.settings, build_memory=512 * MiB, build_pids=100)

    shop.build({"a": ""})

    said = shop.log.split("test/look 1\n")[1].split("-----> Discovering")[0].splitlines()
    assert sorted(said) == sorted(
        [
            "1000",
            f"CapEff:\t{0:016}",
            f"CapBnd:\t{0:016}",
            "NoNewPrivs:\t1",
            "Seccomp:\t2",
            str(512 * MiB),
            "100",
            "over",
        ]
    )


def test_builds_do_not_reach_each_other(shop: Workshop, wait_for: WaitFor) -> None:
    serve = "#!/bin/bash\nhostname -i > /app/address; cd /; timeout 60 python3 -m http.server 8000 > /dev/null 2>&1\n"
    knock = (
        "#!/bin/bash\npython3 -c \"import socket; socket.create_connection((open('/app/address').read().strip(), 8000), 3)\" "
        "2>/dev/null && echo reached || echo no way\n"
    )
    shop.use(serve=serve)
    stop = threading.Event()
    request = shop.request({"a": ""})
    server = threading.Thread(target=lambda: _ended(lambda: shop.builder.build(request, lambda _: None, stop.is_set)))
    server.start()
    address = shop.settings.builds_dir / request.build_id / "work" / "app" / "address"
    try:
        wait_for(lambda: address.exists() and address.read_text().strip(), 60)
        with workshop(replace(shop.settings, data_dir=shop.settings.data_dir / "other")) as other:
            other.use(knock=knock)
            other.build({"address": address.read_text()}, build_id="other")
            assert "no way" in other.log
    finally:
        stop.set()
        server.join()


def _ended(build: Callable[[], object]) -> None:
    with pytest.raises(BuildCancelled):
        build()


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_build_that_takes_too_long_is_stopped(shop: Workshop) -> None:
    shop.use(slow="#!/bin/sh\necho begun; sleep 1000\n")
    shop.settings = replace(shop.settings, build_timeout=3)

    with pytest.raises(BuildTimedOut) as ended:
        shop.build({"a": ""})

    assert (ended.value.phase, ended.value.seconds) == ("build", 3)
    assert shop.log.endswith("begun\n")


def test_a_build_that_eats_memory_is_stopped_and_told_so(shop: Workshop) -> None:
    shop.use(greedy="#!/bin/sh\nexec python3 -c 'x = bytearray(1 << 30)'\n")
    shop.settings = replace(shop.settings, build_memory=64 * MiB)

    with pytest.raises(BuildOutOfMemory) as ended:
        shop.build({"a": ""})

    assert ended.value.limit == 64 * MiB


def test_a_build_that_forks_without_end_fails_by_itself(shop: Workshop) -> None:
    shop.use(bomb="#!/bin/bash\nfor i in $(seq 300); do sleep 1000 & done\nwait -n\n")
    shop.settings = replace(shop.settings, build_pids=50, build_timeout=60)

    with pytest.raises(BuildFailed):
        shop.build({"a": ""})


def test_a_build_can_be_cancelled(shop: Workshop) -> None:
    shop.use(slow="#!/bin/sh\necho begun; sleep 1000\n")

    with pytest.raises(BuildCancelled):
        shop.build({"a": ""}, cancelled=lambda: "begun" in shop.log)


def test_a_build_that_fills_the_disk_is_stopped(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.use(slow="#!/bin/sh\necho begun; sleep 1000\n")
    usage = shutil.disk_usage("/")._replace(free=0)
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage if "begun" in shop.log else real(path))

    with pytest.raises(DiskLow):
        shop.build({"a": ""})


def test_with_too_little_disk_no_build_starts(shop: Workshop) -> None:
    shop.settings = replace(shop.settings, min_free_disk=2**60)

    with pytest.raises(DiskLow):
        shop.build({"a": ""})


def test_an_image_that_is_too_large_is_refused(shop: Workshop) -> None:
    shop.use(large="#!/bin/sh\ntruncate -s 100G /app/sparse\n")
    shop.settings = replace(shop.settings, max_image=10 * MiB)

    with pytest.raises(BuildFailed) as failed:
        shop.build({"a": ""})

    assert failed.value.phase == "export"


# --- hostile code -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        "kill -9 $PPID; sleep 1000",
        "kill -9 -1; sleep 1000",
        "echo nonsense > /proc/$PPID/fd/1; sleep 1000",
        "head -c 3000000 /dev/zero > /proc/$PPID/fd/1; sleep 1000",
    ],
)
def test_who_attacks_the_agent_fails_its_own_build(shop: Workshop, script: str) -> None:
    shop.use(evil=f"#!/bin/sh\n{script}\n")
    shop.settings = replace(shop.settings, build_timeout=60)

    with pytest.raises(BuildFailed) as failed:
        shop.build({"a": ""})

    assert not isinstance(failed.value, BuildTimedOut)


def test_who_stops_the_agent_runs_into_the_timeout(shop: Workshop) -> None:
    shop.use(evil="#!/bin/sh\nkill -STOP $PPID\n")
    shop.settings = replace(shop.settings, build_timeout=4)

    with pytest.raises(BuildTimedOut):
        shop.build({"a": ""})


def test_links_in_layers_and_app_lead_nowhere_on_this_machine(shop: Workshop) -> None:
    secret = shop.settings.data_dir / "secret"
    secret.mkdir(mode=0o755)
    (secret / "file").write_text("the secret")
    shop.use(
        evil=textwrap.dedent(
            f"""\
            #!/bin/sh
            ln -s {secret} /app/link
            ln -s {secret}/file /app/file-link
            ln -s {secret} $1/layer
            printf '[types]\\nlaunch = true\\n' > $1/layer.toml
            """
        )
    )
    with pytest.raises(BuildFailed, match="left no files for it"):
        shop.build({"a": ""})

    shop.use(evil=f"#!/bin/sh\nln -s {secret} /app/link\nln -s {secret}/file /app/file-link\n")
    image = shop.build({"a": ""}).slug.image
    assert "the secret" not in shop.run(image, "cat /app/link/file /app/file-link; true")


def test_odd_files_in_the_app_do_not_break_the_export(shop: Workshop) -> None:
    shop.use(
        odd=textwrap.dedent(
            """\
            #!/bin/bash
            cd /app; mkfifo fifo; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
            touch $'new\\nline' $'\\xff' -- '-rf'; mkdir closed; touch closed/file; chmod 000 closed
            echo x > suid; chmod 4755 suid; ln suid twin; ln -s loop loop
            """
        )
    )

    image = shop.build({"a": ""}).slug.image

    listed = shop.run(image, "stat -c '%A %n' suid twin loop; ls -b").split("\n")
    assert listed[:3] == ["-rwxr-xr-x suid", "-rwxr-xr-x twin", "lrwxrwxrwx loop"]
    assert sorted(listed[3:-1]) == ["-rf", "\\377", "a", "closed", "loop", "new\\nline", "suid", "twin"]


def test_a_tree_too_deep_to_walk_fails_the_export_and_is_still_removed(shop: Workshop) -> None:
    dig = "import os; [(os.mkdir('d'), os.chdir('d')) for _ in range(5000)]"
    shop.use(deep=f'#!/bin/sh\ncd /app && python3 -c "{dig}"\n')

    with pytest.raises(BuildFailed) as failed:
        shop.build({"a": ""})

    assert failed.value.phase == "export"


def test_what_runs_on_in_the_background_is_dead_before_files_are_read(shop: Workshop) -> None:
    shop.use(
        daemon="#!/bin/bash\nsetsid bash -c 'while :; do echo x >> /app/growing; done' > /dev/null 2>&1 &\n"
        "until [ -s /app/growing ]; do :; done\n"
    )

    image = shop.build({"a": ""}).slug.image

    size = int(shop.run(image, "stat -c %s growing"))
    assert size > 0
    assert size % 2 == 0


def test_hostile_source_never_gets_to_a_container(shop: Workshop) -> None:
    shop.use(noop="#!/bin/sh\n")

    with pytest.raises(InvalidSource):
        shop.build({"../evil": "x"})
    with pytest.raises(InvalidSource):
        shop.build({"app.json": "{"})


def test_missing_stack_images_are_the_platforms_fault(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.builds.BUILD_IMAGE", "no/such:image")

    with pytest.raises(PlatformFault, match="no/such:image is missing"):
        shop.build({"a": ""})


# --- workers that die -------------------------------------------------------------------------------------------------

WORKER = """
import sys
from pathlib import Path
from paas.config import load
from paas.ports.builder import BuildRequest
from tests.builds import Workshop

settings = load({"name": sys.argv[1], "data_dir": sys.argv[2]}, {})
shop = Workshop.__new__(Workshop)
shop.settings, shop.buildpacks = settings, settings.data_dir / "buildpacks"
request = BuildRequest("killed", sys.argv[3], "shop", Path(sys.argv[4]), "c0ffee", {}, None)
shop.builder.build(request, lambda text: print(text, end="", flush=True), lambda: False)
"""


def killed_worker(shop: Workshop, when: str) -> None:
    """Runs a build in a process of its own and kills it -9 once that line is printed."""
    source = shop.request({"a": ""}).source
    argv = [sys.executable, "-c", WORKER, shop.settings.name, str(shop.settings.data_dir), shop.app_id, str(source)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=root, start_new_session=True) as worker:
        assert worker.stdout is not None
        assert any(when in line for line in worker.stdout)
        os.killpg(worker.pid, signal.SIGKILL)


def test_what_a_killed_worker_left_can_be_discarded(shop: Workshop, wait_for: WaitFor) -> None:
    shop.use(slow="#!/bin/sh\necho begun; sleep 1000\n")
    killed_worker(shop, "begun")
    assert len(shop.containers()) == 1
    assert len(left_over(shop)) == 1

    shop.builder.discard("killed")
    shop.builder.discard("killed")

    wait_for(lambda: shop.containers() == [])
    assert left_over(shop) == []


def test_a_build_whose_worker_was_killed_is_built_again(shop: Workshop, wait_for: WaitFor) -> None:
    shop.use(slow="#!/bin/sh\necho begun; [ -f /app/quick ] || sleep 1000\n")
    killed_worker(shop, "begun")

    result = shop.build({"quick": ""}, build_id="killed")

    assert shop.run(result.slug.image, "ls") == "quick\n"
    wait_for(lambda: shop.containers() == [])
