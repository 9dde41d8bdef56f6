"""The build log: bytes that hostile programs print become whole lines, and no more of them than anybody would read."""

from __future__ import annotations

from paas.ports.builder import Say

_MAX_LINE = 16 * 1024  # bytes; longer ones are cut in pieces
_MAX_OUTPUT = 16 * 1024 * 1024  # bytes of one build


class BuildLog:
    """Takes output as it comes and says it line by line."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._pending = b""
        self._left = _MAX_OUTPUT

    def write(self, data: bytes) -> None:
        """Says the lines that are complete now. Bytes that are not UTF-8 become U+FFFD."""
        if self._left <= 0:
            return
        self._left -= len(data)
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > _MAX_LINE:
            lines.append(self._pending)
            self._pending = b""
        if lines:
            self._say("".join(line.rstrip(b"\r").decode("utf-8", "replace") + "\n" for line in lines))
        if self._left <= 0:
            self._pending = b""
            self._say(
                f" !     The build printed more than {_MAX_OUTPUT // 2**20} MiB; what it prints from here on is left out.\n"
            )

    def end(self) -> None:
        """Says a last line that has no newline."""
        if self._pending:
            self.write(b"\n")
