"""The build log: whole lines, readable text, and an end to everything."""

from __future__ import annotations

from paas.lifecycle import build_log
from paas.lifecycle.build_log import BuildLog


def said(*chunks: bytes, end: bool = True) -> list[str]:
    texts: list[str] = []
    log = BuildLog(texts.append)
    for chunk in chunks:
        log.write(chunk)
    if end:
        log.end()
    return texts


def test_lines_come_whole_however_they_are_cut() -> None:
    assert said(b"-----> on", b"e\ntwo\nth", b"ree\n") == ["-----> one\ntwo\n", "three\n"]


def test_a_character_cut_in_two_is_whole_again() -> None:
    assert said(b"\xc3", b"\xa4\n") == ["ä\n"]


def test_a_last_line_without_newline_is_not_lost() -> None:
    assert said(b"end") == ["end\n"]
    assert said(b"end", end=False) == []


def test_bytes_that_are_no_text_do_not_break_it() -> None:
    assert said(b"\xff\r\n") == ["\ufffd\n"]


def test_a_line_without_end_is_said_in_pieces() -> None:
    pieces = said(*[b"x" * 10_000] * 5)

    assert sum(len(p) - 1 for p in pieces) == 50_000
    assert len(pieces) > 1


def test_output_without_end_is_cut_off_once_and_told() -> None:
    line = b"y" * 1023 + b"\n"

    texts = said(*[line] * (build_log._MAX_OUTPUT // 1024 + 100))

    assert sum(map(len, texts)) < build_log._MAX_OUTPUT + 1000
    assert "more than 16 MiB" in texts[-1]
