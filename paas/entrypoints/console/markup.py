"""Log lines as HTML: escaped, with the colours that programs ask for, and a colour for each process."""

from __future__ import annotations

import re
import zlib
from datetime import UTC

from markupsafe import Markup, escape

from paas.ports.logs import LogLine

_COLOURS = 6
# ECMA-48: SGR sets colours (8.3.117); all other control sequences (5.4), OSC strings (8.3.89) and control characters are
# dropped, so that a program can't move or hide what others wrote.
_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_CONTROL = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[(?![0-9;]*m)[0-?]*[ -/]*[@-~]|\x1b(?!\[)[ -/]*[0-~]?")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ATTRIBUTES = {1: "a-bold", 2: "a-dim", 3: "a-italic", 4: "a-underline"}
_RESET = {22: ("a-bold", "a-dim"), 23: ("a-italic",), 24: ("a-underline",), 39: tuple(f"a-{n}" for n in range(8))}


def log_lines(lines: list[LogLine]) -> Markup:
    """One list item a line. `data-from` is the process type, by which the page filters."""
    return Markup("").join(_log_line(line) for line in lines)


def prose(text: str) -> Markup:
    """A sentence of ours: what stands between backquotes is code."""
    pieces = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(pieces))


def build_lines(text: str) -> Markup:
    """Whole lines of a build's log: steps (`----->`) and errors (` !     `) stand out."""
    return Markup("").join(_build_line(line) for line in text.splitlines(keepends=True))


def colour(process: str) -> int:
    """1 to 6, the same for a process wherever and whenever it is shown."""
    return zlib.crc32(process.encode()) % _COLOURS + 1


def _log_line(line: LogLine) -> Markup:
    at = line.at.astimezone(UTC)
    platform = Markup(" data-platform") if line.source != "app" else Markup("")
    return Markup(
        '<li class="log-line" data-from="{type}"{platform}><time datetime="{iso}" data-clock>{clock}</time>'
        '<span class="log-from c{colour}" title="{source}[{process}]">{process}</span> <span class="log-text">{text}</span></li>'
    ).format(
        type=line.process.partition(".")[0],
        platform=platform,
        iso=at.isoformat(timespec="milliseconds"),
        clock=at.strftime("%H:%M:%S"),
        colour=colour(line.process),
        source=line.source,
        process=line.process,
        text=coloured(line.text),
    )


def _build_line(line: str) -> Markup:
    text = coloured(line)
    if line.startswith("----->"):
        return Markup('<span class="b-step">{}</span>').format(text)
    if line.startswith(" !"):
        return Markup('<span class="b-error">{}</span>').format(text)
    return text


def coloured(text: str) -> Markup:
    """The text, escaped; SGR colours become spans, everything else that a terminal would obey is gone."""
    ended = text.endswith("\n")
    text = text.rstrip("\r\n").rpartition("\r")[
        2
    ]  # a progress bar writes over itself: its last state is what a reader saw
    pieces = _SGR.split(_INVISIBLE.sub("", _CONTROL.sub("", text)))
    html, classes = [escape(pieces[0])], _NO_CLASSES
    for codes, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        classes = _after(classes, codes)
        if piece:
            html.append(
                Markup('<span class="{}">{}</span>').format(" ".join(classes), piece) if classes else escape(piece)
            )
    return Markup("").join(html).replace("\x1b", "") + ("\n" if ended else "")


_NO_CLASSES: tuple[str, ...] = ()


def _after(classes: tuple[str, ...], codes: str) -> tuple[str, ...]:
    """The classes in force after an SGR sequence. Colours out of a palette of 256 or of RGB are left alone."""
    if re.search(r"(?:^|;)[34]8;", codes):
        return classes
    for code in (int(part or 0) for part in codes.split(";")):
        if code == 0:
            classes = ()
        elif code in _ATTRIBUTES:
            classes = (*classes, _ATTRIBUTES[code])
        elif code in _RESET:
            classes = tuple(name for name in classes if name not in _RESET[code])
        elif 30 <= code <= 37 or 90 <= code <= 97:
            classes = (*(name for name in classes if name not in _RESET[39]), f"a-{code % 10}")
    return tuple(dict.fromkeys(classes))
