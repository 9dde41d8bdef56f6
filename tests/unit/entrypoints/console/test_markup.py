"""Log lines as HTML."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from paas.entrypoints.console import markup
from paas.ports.logs import LogLine

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain & <b>", "plain &amp; &lt;b&gt;"),
        ("\x1b[31mred\x1b[0m not", '<span class="a-1">red</span> not'),
        ("\x1b[1;92mbold\x1b[22m green", '<span class="a-bold a-2">bold</span><span class="a-2"> green</span>'),
        ("\x1b[31m\x1b[32mlast wins\x1b[39m", '<span class="a-2">last wins</span>'),
        ("\x1b[mnothing\x1b[", "nothing["),
        ("\x1b[38;5;208morange\x1b[48;2;1;2;3m", "orange"),
        ("\x1b[2Jcleared\x1b[1;1H", "cleared"),
        ("\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link", "textlink"),
        ("10%\r50%\r100%", "100%"),
        ("a\x00b\x08c\u202ed", "abcd"),
        ("\x1b[31m<i>\x1b[0m", '<span class="a-1">&lt;i&gt;</span>'),
    ],
)
def test_colours_stay_and_all_else_that_a_terminal_obeys_goes(text: str, html: str) -> None:
    assert markup.coloured(text) == html


def test_a_line_says_when_and_from_where() -> None:
    html = markup.log_lines([LogLine(AT, "app", "web.1", "hello"), LogLine(AT, "heroku", "router", "at=info")])

    first, second = html.split("</li>")[:2]
    assert 'datetime="2026-01-02T03:04:05.678+00:00"' in first
    assert "03:04:05" in first
    assert 'data-from="web"' in first
    assert "data-platform" not in first
    assert 'data-from="router" data-platform' in second


def test_a_process_has_one_colour() -> None:
    assert markup.colour("web.1") == markup.colour("web.1")
    assert {markup.colour(f"web.{n}") for n in range(100)} == {1, 2, 3, 4, 5, 6}


def test_steps_and_errors_of_a_build_stand_out() -> None:
    html = markup.build_lines("-----> Step\n       detail <x>\n !     Error\n")

    assert html == (
        '<span class="b-step">-----&gt; Step\n</span>       detail &lt;x&gt;\n<span class="b-error"> !     Error\n</span>'
    )


def test_backquotes_in_our_sentences_are_code() -> None:
    assert markup.prose("Run `paas <ps>` & see") == "Run <code>paas &lt;ps&gt;</code> &amp; see"
