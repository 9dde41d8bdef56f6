"""A router in memory: what was published, and counters that a test can turn."""

from __future__ import annotations

from collections.abc import Iterable

from paas.domain.route import Route, RouteState
from paas.errors import RouterUnavailable


class MemoryRouter:
    """Implements `paas.ports.router.Router`. `is_down` makes it unreachable; `busy` are servers with requests in flight."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.busy: set[str] = set()
        self.is_down = False

    def publish(self, route: Route) -> None:
        self.routes[route.app_id] = route
        self._answer()

    def published(self, app_id: str) -> Route | None:
        return self.routes.get(app_id)

    def drained(self, app_id: str, server_names: Iterable[str], timeout: float) -> bool:  # noqa: ARG002  (memory has nothing to wait for)
        self._answer()
        return app_id not in self.routes or self.busy.isdisjoint(server_names)

    def withdraw(self, app_id: str) -> None:
        self.routes.pop(app_id, None)
        self._answer()

    def sync(self, routes: Iterable[Route]) -> None:
        self.routes = {route.app_id: route for route in routes}
        self._answer()

    # --- what a test asks ----------------------------------------------------------------------------------------

    def answer(self, host: str) -> str:
        """Who would answer a request for that host: an address, a `RouteState`, or "no such app"."""
        route = next((r for r in self.routes.values() if host in r.hosts), None)
        if route is None:
            return "no such app"
        if route.state is not RouteState.SERVING or not route.servers:
            return str(route.state)
        return f"{route.servers[0].address}:{route.servers[0].port}"

    def _answer(self) -> None:
        if self.is_down:
            raise RouterUnavailable("the router in memory was told to be down")
