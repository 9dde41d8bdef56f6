"""Docker's byte streams: frames of the multiplexed format, and the lines of a container's log in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from paas.ports.engine import OutputLine

# The engine cuts what a process writes without a newline into pieces of 16 KiB. We join them again, up to this size.
MAX_LINE = 100_000

_HEADER = 8
_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}  # 0 is stdin echoed, which the engine folds into stdout


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


def output_lines(chunks: Iterable[bytes], *, tty: bool) -> Iterator[OutputLine]:
    """Lines from the body of a `logs?timestamps=1` answer. Bytes that are not UTF-8 become U+FFFD."""
    unfinished: dict[str, tuple[datetime, bytes]] = {}
    for stream, message in _terminal_messages(chunks) if tty else _framed_messages(chunks):
        stamp, _, text = message.partition(b" ")
        at, line = unfinished.pop(stream, (None, b""))
        at = at or datetime.fromisoformat(stamp.decode("ascii"))
        line += text
        if line.endswith(b"\n") or len(line) >= MAX_LINE:
            yield _line(at, line, stream)
        else:
            unfinished[stream] = at, line
    for stream, (at, line) in unfinished.items():
        yield _line(at, line, stream)


def _framed_messages(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Each frame is one message: a line, or a piece of one without a newline, behind its time stamp."""
    frames = Frames()
    for chunk in chunks:
        yield from frames.feed(chunk)


def _terminal_messages(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """With a TTY there are no frames, and only newlines part one message from the next."""
    pending = b""
    for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        yield from (("stdout", line + b"\n") for line in lines)
    if pending:
        yield "stdout", pending


def _line(at: datetime, line: bytes, stream: str) -> OutputLine:
    return OutputLine(at, line.rstrip(b"\r\n").decode("utf-8", "replace"), stream)
