"""The error pages are complete HTTP responses, small enough for one of HAProxy's buffers."""

from __future__ import annotations

import pytest

from paas.adapters.haproxy.pages import PAGES, responses


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_a_page_names_its_code_and_what_to_do(page: object) -> None:
    code, title, owner = (getattr(page, name) for name in ("code", "title", "owner"))
    head, _, body = responses()[f"{code}.http"].partition(b"\r\n\r\n")

    assert f"X-Paas-Error: {code}".encode() in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert f"<h1>{title}</h1>".encode() in body
    assert owner.encode() in body
    assert len(head) + len(body) < 8192


def test_pages_load_nothing_from_elsewhere() -> None:
    for response in responses().values():
        assert b"http://" not in response
        assert b"https://" not in response
        assert b"<script" not in response
