"""Custom domains."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paas.domain.route import check_hostname
from paas.errors import Invalid


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("example.org", "example.org"),
        ("WWW.Example.ORG", "www.example.org"),
        ("example.org.", "example.org"),
        ("*.example.org", "*.example.org"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1.example.org", "1.example.org"),
        (f"{'a' * 63}.org", f"{'a' * 63}.org"),
    ],
)
def test_a_host_name_is_kept_in_lower_case(given_name: str, kept: str) -> None:
    assert check_hostname(given_name, "paas.test") == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "example",
        "*.org",
        "a..org",
        "-a.org",
        "a-.org",
        "a_b.org",
        "a b.org",
        "a.org\n",
        "a.org:80",
        "http://a.org",
        "a.*.org",
        "bücher.example",
        f"{'a' * 64}.org",
        ".".join(["a" * 50] * 6),
        "10.0.0.1",
        "::1",
        None,
    ],
)
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_hostname(name, "paas.test")


@pytest.mark.parametrize("name", ["paas.test", "api.paas.test", "x.y.paas.test", "API.PAAS.TEST", "*.paas.test"])
def test_the_platforms_own_names_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_hostname(name, "paas.test")


def test_a_name_that_only_ends_like_the_platforms_is_fine() -> None:
    assert check_hostname("notpaas.test", "paas.test") == "notpaas.test"


@given(st.one_of(st.text(), st.from_regex(r"[a-zA-Z0-9*.-]+\.[a-zA-Z]+", fullmatch=True)))
def test_what_is_kept_is_kept_again_and_is_ascii(name: str) -> None:
    try:
        kept = check_hostname(name, "paas.test")
    except Invalid:
        return
    assert check_hostname(kept, "paas.test") == kept
    assert kept.isascii()
    assert not set(kept) & set(" \t\r\n\"'\\/;{}#")  # what would break out of a line of the router's configuration
