"""Request bodies: JSON objects, read with care. What isn't as it should be is the client's to mend, never a 500."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, jsonify, request

from paas.errors import Invalid, Malformed

MAX_BYTES = 1024 * 1024


def read() -> dict[str, Any]:
    """The body's JSON object; empty if there is no body. Raises `Malformed`."""
    raw = request.get_data()
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text, and would fail much later
    except (ValueError, RecursionError) as exc:
        raise Malformed("the request's body is not valid JSON") from exc
    if not isinstance(value, dict):
        raise Malformed("the request's body must be a JSON object")
    return value


def text(body: dict[str, Any], name: str) -> str | None:
    """A string, or None if it is missing or null. Raises `Invalid`."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(name, _shown(value), "must be a string")
    return value


def required_text(body: dict[str, Any], name: str) -> str:
    value = text(body, name)
    if not value:
        raise Invalid(name, "", "is missing")
    return value


def flag(body: dict[str, Any], name: str) -> bool | None:
    """A boolean, or None if it is missing or null. Raises `Invalid`."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise Invalid(name, _shown(value), "must be true or false")
    return value


def number(body: dict[str, Any], name: str, default: int, *, low: int, high: int) -> int:
    """An integer within the bounds; also as a string of digits, as command lines send it. Raises `Invalid`."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        raise Invalid(name, _shown(value), "must be a whole number")
    if not low <= int(value) <= high:
        raise Invalid(name, _shown(value), f"must be within {low} to {high}")
    return int(value)


def table(body: dict[str, Any], name: str) -> dict[str, Any]:
    """An object; empty if it is missing or null. Raises `Invalid`."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise Invalid(name, _shown(value), "must be an object")
    return value or {}


def answer(value: Any, status: int = 200) -> Response:
    """JSON, which Heroku's clients parse only if the content type says so."""
    response = jsonify(value)
    response.status_code = status
    return response


def _shown(value: object) -> str:
    return json.dumps(value)[:80]
