"""App names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paas.domain.app import RESERVED_NAMES, check_app_name
from paas.errors import Invalid


@pytest.mark.parametrize("name", ["abc", "a1b", "a-b", "a--b", "hello-world-42", "a" * 30])
def test_good_names_are_taken_as_they_are(name: str) -> None:
    assert check_app_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 31,
        "Abc",
        "1abc",
        "-abc",
        "abc-",
        "a_b",
        "a.b",
        "a b",
        "abc\n",
        "äbc",
        "a/../b",
        "$(id)",
        "abc\0",
    ],
)
def test_bad_names_are_refused_and_named(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_app_name(name)

    assert (caught.value.field, caught.value.value) == ("name", name)


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_the_platforms_own_names_are_no_apps(name: str) -> None:
    with pytest.raises(Invalid):
        check_app_name(name)


@pytest.mark.parametrize("name", [None, 7, ["abc"], b"abc"])
def test_what_is_no_string_is_no_name(name: object) -> None:
    with pytest.raises(Invalid):
        check_app_name(name)  # type: ignore[arg-type]


@given(st.one_of(st.text(), st.from_regex(r"[a-z][a-z0-9-]+", fullmatch=True)))
def test_every_name_that_is_taken_is_a_host_name_label(name: str) -> None:
    try:
        assert check_app_name(name) == name
    except Invalid:
        return
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name, re.ASCII)  # RFC 1123, 2.1
    assert 3 <= len(name) <= 30
