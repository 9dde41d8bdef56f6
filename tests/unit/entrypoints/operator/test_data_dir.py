from __future__ import annotations

from pathlib import Path

from paas.config import Settings
from paas.entrypoints.operator import data_dir, locks


def test_only_what_is_ours_is_removed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    settings.save()
    (settings.repos_dir / "app.git").mkdir(parents=True)
    foreign = settings.data_dir / "holiday.jpg"
    foreign.write_text("sunny")

    left = data_dir.remove(settings)

    assert left == ["holiday.jpg"]
    assert [p.name for p in settings.data_dir.iterdir()] == ["holiday.jpg"]


def test_an_empty_directory_goes_too_and_again_is_fine(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    settings.save()

    assert data_dir.remove(settings) == []
    assert data_dir.remove(settings) == []

    assert not settings.data_dir.exists()


def test_a_link_is_removed_and_not_what_it_points_to(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    settings.save()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    settings.layers_dir.symlink_to(elsewhere)

    data_dir.remove(settings)

    assert (elsewhere / "file").exists()


def test_the_lock_is_among_what_is_removed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with locks.instance(settings):
        data_dir.remove(settings)

    assert not settings.data_dir.exists()
