"""A router in memory: what was published, and counters that a test can turn."""

from __future__ import annotations

from collections.abc import Iterable

from paas.domain.route import Route, RouteState
from paas.errors import RouterUnavailable

_PAGES = {RouteState.NO_WEB: "H14", RouteState.CRASHED: "H10", RouteState.MAINTENANCE: "H80"}


class MemoryRouter:
    """Implements `paas.ports.router.Router`. `is_down` makes it unreachable; `busy` are servers with requests in flight."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.busy: set[str] = set()
        self.is_down = False

    def publish(self, route: Route) -> None:
        self.routes.pop(route.app_id, None)  # so that the one published last comes last
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

    def answer(self, host: str) -> str:
        """Who would answer a request for that host: a server's name, or the code of the page."""
        route = next((r for r in reversed(self.routes.values()) if host in r.hosts), None)
        if route is None:
            return "404"
        if route.state is not RouteState.SERVING:
            return _PAGES[route.state]
        return route.servers[0].name if route.servers else "H21"

    def _answer(self) -> None:
        if self.is_down:
            raise RouterUnavailable("the router in memory was told to be down")
