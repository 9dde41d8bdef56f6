"""The recipe of the stack images: what they are made of, and when they are made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from paas.adapters import stack_images


def test_package_lists_are_names_without_their_reasons() -> None:
    assert "nginx" in stack_images.packages("run")
    assert "build-essential" in stack_images.packages("build")
    assert all(name == name.strip() and " " not in name and "#" not in name for name in stack_images.packages("run"))


def test_the_bootstrap_is_one_command_without_a_shell_around_it() -> None:
    command = stack_images.bootstrap_command()

    assert command[:4] == ["env", "TMPDIR=/var/tmp", "mmdebstrap", "--variant=apt"]
    assert f"--include={','.join(stack_images.packages('run'))}" in command
    assert command[-3:] == ["--format=tar", "bookworm", "-"]


def test_the_image_starts_as_the_stacks_user_in_the_apps_folder() -> None:
    assert {"USER 1000:1000", "WORKDIR /app", "ENV LANG=C.UTF-8", "LABEL paas.stack=12"} <= set(
        stack_images.image_settings()
    )


def test_another_list_is_another_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stack_images.run_recipe(), stack_images.build_recipe()
    for file in stack_images.RECIPE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(stack_images, "RECIPE", tmp_path)
    assert (stack_images.run_recipe(), stack_images.build_recipe()) == before

    (tmp_path / "build.txt").write_text("make\n")
    assert stack_images.run_recipe() == before[0]
    assert stack_images.build_recipe() != before[1]

    (tmp_path / "run.txt").write_text("bash\n")
    assert stack_images.run_recipe() != before[0]
