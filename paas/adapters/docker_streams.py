"""Docker's byte streams: frames of the multiplexed format, and the messages of a container's log in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

_HEADER = 8
_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}  # 0 is stdin echoed, which the engine folds into stdout


class Message(NamedTuple):
    """What the engine logged at once: a line with its newline, or a piece of one without."""

    stream: str
    stamp: bytes  # RFC 3339 with nine digits, UTC: sorts as it reads. The pieces of a line have the same.
    text: bytes


class Frames:
    """Takes bytes as they come, gives whole frames (Engine API, *Attach to a container*, "Stream format"):
    one byte for the stream, three of padding, four for the size (big-endian), the payload.
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """The (stream, payload) pairs that are complete now."""
        self._pending += data
        while len(self._pending) >= _HEADER:
            end = _HEADER + int.from_bytes(self._pending[4:_HEADER], "big")
            if len(self._pending) < end:
                return
            frame = _STREAMS.get(self._pending[0], "stdout"), bytes(self._pending[_HEADER:end])
            del self._pending[:end]
            yield frame


def messages(chunks: Iterable[bytes], *, tty: bool) -> Iterator[Message]:
    """The messages in the body of a `logs?timestamps=1` answer."""
    for stream, payload in _lines(chunks) if tty else _frames(chunks):
        stamp, _, text = payload.partition(b" ")
        yield Message(stream, stamp, text)


def _frames(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Each frame is a message."""
    frames = Frames()
    for chunk in chunks:
        yield from frames.feed(chunk)


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """With a TTY there are no frames, and only newlines part one message from the next."""
    pending = b""
    for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        yield from (("stdout", line + b"\n") for line in lines)
    if pending:
        yield "stdout", pending
