"""Style sheets and scripts."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from paas.entrypoints.console.assets import Assets
from tests.unit.entrypoints.console.conftest import Browser


def test_an_asset_is_named_by_its_content_and_kept_for_ever(browser: Browser) -> None:
    url = re.search(r'href="(/static/[0-9a-f]{12}/base\.css)"', browser.get("/").text)
    assert url

    plain, packed = browser.get(url[1]), browser.get(url[1], Accept_Encoding="gzip, br")

    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.mimetype == "text/css"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Set-Cookie" not in plain.headers


def test_another_content_is_not_found(browser: Browser) -> None:
    for path in ("/static/000000000000/base.css", "/static/x/../../paas/config.py", "/static/000000000000/%2e%2e"):
        assert browser.get(path).status_code == 404


def test_pages_load_no_script_while_the_vendors_are_not_installed(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    for name in ("console.js", "live.js"):
        (tmp_path / "static" / name).write_text("")

    assert Assets(tmp_path).scripts == ()
