"""The first half of every command in bin/: runs under the system's python3, makes the virtual environment, goes on in it.

    python3 -m paas.entrypoints.operator.install up|test|check|bench ARGS

Standard library only, and so is all that it imports.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from paas.entrypoints import messages
from paas.entrypoints.operator import flags, host, locks, packages, venv
from paas.entrypoints.operator.host import ROOT
from paas.entrypoints.operator.progress import Progress
from paas.errors import SetupFailed

UP_STEPS = 9
TEST_STEPS = 6
HOST_STEPS = 3  # of either: those below


def main(argv: list[str]) -> int:
    """Installs what the command needs, then becomes the command."""
    command, *rest = argv
    try:
        {"up": _up, "test": _test, "check": _check, "bench": _bench}[command](rest)
    except SetupFailed as exc:
        sys.stderr.write(f"\n{messages.render_cli(exc)}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n !     Stopped. Run the command again to go on from here.\n")
        return 130
    return 0


def _up(argv: list[str]) -> None:
    _, settings = flags.parse(flags.up_parser(), argv)
    _host_steps(Progress(UP_STEPS), "bin/up", settings.data_dir, packages.PLATFORM, ROOT / "requirements.lock")
    _become("-m", "paas.entrypoints.operator.up", *argv)


def _test(argv: list[str]) -> None:
    wanted = packages.PLATFORM + packages.TESTS
    _host_steps(Progress(TEST_STEPS), "bin/test", ROOT, wanted, ROOT / "requirements-dev.lock")
    _become("-m", "paas.entrypoints.operator.development", "test", *argv)


def _bench(argv: list[str]) -> None:
    wanted = packages.PLATFORM + packages.BENCHMARKS
    _host_steps(Progress(TEST_STEPS), "bin/bench", ROOT, wanted, ROOT / "requirements-dev.lock")
    _become("-m", "paas.entrypoints.operator.development", "bench", *argv)


def _check(argv: list[str]) -> None:
    with locks.machine():
        venv.ensure(ROOT / "requirements-dev.lock", print)
    _become("-m", "paas.entrypoints.operator.development", "check", *argv)


def _host_steps(
    progress: Progress, command: str, data_dir: Path, wanted: tuple[packages.Package, ...], lock: Path
) -> None:
    with progress.step("This machine"):
        host.check_machine(command)
        host.check_disk(data_dir)
    with locks.machine():
        with progress.step("Packages of the distribution"):
            packages.install_missing(wanted, progress.say)
        with progress.step("Python packages"):
            venv.ensure(lock, progress.say)


def _become(*argv: str) -> None:
    """Goes on as another program of the virtual environment, under the same process id."""
    sys.stdout.flush()
    os.execv(venv.PYTHON, [str(venv.PYTHON), "-P", *argv])  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
