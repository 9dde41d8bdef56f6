"""Signed, expiring secrets for URLs that clients fetch without a token: logs, build and release output."""

from __future__ import annotations

from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from paas.entrypoints.api.context import services
from paas.errors import NotFound, PlatformFault

MAX_AGE = 12 * 3600  # seconds: a client that lost its connection comes back to the same URL


def seal(kind: str, data: dict[str, Any]) -> str:
    """The data as it goes into a URL: signed, readable by anyone, so nothing secret goes in."""
    return _serializer(kind).dumps(data)


def unseal(kind: str, token: str) -> dict[str, Any]:
    """The data again. Raises `NotFound` for what was not sealed here as this kind, or too long ago."""
    try:
        data: dict[str, Any] = _serializer(kind).loads(token, max_age=MAX_AGE)
    except BadData as exc:
        raise NotFound("stream", "") from exc
    return data


def _serializer(kind: str) -> URLSafeTimedSerializer:
    """The instance's key under a label of our own, so that nothing signed here opens anything else."""
    known: dict[str, URLSafeTimedSerializer] = current_app.extensions.setdefault("paas.signers", {})
    if kind not in known:
        path = services().settings.key_file
        try:
            key = path.read_bytes()
        except OSError as exc:
            raise PlatformFault(f"the instance's key file {path} can't be read: {exc.strerror}") from exc
        known[kind] = URLSafeTimedSerializer(key, salt=f"paas stream {kind} 1")
    return known[kind]
