"""Every lease has one holder at a time, and a dead holder holds nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paas.adapters.file_leases import FileLeases
from paas.errors import Invalid, LeaseTaken
from paas.ports.leases import Leases


def test_a_lease_has_one_holder(leases: Leases) -> None:
    assert not leases.is_taken("app-1")

    with leases.take("app-1", 0):
        assert leases.is_taken("app-1")
        with pytest.raises(LeaseTaken) as caught, leases.take("app-1", 0.05):
            pytest.fail("taken twice")
        with leases.take("app-2", 0):
            pass

    assert caught.value.name == "app-1"
    assert not leases.is_taken("app-1")


def test_a_lease_is_let_go_when_the_block_fails(leases: Leases) -> None:
    with pytest.raises(ZeroDivisionError), leases.take("app", 0):
        _ = 1 / 0

    with leases.take("app", 0):
        pass


def test_who_waits_gets_it_when_it_is_let_go(leases: Leases) -> None:
    waiting, got = threading.Event(), threading.Event()

    def wait() -> None:
        waiting.set()
        with leases.take("app", 20):
            got.set()

    waiter = threading.Thread(target=wait)
    with leases.take("app", 0):
        waiter.start()
        assert waiting.wait(20)
        assert not got.wait(0.1)

    assert got.wait(20)
    waiter.join()


def test_threads_exclude_one_another(leases: Leases) -> None:
    inside, most = 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        with leases.take("app", 20):
            inside += 1
            most = max(most, inside)
            os.sched_yield()
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))

    assert most == 1


def test_processes_exclude_one_another(data_dir: Path) -> None:
    counter = data_dir / "counter"
    counter.write_text("0")

    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(_count, [(data_dir, 40)] * 3)

    assert counter.read_text() == "120"


def test_asking_never_gets_in_the_way_of_taking(data_dir: Path) -> None:
    leases = FileLeases(data_dir)
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            leases.is_taken("app")

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(200):
            with leases.take("app", 0):
                assert leases.is_taken("app")
    finally:
        stop.set()
        for asker in askers:
            asker.join()


def test_a_killed_holder_holds_nothing(data_dir: Path, wait_for: Callable[..., None]) -> None:
    leases = FileLeases(data_dir)
    holder = _hold(data_dir)
    wait_for(lambda: leases.is_taken("app"))

    holder.send_signal(signal.SIGKILL)
    holder.wait()

    assert not leases.is_taken("app")
    with leases.take("app", 0):
        pass


def test_programs_that_a_holder_starts_do_not_hold_it(data_dir: Path) -> None:
    leases = FileLeases(data_dir)
    with leases.take("app", 0):
        program = subprocess.Popen(["sleep", "1000"], close_fds=False)

    assert not leases.is_taken("app")
    program.kill()
    program.wait()


def test_leases_leave_no_files_behind(data_dir: Path) -> None:
    leases = FileLeases(data_dir / "leases")

    with leases.take("app", 0):
        pass

    assert list((data_dir / "leases").iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\0", "a\n", "-a", "x" * 101])
def test_a_lease_is_never_a_file_elsewhere(data_dir: Path, name: str) -> None:
    leases = FileLeases(data_dir)

    with pytest.raises(Invalid):
        leases.is_taken(name)
    with pytest.raises(Invalid), leases.take(name, 0):
        pass


def _count(job: tuple[Path, int]) -> None:
    folder, times = job
    for _ in range(times):
        with FileLeases(folder / "leases").take("counter", 60):
            number = int((folder / "counter").read_text())
            (folder / "counter").write_text(str(number + 1))


def _hold(folder: Path) -> subprocess.Popen[bytes]:
    program = (
        "import pathlib, sys, time; from paas.adapters.file_leases import FileLeases\n"
        "with FileLeases(pathlib.Path(sys.argv[1])).take('app', 0): time.sleep(1000)"
    )
    return subprocess.Popen([sys.executable, "-c", program, str(folder)])
