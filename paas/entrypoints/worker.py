"""The worker process: imports everything once, then forks the controller and the queue's workers, and replaces those that die.

One parent for all means that its children share its memory: each costs some MB, not fifty. `ps` shows them by name
(`paas-control`, `paas-builds`, `paas-short`).
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import time
from collections.abc import Callable

from paas import config
from paas.adapters import rq_worker
from paas.config import Settings
from paas.entrypoints import controller, jobs

SHORT_WORKERS = 2  # converge waits for processes to boot, so one slow app must not hold up the others
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # prctl(2)


def main() -> None:
    """Runs until SIGTERM; then lets jobs end and goes."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = config.load()
    jobs.preload()
    roles = _roles(settings)
    gc.collect()
    gc.freeze()  # the parent's objects stay shared: the collector in the children doesn't touch them
    slots = ["control", *["builds"] * settings.build_concurrency, *["short"] * SHORT_WORKERS]
    children = {_fork(slot, roles[slot]): slot for slot in slots}
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in children:
            os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while children:
        pid, status = os.wait()
        slot = children.pop(pid, None)
        if slot is not None and not stopping:
            logging.getLogger(__name__).warning("%s (%d) ended with status %d; starting another", slot, pid, status)
            time.sleep(0.2)  # one that dies at once must not make this loop spin
            children[_fork(slot, roles[slot])] = slot


def _fork(slot: str, role: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NAME, f"paas-{slot}".encode())
        # When the parent dies, however it dies, this child ends its job and goes, so that there are never two sets.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        role()
    except Exception:
        logging.getLogger(__name__).exception("%s failed", slot)
    finally:
        os._exit(0)


def _roles(settings: Settings) -> dict[str, Callable[[], None]]:
    connection = rq_worker.connect(settings)
    return {
        "control": lambda: controller.run(jobs.services()),
        "builds": lambda: rq_worker.work(connection, settings, "builds"),
        "short": lambda: rq_worker.work(connection, settings, "short"),
    }


if __name__ == "__main__":
    main()
