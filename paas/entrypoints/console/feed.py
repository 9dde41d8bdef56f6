"""Several sources that block, as one that doesn't: each is read by a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

ROOM = 500  # items: a source that is faster than its reader waits here


class Feed:
    """Sources yield items, and None now and then so that their threads see that nobody listens any more."""

    def __init__(self) -> None:
        self._items: queue.Queue[tuple[str, Any]] = queue.Queue(ROOM)
        self._closed = threading.Event()

    def add(self, name: str, open_source: Callable[[], Iterator[Any]]) -> None:
        """Items come as (name, item); when the source ends, (name, None); when it fails, (name, the exception)."""
        threading.Thread(target=self._pump, args=(name, open_source), name=f"feed-{name}", daemon=True).start()

    def batch(self, timeout: float, window: float = 0.03, limit: int = ROOM) -> list[tuple[str, Any]]:
        """What comes within `timeout` seconds and, from the first item on, `window` more: changes come in bursts."""
        with suppress(queue.Empty):
            items = [self._items.get(timeout=timeout)]
            with suppress(queue.Empty):
                while len(items) < limit:
                    items.append(self._items.get(timeout=window))
            return items
        return []

    def close(self) -> None:
        """The threads end when their sources yield next."""
        self._closed.set()

    def _pump(self, name: str, open_source: Callable[[], Iterator[Any]]) -> None:
        last: Exception | None = None
        try:
            for item in open_source():
                if self._closed.is_set():
                    return
                if item is not None:
                    self._put(name, item)
        except Exception as exc:  # noqa: BLE001  (it belongs to whoever reads the feed)
            last = exc
        self._put(name, last)

    def _put(self, name: str, item: Any) -> None:
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._items.put((name, item), timeout=1.0)
                return
