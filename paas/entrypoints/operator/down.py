"""bin/down: stops the platform and the apps, keeps the data. `--purge` removes all that is the instance's, and nothing else."""

from __future__ import annotations

import sys

from paas.adapters.docker_instance import DockerInstance
from paas.config import Settings
from paas.entrypoints import messages
from paas.entrypoints.cli import credentials
from paas.entrypoints.operator import data_dir, flags, locks, supervision
from paas.entrypoints.operator.host import check_machine
from paas.entrypoints.operator.info import require_installed
from paas.entrypoints.operator.progress import Progress
from paas.errors import EngineUnavailable, PaasError


def main(argv: list[str]) -> int:
    given, settings = flags.parse(flags.down_parser(), argv)
    try:
        check_machine("bin/down")
        if not given.purge:  # what is left of an instance can be purged even when it has lost its settings
            require_installed(settings)
        with locks.instance(settings):
            _down(settings, purge=given.purge)
    except PaasError as exc:
        sys.stderr.write(f"\n{messages.render_cli(exc)}\n")
        return 1
    return 0


def _down(settings: Settings, *, purge: bool) -> None:
    progress = Progress(3 if purge else 2)
    engine = DockerInstance(settings.docker_host, settings.name)
    with progress.step("Platform"):
        supervision.stop(settings)
    with progress.step("Apps"):
        if purge:
            removed = engine.purge()
            progress.say("removed " + ", ".join(f"{count} {kind}" for kind, count in removed.items()))
        else:
            _stop_apps(settings, engine, progress)
    if not purge:
        print(f"\nStopped. The data stays in {settings.data_dir}; bin/up goes on with it.\n")
        return
    with progress.step("Data"):
        credentials.forget(settings.url("api"))
        if left := data_dir.remove(settings):
            progress.say(f"{settings.data_dir} stays, for it holds what isn't ours: {', '.join(left)}")
    print(
        "\nRemoved. The distribution's packages, the Docker Engine and this folder's .venv and web/vendor stay"
        f"{', and so does the database ' + settings.database_url.rpartition('@')[2] if settings.database_url else ''}.\n"
    )


def _stop_apps(settings: Settings, engine: DockerInstance, progress: Progress) -> None:
    try:
        engine.stop_processes(settings.stop_grace)
    except EngineUnavailable:
        progress.say("no Docker Engine answers, so none of them runs")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
