"""Config vars: what may be set, and how a change is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paas.domain.config_vars import MAX_TOTAL_BYTES, check_change, describe_change
from paas.errors import Invalid

KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True).filter(lambda k: k not in ("PORT", "DYNO"))
VALUES = st.text(max_size=50).map(lambda v: v.replace("\0", ""))


@given(st.dictionaries(KEYS, VALUES, max_size=8), st.dictionaries(KEYS, st.none() | VALUES, max_size=8))
def test_a_change_sets_what_it_names_removes_what_is_none_and_keeps_the_rest(
    current: dict[str, str], changes: dict[str, str | None]
) -> None:
    before = dict(current)

    after = check_change(current, changes)

    assert current == before
    for key in before.keys() | changes.keys():
        assert after.get(key) == (changes[key] if key in changes else before[key])
    assert check_change(after, changes) == after


@pytest.mark.parametrize("key", ["", "1A", "A-B", "A B", "A=B", "Ä", "A\n", "A" * 257, "a.b", "PORT", "DYNO"])
@pytest.mark.parametrize("value", ["x", None])
def test_a_bad_or_reserved_name_is_refused_to_set_and_to_remove(key: str, value: str | None) -> None:
    with pytest.raises(Invalid):
        check_change({}, {key: value})


@pytest.mark.parametrize("value", [1, True, ["x"], {"a": "b"}, 1.5])
def test_a_value_that_is_no_string_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        check_change({}, {"A": value})  # type: ignore[dict-item]


def test_a_refused_value_is_not_shown() -> None:
    with pytest.raises(Invalid) as caught:
        check_change({}, {"A": "pass\0word"})

    assert "word" not in f"{caught.value} {caught.value.value}"


def test_all_vars_of_an_app_together_have_32_kib_of_utf_8() -> None:
    fits = {"A": "é" * ((MAX_TOTAL_BYTES - 2) // 2 - 1), "B": "12"}

    assert check_change({}, fits) == fits
    with pytest.raises(Invalid):
        check_change({}, {**fits, "B": "123"})
    with pytest.raises(Invalid):
        check_change(fits, {"C": ""} | {"B": "12"})
    assert check_change(fits, {"B": None, "C": ""})["C"] == ""


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"A": "1"}, "Set A config vars"),
        ({"B": "1", "A": ""}, "Set A, B config vars"),
        ({"A": None}, "Remove A config vars"),
        ({"B": None, "A": "1", "C": None}, "Set A; Remove B, C config vars"),
    ],
)
def test_a_change_is_told_by_names_only(changes: dict[str, str | None], text: str) -> None:
    assert describe_change(changes) == text
