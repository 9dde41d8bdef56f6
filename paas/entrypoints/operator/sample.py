"""The sample app: deployed with a real `git push`, so that a machine on which bin/up ends well is one that works."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from paas.bootstrap import Services
from paas.config import Settings
from paas.domain.user import User
from paas.entrypoints.operator import health
from paas.entrypoints.operator.host import ROOT
from paas.errors import NotFound, SetupFailed
from paas.pipeline import apps

NAME = "hello"
_SOURCE = ROOT / "sample"
_PATIENCE = 30.0


def host(settings: Settings) -> str:
    return f"{NAME}.{settings.domain}"


def ensure(services: Services, user: User, token: str, say: Callable[[str], None]) -> None:
    """Returns once the sample app answers; pushes it if it was never deployed. Raises `SetupFailed`.

    An app of that name which was deployed before is left as it is, scaled down or taken over by its owner as it may be.
    """
    settings = services.settings
    try:
        app = apps.find(services, user, NAME)
    except NotFound:
        app = apps.create(services, user, NAME)
    if services.store.releases.current(app.id).slug is None:
        _push(settings, token, say)
    if services.store.formations.get(app.id).get("web", 0) == 0 or app.maintenance:
        return
    deadline = time.monotonic() + _PATIENCE + settings.boot_timeout
    while (status := health.get(settings, host(settings), "/")) is None or status >= 500:
        if time.monotonic() > deadline:
            raise SetupFailed(
                f"The sample app does not answer (status {status}).",
                f"`bin/paas logs -a {NAME}` tells why, `bin/paas doctor` looks at the platform.",
            )
        time.sleep(0.1)


def _push(settings: Settings, token: str, say: Callable[[str], None]) -> None:
    """Commits a copy of the folder sample/ and pushes it, with nothing of the operator's own git settings."""
    with tempfile.TemporaryDirectory(prefix="paas-sample-") as made:
        folder = Path(made)
        shutil.copytree(_SOURCE, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
        # By address, so that it works before the domain's DNS does. The bare address answers git, too.
        server = f"http://127.0.0.1:{settings.http_port}"
        credentials = folder / "credentials"  # a file: argument lists can be read by everybody on the machine
        credentials.touch(0o600)
        credentials.write_text(server.replace("://", f"://sample:{token}@") + "\n")
        git = [
            "env", "-i", f"HOME={folder}", "PATH=/usr/local/bin:/usr/bin:/bin", "GIT_TERMINAL_PROMPT=0",
            "git", "-C", str(folder / "app"), "-c", "user.name=paas", "-c", f"user.email={settings.admin_email}",
            "-c", "http.proxy=", "-c", f"credential.helper=store --file={credentials}",
        ]  # fmt: skip
        for step in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "--all"],
            ["commit", "--quiet", "--message=A first app"],
            ["push", f"{server}/{NAME}.git", "main"],
        ):
            _run([*git, *step], say)


def _run(argv: list[str], say: Callable[[str], None]) -> None:
    """Tells what git prints as it comes: the build's log is part of it."""
    lines: list[str] = []
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.removeprefix("remote: ").rstrip())
            say(lines[-1] or " ")
    if process.returncode != 0:
        raise SetupFailed(
            "The sample app could not be pushed; the platform itself is up.",
            "What git printed stands above. Run bin/up again, or leave the sample out with --no-sample.",
        )
