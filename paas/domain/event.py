"""Audit events: who did what, when. Written in the same transaction as what they tell of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Event:
    """`action` is `app.create`, `release.rollback` …; `detail` is a sentence without secrets."""

    id: str
    at: datetime
    user_id: str | None  # None: the platform itself
    app_id: str | None
    action: str
    detail: str
