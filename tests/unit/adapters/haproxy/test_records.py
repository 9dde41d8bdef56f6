"""Records: whole or not at all, and never in each other's way."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from paas.adapters.haproxy.records import Record, Records
from paas.domain.route import Route, RouteState, Server
from paas.errors import Invalid

ROUTE = Route("4f1d", "shop", ("shop.example",), (Server("web.1-a", "10.0.0.2", 5000),), RouteState.SERVING)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    records = Records(tmp_path)

    records.write(Record("s7", ROUTE))

    assert records.read("4f1d") == Record("s7", ROUTE)
    assert records.all() == [Record("s7", ROUTE)]


def test_a_removed_record_is_gone(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.write(Record("s7", ROUTE))

    records.remove("4f1d")
    records.remove("4f1d")

    assert records.read("4f1d") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.update(slot="s7\n    server evil 1.2.3.4:80"),
        lambda record: record["route"].update(app_id="other"),
        lambda record: record["route"].update(state="dancing"),
        lambda record: record["route"]["servers"][0].update(address="evil.example"),
        lambda record: record["route"]["servers"][0].update(port="5000"),
        lambda record: record["route"]["servers"][0].pop("name"),
        lambda record: record.pop("route"),
    ],
)
def test_a_record_that_makes_no_sense_is_set_aside_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, change: object
) -> None:
    records = Records(tmp_path)
    records.write(Record("s7", ROUTE))
    path = tmp_path / "4f1d.json"
    content = json.loads(path.read_text())
    change(content)  # type: ignore[operator]
    path.write_text(json.dumps(content))

    with caplog.at_level(logging.ERROR):
        assert records.read("4f1d") is None

    assert "4f1d.json" in caplog.text
    assert (tmp_path / "4f1d.broken").exists()
    assert records.all() == []


@pytest.mark.parametrize("app_id", ["", "../x", "a/b", "a.b", "a" * 65])
def test_an_app_id_is_no_path(tmp_path: Path, app_id: str) -> None:
    with pytest.raises(Invalid):
        Records(tmp_path).read(app_id)
