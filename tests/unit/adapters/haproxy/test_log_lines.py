"""Router lines in Heroku's format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paas.adapters.haproxy.log_lines import parse

LINE = 'paas-router http serving/4f1d web.1-ab12 2 3 1 24 200 13 -- 1.2.3.4 "GET" "id-1" "" "x.example" "/" "?a=b"'


def parsed(line: str) -> str:
    """The text that goes into the app's log."""
    result = parse(line)
    assert result is not None
    app_id, text = result
    assert app_id == "4f1d"
    return text


def test_an_answered_request() -> None:
    assert parsed(LINE) == (
        'at=info method=GET path="/?a=b" host=x.example request_id=id-1 fwd="1.2.3.4" dyno=web.1 '
        "connect=1ms service=18ms status=200 bytes=13 protocol=http"
    )


def test_a_request_that_timed_out_was_answered_with_503() -> None:
    line = LINE.replace("2 3 1 24 200 13 --", "0 0 -1 30000 504 2000 sH").replace("router http", "router https~")

    assert parsed(line) == (
        'at=error code=H12 desc="Request timeout" method=GET path="/?a=b" host=x.example request_id=id-1 fwd="1.2.3.4" '
        "dyno=web.1 connect=0ms service=30000ms status=503 bytes=2000 protocol=https"
    )


@pytest.mark.parametrize(
    ("state", "ended", "code"),
    [
        ("serving", "--", None),
        ("serving", "CD", "H27"),
        ("serving", "cD", "H28"),
        ("serving", "sQ", "H11"),
        ("serving", "sH", "H12"),
        ("serving", "SH", "H13"),
        ("serving", "sD", "H15"),
        ("serving", "PH", "H17"),
        ("serving", "SD", "H18"),
        ("serving", "sC", "H19"),
        ("serving", "SC", "H21"),
        ("serving", "KD", "H24"),
        ("no_web", "LR", "H14"),
        ("crashed", "LR", "H10"),
        ("maintenance", "LR", "H80"),
        ("maintenance", "--", None),  # began before the maintenance did
    ],
)
def test_how_it_ended_is_told_by_herokus_codes(state: str, ended: str, code: str | None) -> None:
    text = parsed(LINE.replace("serving", state).replace(" -- ", f" {ended} "))

    assert text.startswith(f"at=error code={code} " if code else "at=info method=")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Server s1/web.1 is DOWN",
        LINE.replace("serving/4f1d", "-"),
        LINE.removeprefix("paas-"),
        LINE + "\n" + LINE,
        LINE[:-1],
    ],
)
def test_other_lines_are_nobodys(line: str) -> None:
    assert parse(line) is None


def test_an_app_that_answers_504_itself_is_believed() -> None:
    assert " status=504 " in parsed(LINE.replace(" 200 ", " 504 "))


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    assert parse(line) is None


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_a_value_of_the_client_stays_one_value(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")

    text = parsed(LINE.replace("x.example", escaped))

    assert text.count(" dyno=") == 1
    assert text.split(" request_id=")[1].startswith("id-1 fwd=")
