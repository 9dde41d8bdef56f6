"""Router: what stands in front of all apps. HAProxy today."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from paas.domain.route import Route


class Router(Protocol):
    """Takes whole routes and works out the difference. Several processes may call it at once (it holds a lease).

    Every method raises `RouterUnavailable` when the router does not answer. What was published is then written down all
    the same, and holds as soon as the router is back.
    """

    def publish(self, route: Route) -> None:
        """From the return on, new requests go to exactly these servers. Idempotent; no request fails over it.

        Servers that are no longer named get no new requests but finish those they have: see `drained`.
        """

    def published(self, app_id: str) -> Route | None:
        """What was published last, as written down; None if nothing was. A web process that is in it is "up"."""

    def drained(self, app_id: str, server_names: Iterable[str], timeout: float) -> bool:
        """Waits until the servers, no longer published, have no requests in flight, then forgets them. False: timed out."""

    def withdraw(self, app_id: str) -> None:
        """Forgets the app: its hosts answer "no such app". Idempotent."""

    def sync(self, routes: Iterable[Route]) -> None:
        """These are all the routes there are: makes it so, also after the router was killed or its files were lost."""
