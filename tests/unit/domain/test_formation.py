"""Process types and quantities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paas.domain.formation import (
    MAX_QUANTITY,
    ProcessType,
    Scale,
    check_type_name,
    parse_change,
    parse_quantity,
    quantities,
)
from paas.errors import Invalid

QUANTITIES = st.integers(0, MAX_QUANTITY)


def _types(*names: str) -> list[ProcessType]:
    return [ProcessType(name, name, (name,)) for name in names]


@pytest.mark.parametrize("name", ["web", "Worker", "a", "0", "a_b-c", "x" * 30])
def test_good_type_names_are_taken(name: str) -> None:
    assert check_type_name(name) == name


@pytest.mark.parametrize("name", ["", "-web", "_web", "x" * 31, "we b", "web.1", "web\n", "ſ", "\u212a", "٣", "a:b"])
def test_bad_type_names_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_type_name(name)


@given(QUANTITIES, QUANTITIES)
def test_a_number_is_what_is_wanted_whatever_runs(now: int, wanted: int) -> None:
    assert parse_quantity("web", wanted, {"web": now}) == wanted
    assert parse_quantity("web", str(wanted), {"web": now}) == wanted
    assert parse_change(f"web={wanted}", {"web": now}) == Scale("web", wanted)


@given(QUANTITIES, st.integers(-200, 200))
def test_a_signed_number_is_added_to_what_runs_and_bounded(now: int, difference: int) -> None:
    text = f"{difference:+d}"
    if 0 <= now + difference <= MAX_QUANTITY:
        assert parse_quantity("web", text, {"web": now}) == now + difference
        assert parse_change(f"web{text}", {"web": now}) == Scale("web", now + difference)
    else:
        with pytest.raises(Invalid):
            parse_quantity("web", text, {"web": now})


def test_a_difference_to_a_type_that_never_ran_counts_from_none() -> None:
    assert parse_quantity("worker", "+2", {}) == 2


@pytest.mark.parametrize("quantity", ["", "x", "1.5", "--1", "+", " 1", "1\n", "99999", 101, -1, True, None, 1.0, "٣"])
def test_what_is_no_quantity_is_refused(quantity: object) -> None:
    with pytest.raises(Invalid):
        parse_quantity("web", quantity, {"web": 0})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "web", "web=", "=1", "web=x", "web==1", "web=1 worker=2", "web:1", "-web=1"])
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_change(text, {})


@given(st.text())
def test_any_text_is_a_change_or_invalid(text: str) -> None:
    try:
        scale = parse_change(text, {})
    except Invalid:
        return
    assert 0 <= scale.quantity <= MAX_QUANTITY


def test_a_formation_has_what_was_scaled_one_web_and_none_of_the_rest() -> None:
    assert quantities(_types("web", "worker", "clock"), {"worker": 3, "gone": 5}) == {"web": 1, "worker": 3, "clock": 0}
    assert quantities(_types("web"), {"web": 0}) == {"web": 0}
    assert quantities([], {"web": 2}) == {}


def test_only_web_is_web() -> None:
    assert [t.name for t in _types("web", "Web", "webs", "worker") if t.is_web] == ["web"]
