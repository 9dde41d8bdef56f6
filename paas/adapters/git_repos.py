"""Repos on disk: a bare repository per app, made with GitPython, its pre-receive hook a link to ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from paas.config import Settings
from paas.errors import PlatformFault

HOOK = Path(__file__).resolve().parent.parent / "entrypoints" / "pre_receive.py"

_APP_ID = re.compile(r"[0-9a-f-]{36}")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")

# What a repository is created with. fsck: malformed trees are refused at the door. gc runs from `tidy`, never in a push.
_CONFIG = (
    ("receive", "fsckObjects", "true"),
    ("receive", "autogc", "false"),
    ("receive", "denyDeleteCurrent", "refuse"),
    ("http", "receivepack", "true"),
    ("uploadpack", "allowAnySHA1InWant", "false"),
    ("core", "hooksPath", "hooks"),
    ("gc", "auto", "200"),
)


class GitRepos:
    """See `paas.ports.repos.Repos`. Folders are named by app id."""

    def __init__(self, settings: Settings) -> None:
        self._dir = settings.repos_dir

    def ensure(self, app_id: str) -> Path:
        path = self._path(app_id)
        if (path / "hooks" / "pre-receive").exists():
            return path
        from git import GitError, Repo  # when it is first needed: 3 MB that an idle platform does without

        beside = path.with_name(f".{path.name}.{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        try:
            repo = Repo.init(beside, bare=True, initial_branch="main", mkdir=True)
            with repo.config_writer() as config:
                for section, key, value in _CONFIG:
                    config.set_value(section, key, value)
            repo.close()
        except (GitError, OSError) as exc:
            raise PlatformFault(f"the repository {path} can't be made: {exc}") from exc
        shutil.rmtree(beside / "hooks", ignore_errors=True)
        (beside / "hooks").mkdir()
        # -I -S: neither the app's nor the host's Python settings reach the hook, and it starts in 9 ms instead of 30.
        hook = beside / "hooks" / "pre-receive"
        hook.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {HOOK} "$@"\n')
        hook.chmod(0o755)
        try:
            beside.rename(path)
        except OSError:
            shutil.rmtree(beside, ignore_errors=True)  # another process made it meanwhile
        return path

    def head(self, app_id: str, branch: str) -> str | None:
        if not _BRANCH.fullmatch(branch):
            return None
        path = self._path(app_id)
        if not path.exists():
            return None
        from git import GitError, Repo

        try:
            with Repo(path) as repo:
                return str(repo.git.rev_parse("--verify", "--quiet", f"refs/heads/{branch}")) or None
        except GitError:
            return None

    def tidy(self, app_id: str) -> None:
        path = self._path(app_id)
        if path.exists():
            subprocess.run(
                ["git", "-C", str(path), "gc", "--auto", "--quiet"],
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )

    def remove(self, app_id: str) -> None:
        shutil.rmtree(self._path(app_id), ignore_errors=True)

    def _path(self, app_id: str) -> Path:
        if not _APP_ID.fullmatch(app_id):
            raise PlatformFault(f"{app_id!r} is not an app id")
        return self._dir / f"{app_id}.git"
