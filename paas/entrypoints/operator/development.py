"""bin/test, bin/check and bin/bench, second half: runs in the virtual environment once `install` has made it."""

from __future__ import annotations

import os
import subprocess
import sys

from paas import config
from paas.adapters import stack_images
from paas.adapters.docker_instance import DockerInstance
from paas.entrypoints import messages
from paas.entrypoints.operator import engine, vendor
from paas.entrypoints.operator.host import ROOT
from paas.entrypoints.operator.install import HOST_STEPS, TEST_STEPS
from paas.entrypoints.operator.progress import Progress
from paas.errors import PaasError

_BENCHMARKS = ROOT / "benchmarks"
_PYTHON = (sys.executable, "-m")  # without -P: tests and benchmarks are modules of the clone


def main(argv: list[str]) -> int:
    command, *rest = argv
    os.chdir(ROOT)
    try:
        return {"test": _test, "check": _check, "bench": _bench}[command](rest)
    except PaasError as exc:
        sys.stderr.write(f"\n{messages.render_cli(exc)}\n")
        return 1


def _test(argv: list[str]) -> int:
    _ensure_parts()
    return subprocess.call([*_PYTHON, "pytest", *argv])


def _check(argv: list[str]) -> int:
    """All of them, also when the first has found something."""
    steps = (
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("mypy",),
        ("pytest", "tests/unit", "tests/test_architecture.py", *argv),
    )
    failed = []
    for step in steps:
        print(f"== {' '.join(step)}", flush=True)
        if subprocess.call([*_PYTHON, *step]) != 0:
            failed.append(step[0])
    if failed:
        print(f"\nFound something: {', '.join(failed)}")
    return 1 if failed else 0


def _bench(argv: list[str]) -> int:
    """The named benchmarks, or all; what follows a `--` goes to each."""
    split = argv.index("--") if "--" in argv else len(argv)
    names, options = argv[:split], argv[split + 1 :]
    there = sorted(p.stem for p in _BENCHMARKS.glob("[a-z]*.py"))
    unknown = [name for name in names if name not in there]
    if unknown or argv in (["--help"], ["-h"]):
        print(f"Usage: bin/bench [NAME …] [-- OPTIONS]\nBenchmarks: {', '.join(there)}")
        return 2 if unknown else 0
    _ensure_parts()
    return max((subprocess.call([*_PYTHON, f"benchmarks.{name}", *options]) for name in names or there), default=0)


def _ensure_parts() -> None:
    """What `install` could not make: the engine and what is made on it."""
    settings = config.load({"name": "test"})
    progress = Progress(TEST_STEPS, HOST_STEPS)
    with progress.step("Docker Engine"):
        engine.ensure(settings.docker_host, progress.say)
    with progress.step("Stack images"):
        stack_images.ensure(settings, progress.say)
        # The tests' own instances come and go; without this the last one to go would take the images along, every time.
        DockerInstance(settings.docker_host, settings.name).hold_stack()
    with progress.step("Console scripts"):
        vendor.ensure(settings, progress.say)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
