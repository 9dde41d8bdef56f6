"""What an instance keeps on disk, for removing exactly that: a data directory may hold what isn't ours."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from paas.config import Settings
from paas.entrypoints.operator import locks
from paas.entrypoints.operator.info import operator_token_file
from paas.entrypoints.operator.supervision import configuration_file


def ours(settings: Settings) -> tuple[Path, ...]:
    """Files and folders, in the order in which they are removed: what names the instance goes last."""
    store = settings.data_dir / "store.db"
    return (
        settings.repos_dir, settings.builds_dir, settings.layers_dir, settings.caches_dir, settings.leases_dir,
        settings.router_dir, settings.tls_dir, settings.log_dir, settings.run_dir,
        store, store.with_name("store.db-wal"), store.with_name("store.db-shm"), store.with_name("store.db-journal"),
        settings.key_file, operator_token_file(settings), configuration_file(settings),
        settings.data_dir / "settings.json", settings.data_dir / locks.INSTANCE_FILE,
    )  # fmt: skip


def remove(settings: Settings) -> list[str]:
    """Removes what is ours, and the directory if nothing else is in it; returns the names of what stays."""
    for path in ours(settings):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):  # not empty
        settings.data_dir.rmdir()
    return sorted(p.name for p in settings.data_dir.iterdir()) if settings.data_dir.exists() else []
