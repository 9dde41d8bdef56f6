"""Answers with the piece of a list that the request's Range asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Response, request

from paas.entrypoints.api import ranges
from paas.entrypoints.api.body import answer

T = TypeVar("T")


def wanted(attributes: ranges.Attributes[Any]) -> ranges.Range:
    """The request's Range. Raises `InvalidRange`."""
    return ranges.parse(request.headers.get("Range", ""), attributes)


def piece(items: Iterable[T], attributes: ranges.Attributes[T], show: Callable[[T], Any]) -> Response:
    """206 with Next-Range when there is more, else 200 without it. Raises `InvalidRange`."""
    found, following = ranges.cut(items, wanted(attributes), attributes)
    response = answer([show(item) for item in found], 206 if following else 200)
    if following:
        response.headers["Next-Range"] = following
    response.headers["Accept-Ranges"] = ", ".join(attributes)
    return response
