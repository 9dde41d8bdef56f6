"""Scale: how many processes of each type are wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.formation import Scale, check_quantity, check_type_name
from paas.domain.user import User
from paas.pipeline import doors


def scale(services: Services, user: User, app: App, scales: Sequence[Scale]) -> dict[str, int]:
    """Sets all or none; the whole formation after it. Raises `Invalid`, `NotFound` ("process type")."""
    doors.require(user, app)
    for wanted in scales:
        check_quantity(check_type_name(wanted.type), wanted.quantity)
    formation = services.store.formations.scale(app.id, scales, user.id)
    doors.changed(services, app, "formation", f"Scaled to {_describe(formation)} by user {user.email}")
    doors.ask(services.queue.converge, app.id)
    return formation


def _describe(formation: Mapping[str, int]) -> str:
    return " ".join(f"{name}@{quantity}" for name, quantity in sorted(formation.items()))
