"""The key file."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from paas.adapters.key_file import KEY_BYTES, load_or_create
from paas.errors import PlatformFault


def test_a_key_is_made_once_and_then_kept(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"

    key = load_or_create(path)

    assert len(key) == KEY_BYTES
    assert load_or_create(path) == key
    assert load_or_create(tmp_path / "other.key") != key
    assert [f.name for f in path.parent.iterdir()] == ["secret.key"]


def test_only_the_owner_may_read_it_even_if_a_restore_widened_it(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600

    path.chmod(0o644)
    load_or_create(path)

    assert path.stat().st_mode & 0o777 == 0o600


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        keys = pool.map(load_or_create, [tmp_path / f"{n}.key" for n in range(20) for _ in range(4)], chunksize=1)

    assert all(len(set(keys[start : start + 4])) == 1 for start in range(0, 80, 4))
    assert len(set(keys)) == 20


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_told_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(content)

    with pytest.raises(PlatformFault, match="backup"):
        load_or_create(path)

    assert path.read_bytes() == content


def test_a_path_that_cant_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PlatformFault, match="key file"):
        load_or_create(tmp_path / "file" / "secret.key")
