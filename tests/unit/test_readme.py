"""The README tells the truth about settings and commands."""

from __future__ import annotations

import re
from pathlib import Path

from paas.entrypoints.cli.info import markdown_table
from paas.entrypoints.cli.main import SECTIONS

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def test_the_settings_table_is_the_one_the_code_prints() -> None:
    assert markdown_table() in README, "replace it by what `bin/paas settings --markdown` prints"


def test_every_command_is_in_the_reference() -> None:
    named = set(re.findall(r"`paas ([a-z:]+)", README))

    assert {name for commands in SECTIONS.values() for name in commands} <= named


def test_the_files_it_names_are_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]

    assert links
    assert [link for link in links if not (Path(__file__).resolve().parents[2] / link).exists()] == []
