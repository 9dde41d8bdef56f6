"""What a container wrote, line by line, from the log that the engine keeps of it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta

from paas.adapters.docker_client import DockerClient
from paas.adapters.docker_streams import Message, messages
from paas.ports.engine import OutputLine

# The engine cuts what a process writes without a newline into pieces of 16 KiB. We join them again, up to this size.
MAX_LINE = 100_000

_OVERLAP = timedelta(seconds=1)  # by how much stdout's and stderr's messages may be out of order in the log


class DockerOutput:
    """Reads one container's log once. Raises the SDK's errors; a container that is gone has written nothing.

    When a log is rotated while it is followed, engines before version 23 send again what is in the new file, and if it was
    rotated twice meanwhile, never anything after that. So a message that goes back in time means: ask anew, from there on.
    """

    def __init__(self, client: DockerClient, container_id: str, *, tty: bool) -> None:
        self._client = client
        self._container_id = container_id
        self._tty = tty
        self._newest: dict[str, bytes] = {}  # stream → stamp of the last whole line
        self._unfinished: dict[str, bytes] = {}  # stream → line without its newline so far

    def lines(self, tail: int | None, since: datetime | None) -> Iterator[OutputLine]:
        """What is there now."""
        for message in self._messages(tail, since, follow=False):
            yield from self._joined(message)
        yield from self._rest()

    def follow(self, tail: int | None, since: datetime | None) -> Iterator[OutputLine]:
        """What is there now, and what comes, until the process ends."""
        start = since if tail is None else datetime.now(UTC)
        rotated = yield from self._follow(tail, since)
        while rotated:
            rotated = yield from self._follow(None, self._resume() or start)
        # A follower that was caught in a rotation when the process ended may not have been sent the end.
        for message in self._messages(None, self._resume() or start, follow=False):
            if not self._is_known(message):
                yield from self._joined(message)
        yield from self._rest()

    def _follow(self, tail: int | None, since: datetime | None) -> Generator[OutputLine, None, bool]:
        """Ends with True when the log turned out to be rotated, with False when the process ended."""
        self._unfinished.clear()
        anything_new = False
        for message in self._messages(tail, since, follow=True):
            if not self._is_known(message):
                anything_new = True
                yield from self._joined(message)
            elif anything_new:
                return True
        return False

    def _messages(self, tail: int | None, since: datetime | None, *, follow: bool) -> Iterator[Message]:
        params: dict[str, str | int] = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow)}
        params["tail"] = "all" if tail is None else tail
        if since is not None:
            params["since"] = f"{since.timestamp():.6f}"
        # Not the SDK's logs(): that joins stdout and stderr.
        url, api = self._client.url(f"/containers/{self._container_id}/logs"), self._client.api
        with api.get(url, params=params, stream=True, timeout=(api.timeout, None)) as response:
            if response.status_code in (404, 409):  # gone, or about to be
                return
            response.raise_for_status()
            yield from messages(response.raw.stream(65536), tty=self._tty)

    def _joined(self, message: Message) -> Iterator[OutputLine]:
        """The line that this message completes, if it does."""
        line = self._unfinished.pop(message.stream, b"") + message.text
        whole = line.endswith(b"\n")
        if whole:
            self._newest[message.stream] = message.stamp
        if whole or len(line) >= MAX_LINE:
            yield _line(message.stamp, line, message.stream)
        else:
            self._unfinished[message.stream] = line

    def _rest(self) -> Iterator[OutputLine]:
        """With a TTY, a last line may have no newline; otherwise the engine adds it."""
        for stream, line in self._unfinished.items():
            yield OutputLine(datetime.now(UTC), _text(line), stream)

    def _is_known(self, message: Message) -> bool:
        return message.stamp <= self._newest.get(message.stream, b"")

    def _resume(self) -> datetime | None:
        return _time(max(self._newest.values())) - _OVERLAP if self._newest else None


def _line(stamp: bytes, line: bytes, stream: str) -> OutputLine:
    return OutputLine(_time(stamp), _text(line), stream)


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "replace")


def _time(stamp: bytes) -> datetime:
    return datetime.fromisoformat(stamp.decode("ascii"))
