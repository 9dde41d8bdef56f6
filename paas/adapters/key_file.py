"""The instance's secret key: 32 random bytes in a file that only its owner reads."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from paas.errors import PlatformFault

KEY_BYTES = 32


def load_or_create(path: Path) -> bytes:
    """The key; made on the first call, the same for all who call at once. Raises `PlatformFault`."""
    try:
        with suppress(FileNotFoundError):
            return _load(path)
        _create(path)
        return _load(path)
    except OSError as exc:
        raise PlatformFault(f"the instance's key file {path} can't be read or made: {exc.strerror}") from exc


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        key = file.read()
        if os.fstat(file.fileno()).st_mode & 0o077:
            os.fchmod(file.fileno(), 0o600)  # a copy or a restore may have widened it
    if len(key) != KEY_BYTES:
        raise PlatformFault(
            f"the instance's key file {path} has {len(key)} bytes instead of {KEY_BYTES}: it is damaged; put it back from "
            "a backup (a new key can't open the config vars that are stored)"
        )
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: whoever comes second must not replace a key that is already in use.
        with suppress(FileExistsError):
            path.hardlink_to(beside)
    finally:
        beside.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
