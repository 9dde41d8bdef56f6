"""The Python packages: a virtual environment beside the code, filled from a lock file with hashes."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from paas.entrypoints.operator import packages
from paas.entrypoints.operator.host import ROOT
from paas.entrypoints.operator.progress import run

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def ensure(lock: Path, say: Callable[[str], None]) -> None:
    """Makes `.venv` hold what `lock` names. Does nothing if it does already: a stamp holds the lock's hash.

    A lock that includes another's packages (development: all of production's) leaves a stamp of its own, so neither undoes
    the other. Raises `SetupFailed`.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stamp = VENV / f".{lock.name}.stamp"
    wanted = f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {version} {VENV}\n"
    if PYTHON.exists() and stamp.is_file() and stamp.read_text() == wanted:
        return
    if not (VENV / "lib" / f"python{version}").is_dir() or not PYTHON.exists():
        _create(say)
    say(f"installing from {lock.name}")
    run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes",
         "--requirement", lock],
        what="pip could not install the Python packages.",
        advice="See that the machine reaches the Python package index (or set PIP_INDEX_URL), then run the command again.",
    )  # fmt: skip
    stamp.write_text(wanted)


def _create(say: Callable[[str], None]) -> None:
    """A new environment, in place of one of another Python version (the distribution was upgraded) or a broken one."""
    if importlib.util.find_spec("ensurepip") is None:  # Debian ships it apart from python3
        packages.install((packages.VENV,), say)
    run(
        [sys.executable, "-m", "venv", "--clear", VENV],
        what="The virtual environment .venv can't be made.",
        advice="Remove the folder .venv and run the command again.",
    )
