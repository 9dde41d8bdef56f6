from __future__ import annotations

from pathlib import Path

import pytest

from paas.config import Settings
from paas.entrypoints.operator import flags
from paas.errors import Invalid


def resolve(*argv: str, environ: dict[str, str] | None = None) -> Settings:
    return flags.resolve(flags.up_parser().parse_args(argv), environ or {})


def test_a_flag_wins_over_a_variable_and_a_variable_over_what_is_stored(tmp_path: Path) -> None:
    Settings(data_dir=tmp_path, domain="stored.example", http_port=81, https_port=444).save()
    environ = {"PAAS_DATA_DIR": str(tmp_path), "PAAS_HTTP_PORT": "82", "PAAS_HTTPS_PORT": "445"}

    settings = resolve("--https-port", "446", environ=environ)

    assert (settings.domain, settings.http_port, settings.https_port) == ("stored.example", 82, 446)


def test_any_setting_can_be_given(tmp_path: Path) -> None:
    settings = resolve(
        "--data-dir", str(tmp_path), "--setting", "build_concurrency=4", "--setting", "PAAS_STOP_GRACE=5"
    )

    assert (settings.build_concurrency, settings.stop_grace) == (4, 5)


@pytest.mark.parametrize(
    ("argv", "variable"),
    [
        (["--name", "Shop"], "PAAS_NAME"),
        (["--name", "a b"], "PAAS_NAME"),
        (["--name", "x; rm"], "PAAS_NAME"),
        (["--domain", "bad-.example"], "hostname"),
        (["--domain", "10.0.0.1"], "hostname"),
        (["--http-port", "0"], "PAAS_HTTP_PORT"),
        (["--http-port", "65536"], "PAAS_HTTP_PORT"),
        (["--http-port", "lots"], "PAAS_HTTP_PORT"),
        (["--https-port", "8080"], "PAAS_HTTPS_PORT"),
        (["--data-dir", "/" + "d" * 100], "PAAS_DATA_DIR"),
        (["--data-dir", "/srv/a b"], "PAAS_DATA_DIR"),
        (["--data-dir", "/srv/$(id)"], "PAAS_DATA_DIR"),
    ],
)
def test_a_value_that_cannot_work_is_named(argv: list[str], variable: str) -> None:
    with pytest.raises(Invalid) as caught:
        resolve(*argv)

    assert caught.value.field == variable


def test_an_unknown_setting_ends_with_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        flags.parse(flags.up_parser(), ["--setting", "colour=red"])

    assert caught.value.code == 2
    assert "colour=red" in capsys.readouterr().err


def test_down_needs_no_flags_and_takes_purge() -> None:
    assert flags.down_parser().parse_args([]).purge is False
    assert flags.down_parser().parse_args(["--purge"]).purge is True
