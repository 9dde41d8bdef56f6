"""app.json: the health check's path, or a clear refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paas.errors import InvalidSource
from paas.lifecycle.app_json import health_check


def path_of(app: Path, document: object) -> str | None:
    (app / "app.json").write_text(json.dumps(document))
    return health_check(app).path


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert health_check(tmp_path).path is None


@pytest.mark.parametrize(
    ("checks", "path"),
    [
        ([{"path": "/health"}], "/health"),
        ([{"type": "startup", "path": "/a?b=c"}], "/a?b=c"),
        ([{"type": "liveness", "path": "/live"}, {"type": "readiness", "path": "/ready"}], "/ready"),
        ([{"command": ["true"]}, {"path": "/second"}], "/second"),
        ([], None),
    ],
)
def test_the_first_check_with_a_path_counts(tmp_path: Path, checks: object, path: str | None) -> None:
    assert path_of(tmp_path, {"name": "x", "healthchecks": {"web": checks, "worker": [{"path": "/no"}]}}) == path


def test_other_keys_are_not_our_business(tmp_path: Path) -> None:
    assert path_of(tmp_path, {"env": {"A": {"value": "x"}}, "formation": {"web": {"quantity": 2}}}) is None


@pytest.mark.parametrize("path", ["health", "", "/a b", "/a\r\nHost: x", "/ä", "/" + "x" * 2000, 3, None])
def test_paths_that_no_request_line_can_hold_are_refused(tmp_path: Path, path: object) -> None:
    with pytest.raises(InvalidSource, match=r"app\.json"):
        path_of(tmp_path, {"healthchecks": {"web": [{"path": path}]}})


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"healthchecks": 3}', '{"healthchecks": {"web": {}}}'])
def test_what_is_no_app_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.json").write_text(text)

    with pytest.raises(InvalidSource):
        health_check(tmp_path)


def test_a_link_is_no_app_json(tmp_path: Path) -> None:
    (tmp_path / "app.json").symlink_to("/etc/passwd")

    assert health_check(tmp_path).path is None
