"""Every signal reaches who listens now; nobody is held up by it."""

from __future__ import annotations

import subprocess
from itertools import islice

import pytest

from paas.adapters.redis_client import connect
from paas.adapters.redis_logs import RedisSignals
from paas.config import Settings
from paas.errors import QueueUnavailable
from paas.ports.logs import Signals


def test_listeners_hear_of_their_app_and_those_to_all_of_all(signals: Signals) -> None:
    one, everything = signals.listen("app-1", heartbeat=20), signals.listen(None, heartbeat=20)

    signals.notify("app-2", "builds")
    signals.notify("app-1", "processes")

    assert next(one) == ("app-1", "processes")
    assert list(islice(everything, 2)) == [("app-2", "builds"), ("app-1", "processes")]


def test_signals_count_from_the_call_on(signals: Signals) -> None:
    signals.notify("app-1", "builds")
    listener = signals.listen("app-1", heartbeat=0.05)

    assert next(listener) is None


def test_a_quiet_app_gives_a_sign_of_life(signals: Signals) -> None:
    listener = signals.listen("app-1", heartbeat=0.02)

    assert list(islice(listener, 3)) == [None, None, None]

    signals.notify("app-1", "config")
    assert ("app-1", "config") in list(islice(listener, 3))


def test_without_redis_nobody_is_held_up_by_a_signal(settings: Settings) -> None:
    signals = RedisSignals(connect(settings.run_dir / "nobody-listens.sock", text=True), "t")

    signals.notify("app-1", "builds")
    with pytest.raises(QueueUnavailable):
        signals.listen("app-1")


def test_listeners_learn_that_redis_went_away(redis_server: subprocess.Popen[bytes], settings: Settings) -> None:
    listener = RedisSignals(connect(settings.redis_socket, text=True), "t").listen("app-1", heartbeat=20)

    redis_server.kill()

    with pytest.raises(QueueUnavailable):
        next(listener)
