"""Every `Clock`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paas.adapters.memory.clock import MemoryClock
from paas.adapters.system_clock import SystemClock
from paas.ports.clock import Clock


@pytest.fixture(params=["memory", "system"])
def clock(request: pytest.FixtureRequest) -> Clock:
    return MemoryClock() if request.param == "memory" else SystemClock()


def test_now_is_in_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_sleeping_lets_time_pass(clock: Clock) -> None:
    before = clock.monotonic()

    clock.sleep(0.01)

    assert clock.monotonic() - before >= 0.01


def test_time_stands_still_in_memory_until_somebody_sleeps() -> None:
    clock = MemoryClock()
    before = clock.now()

    assert clock.now() == before
    clock.sleep(90)
    assert clock.now() - before == timedelta(seconds=90)
    clock.sleep(-1)
    assert clock.monotonic() == 90
