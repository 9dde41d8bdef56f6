"""app.json: what it says of the web process's health check.

In the form that Dokku reads: `{"healthchecks": {"web": [{"type": "startup", "path": "/health"}]}}`. The first check of `web` with
a path counts, whose type is `startup` (the default) or `readiness`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from paas.domain.formation import HealthCheck
from paas.errors import InvalidSource
from paas.lifecycle.folder import Folder, TreeTooLarge

_MAX_SIZE = 1024 * 1024
_PATH = re.compile(r"/[!-~]{0,1023}")  # visible ASCII: it goes into a request line


def health_check(app: Path) -> HealthCheck:
    """The check; without a path if app.json names none. Raises `InvalidSource` when it can't be understood."""
    with Folder(app) as folder:
        try:
            content = folder.read("app.json", _MAX_SIZE)
        except TreeTooLarge as exc:
            raise InvalidSource("app.json", "", str(exc)) from exc
    if content is None:
        return HealthCheck()
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise InvalidSource("app.json", "", f"is not valid JSON ({exc})") from exc
    checks = _get(_get(document, "healthchecks", dict), "web", list)
    for check in checks or ():
        if isinstance(check, dict) and "path" in check and check.get("type", "startup") in ("startup", "readiness"):
            path = check["path"]
            if not isinstance(path, str) or not _PATH.fullmatch(path):
                raise InvalidSource(
                    "app.json", str(path), "healthchecks.web: a path must begin with / and have no spaces"
                )
            return HealthCheck(path)
    return HealthCheck()


def _get(document: Any, key: str, kind: type) -> Any:
    """What is under the key; None if nothing is. Raises `InvalidSource` if it is something else."""
    value = document.get(key) if isinstance(document, dict) else None
    if value is not None and not isinstance(value, kind):
        raise InvalidSource("app.json", str(value), f"{key} must be {'a list' if kind is list else 'an object'}")
    return value
