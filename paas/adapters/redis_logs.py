"""App logs as Redis streams, and signals by Redis' publish and subscribe. Both may be lost; nothing rests on them."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import redis
from redis.client import PubSub

from paas.adapters.redis_client import READ_TIMEOUT, redis_errors
from paas.errors import Invalid
from paas.ports.logs import LogLine

# Heroku's limits (article *Logging*).
MAX_LINES = 1500
MAX_BYTES = 10_000

_POSITION = re.compile(r"\d{1,20}(-\d{1,20})?")
_BATCH = 500

log = logging.getLogger(__name__)


class RedisAppLogs:
    """Implements `AppLogs`: one stream per app, trimmed as it grows."""

    def __init__(self, connection: redis.Redis, instance: str) -> None:
        """`connection` must answer with text."""
        self._redis = connection
        self._instance = instance

    def append(self, app_id: str, lines: Sequence[LogLine]) -> None:
        with redis_errors("writing to the app's log"), self._redis.pipeline(transaction=False) as pipeline:
            for line in lines:
                head: dict[Any, Any] = {"at": line.at.isoformat(), "source": line.source, "process": line.process}
                for text in split(line.text):
                    # Not trimmed to the line: Redis then drops whole blocks, which is much cheaper.
                    pipeline.xadd(self._key(app_id), {**head, "text": text}, maxlen=MAX_LINES, approximate=True)
            pipeline.execute()

    def tail(self, app_id: str, count: int, *, source: str | None = None, process: str | None = None) -> list[LogLine]:
        if count <= 0:
            return []
        everything = source is None and process is None
        with redis_errors("reading the app's log"):
            newest: Any = self._redis.xrevrange(self._key(app_id), count=count if everything else None)
        lines = (_line(id_, fields) for id_, fields in newest)
        wanted = [line for line in lines if fits(line, source, process)][:count]
        return wanted[::-1]

    def follow(self, app_id: str, after: str, *, heartbeat: float = 15.0) -> Iterator[LogLine | None]:
        """Raises `Invalid` if `after` is no id."""
        key = self._key(app_id)
        if after == "$":  # looked up now, not at the first next(): "from now on" means from this call
            with redis_errors("reading the app's log"):
                last: Any = self._redis.xrevrange(key, count=1)
            after = last[0][0] if last else ""
        return self._follow(key, check_position(after or "0"), heartbeat)

    def drop(self, app_id: str) -> None:
        with redis_errors("dropping the app's log"):
            self._redis.delete(self._key(app_id))

    def _follow(self, key: str, after: str, heartbeat: float) -> Iterator[LogLine | None]:
        quiet_until = time.monotonic() + heartbeat
        while True:
            wait = min(quiet_until - time.monotonic(), READ_TIMEOUT / 2)
            with redis_errors("following the app's log"):
                answer: Any = self._redis.xread({key: after}, count=_BATCH, block=max(int(wait * 1000), 1))
            entries = answer[0][1] if answer else []  # one stream was asked for; nothing: timed out
            for id_, fields in entries:
                after = id_
                yield _line(id_, fields)
            if not entries and time.monotonic() >= quiet_until:
                yield None
            elif not entries:
                continue
            quiet_until = time.monotonic() + heartbeat

    def _key(self, app_id: str) -> str:
        return f"{self._instance}:log:{app_id}"


class RedisSignals:
    """Implements `Signals`: one channel per app; those who want all of them subscribe to the pattern."""

    def __init__(self, connection: redis.Redis, instance: str) -> None:
        """`connection` must answer with text."""
        self._redis = connection
        self._prefix = f"{instance}:signal:"

    def notify(self, app_id: str, what: str) -> None:
        try:
            self._redis.publish(self._prefix + app_id, what)
        except redis.RedisError as exc:
            log.debug("signal %s of %s lost: %s", what, app_id, exc)

    def listen(self, app_id: str | None, *, heartbeat: float = 15.0) -> Iterator[tuple[str, str] | None]:
        """Raises `QueueUnavailable` when Redis goes away."""
        subscription: PubSub = self._redis.pubsub()  # type: ignore[no-untyped-call]
        with redis_errors("listening for signals"):
            if app_id is None:
                subscription.psubscribe(self._prefix + "*")
            else:
                subscription.subscribe(self._prefix + app_id)
            # Redis has confirmed before we return: whatever is notified from now on will be heard.
            subscription.get_message(timeout=READ_TIMEOUT)
        return self._listen(subscription, heartbeat)

    def _listen(self, subscription: PubSub, heartbeat: float) -> Iterator[tuple[str, str] | None]:
        with subscription:
            while True:
                with redis_errors("listening for signals"):
                    message: Any = subscription.get_message(ignore_subscribe_messages=True, timeout=heartbeat)
                yield (message["channel"].removeprefix(self._prefix), message["data"]) if message else None


def split(text: str) -> Iterator[str]:
    """Pieces of at most `MAX_BYTES` bytes of UTF-8, never cut within a character."""
    data = text.encode("utf-8", "replace")
    start = 0
    while len(data) - start > MAX_BYTES:
        end = start + MAX_BYTES
        while data[end] & 0xC0 == 0x80:  # a continuation byte
            end -= 1
        yield data[start:end].decode()
        start = end
    yield data[start:].decode()


def fits(line: LogLine, source: str | None, process: str | None) -> bool:
    """Whether the line is of that source, and of that process or process type."""
    of_process = process is None or line.process == process or line.process.startswith(f"{process}.")
    return of_process and source in (None, line.source)


def check_position(after: str) -> str:
    """The id of a line, as clients send it back to us. Raises `Invalid`."""
    if not _POSITION.fullmatch(after):
        raise Invalid("log position", after, "must be the id of a line, such as 1767225600000-0")
    return after


def _line(id_: str, fields: dict[str, str]) -> LogLine:
    return LogLine(datetime.fromisoformat(fields["at"]), fields["source"], fields["process"], fields["text"], id_)
