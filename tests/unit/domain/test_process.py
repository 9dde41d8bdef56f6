"""Processes: names, and how long a crashed one waits."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from paas.domain.process import Kind, Process, restart_delay


def test_the_first_crash_is_restarted_at_once_and_each_further_one_later_up_to_ten_minutes() -> None:
    assert [restart_delay(n) for n in range(11)] == [0, 0, 5, 10, 20, 40, 80, 160, 320, 600, 600]


@given(st.integers(0, 1000))
def test_the_delay_never_shrinks_and_never_overflows(crashes: int) -> None:
    assert 0 <= restart_delay(crashes) <= restart_delay(crashes + 1) <= 600


def test_a_process_is_named_for_type_and_index() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert Process("id", "app", Kind.RUN, "run", 4821, 7, running=True, created_at=now).name == "run.4821"
