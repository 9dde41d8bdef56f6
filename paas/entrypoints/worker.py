"""The worker process: imports everything once, then forks a queue worker per slot and replaces those that die.

One parent for all means that its children share its memory: each further worker costs a few MB, not forty.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import time

from paas import config
from paas.adapters import rq_worker
from paas.entrypoints import jobs

SHORT_WORKERS = 3  # converge waits for processes to boot, so one slow app must not hold up the others
_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Runs until SIGTERM; then lets jobs end and goes."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = config.load()
    jobs.preload()
    gc.collect()
    gc.freeze()  # the parent's objects stay shared: the collector in the children doesn't touch them
    slots = ["builds"] * settings.build_concurrency + ["short"] * SHORT_WORKERS
    children = {_fork(slot): slot for slot in slots}
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
            logging.getLogger(__name__).warning("%s worker %d ended (%d); starting another", slot, pid, status)
            time.sleep(0.2)  # one that dies at once must not make this loop spin
            children[_fork(slot)] = slot


def _fork(slot: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        # When the parent dies, however it dies, this child ends its job and goes, so that there are never two sets.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        rq_worker.work(config.load(), slot)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
