"""Bytes from the engine, however they are cut, make the same frames and messages."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from paas.adapters.docker_streams import Frames, Message, messages

STAMP = b"2026-01-01T00:00:00.123456789Z"


def _frame(stream: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(payload)) + payload


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=8),
    st.lists(st.integers(min_value=1, max_value=20), min_size=1, max_size=50),
)
def test_frames_do_not_depend_on_how_the_bytes_are_cut(sent: list[tuple[int, bytes]], cuts: list[int]) -> None:
    data = b"".join(_frame(stream, payload) for stream, payload in sent)
    frames = Frames()
    received: list[tuple[str, bytes]] = []

    for cut in [*cuts, len(data)]:
        received += frames.feed(data[:cut])
        data = data[cut:]

    assert received == [({1: "stdout", 2: "stderr"}[stream], payload) for stream, payload in sent]


def test_each_frame_is_a_message_behind_its_stamp() -> None:
    body = _frame(1, STAMP + b" hello world\n") + _frame(2, STAMP + b" \n")

    assert list(messages([body], tty=False)) == [
        Message("stdout", STAMP, b"hello world\n"),
        Message("stderr", STAMP, b"\n"),
    ]


def test_with_a_terminal_lines_are_messages() -> None:
    chunks = [STAMP + b" one\r\n" + STAMP[:5], STAMP[5:] + b" two\r", b"\n" + STAMP + b" three"]

    assert list(messages(chunks, tty=True)) == [
        Message("stdout", STAMP, b"one\r\n"),
        Message("stdout", STAMP, b"two\r\n"),
        Message("stdout", STAMP, b"three"),
    ]
