"""The controller: watches what runs and sees to it that it stays what is wanted.

It holds no state of its own. `watch` asks for a converge where an app has drifted and stops what is surplus; `reaper` finds
builds and releases whose worker died; `app_output` and `router_lines` fill the apps' logs. Each is a thread that starts
again after any error. It is a child of the worker process.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable

from paas.bootstrap import Services
from paas.entrypoints.controller.app_output import AppOutput
from paas.entrypoints.controller.reaper import Reaper
from paas.entrypoints.controller.router_lines import RouterLines
from paas.entrypoints.controller.watch import Watch
from paas.errors import Transient

log = logging.getLogger("paas.controller")


def run(services: Services) -> None:
    """Runs until SIGTERM."""
    output, watch = AppOutput(services), Watch(services)
    loops: list[Callable[[], None]] = [
        watch.check_forever,
        watch.listen_to_engine,
        watch.listen_to_signals,
        output.follow_new,
        output.write_forever,
        Reaper(services).reap_forever,
        RouterLines(services).collect_forever,
    ]
    for loop in loops:
        threading.Thread(target=_forever, args=(loop,), name=loop.__qualname__, daemon=True).start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        return


def _forever(loop: Callable[[], None]) -> None:
    pause = 0.5
    while True:
        begun = time.monotonic()
        try:
            loop()
        except Transient as exc:
            log.warning("%s: %s: %s; trying again", loop.__qualname__, type(exc).__name__, exc)
        except Exception:
            log.exception("%s failed; starting it again", loop.__qualname__)
        pause = 0.5 if time.monotonic() - begun > 30 else min(pause * 2, 5.0)
        time.sleep(pause)
