"""The programs of an instance: what is started, with which arguments, and what makes a restart necessary."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from paas.adapters.haproxy import router
from paas.config import MiB, Settings
from paas.entrypoints.operator.host import ROOT
from paas.entrypoints.operator.venv import PYTHON

REDIS_MEMORY = 256 * MiB
WEB_THREADS = 64  # each open push, log or page with live updates holds one


@dataclass(frozen=True)
class Program:
    """One child of the supervisor. It is restarted by the next bin/up when its arguments or its `stamp` have changed."""

    name: str
    argv: tuple[str, ...]
    priority: int  # started from low to high, stopped from high to low
    stop_seconds: int
    stamp: str


def all_of(settings: Settings) -> tuple[Program, ...]:
    """What an instance consists of, in the order of starting."""
    python = (str(PYTHON), "-P", "-OO", "-m")  # without docstrings: 6 MB less in each family of processes
    code = _digest(_code(), repr(settings).encode())
    redis = redis_configuration(settings)
    return (
        Program("redis", ("redis-server", str(redis_file(settings))), 10, 10, _digest(redis.encode())),
        Program("web", (*python, *_gunicorn(settings)), 20, 15, code),
        Program("worker", (*python, "paas.entrypoints.worker"), 20, 30, code),
        Program("haproxy", tuple(router.command(settings)), 30, 10, ""),
    )  # fmt: skip


def redis_file(settings: Settings) -> Path:
    return settings.run_dir / "redis.conf"


def redis_configuration(settings: Settings) -> str:
    """Redis holds only what may be lost: nothing goes to disk, and when memory is full the key unused for longest goes.

    (Queues and live streams are touched all the time; what goes first is the log of an app that nobody uses.) Its process
    title stays as it is, because a changed one would overwrite the environment by which we find what we started.
    """
    return f"""\
port 0
unixsocket {settings.redis_socket}
unixsocketperm 700
dir {settings.run_dir}
save ""
appendonly no
maxmemory {REDIS_MEMORY}
maxmemory-policy allkeys-lru
databases 1
loglevel warning
set-proc-title no
"""


def _gunicorn(settings: Settings) -> tuple[str, ...]:
    return (
        "gunicorn", "--bind", f"unix:{settings.web_socket}", "--umask", "0o007",
        "--worker-class", "gthread", "--workers", "1", "--threads", str(WEB_THREADS),
        "--keep-alive", "75",  # longer than the router keeps idle connections, so that it never sends into a closing one
        "--graceful-timeout", "10", "--worker-tmp-dir", str(settings.run_dir), "--no-control-socket",
        "paas.entrypoints.web:create_app()",
    )  # fmt: skip


def _code() -> bytes:
    """All of the platform's code, templates and assets: after `git pull`, bin/up restarts what runs the old."""
    web = [f for kind in ("*.html", "*.css", "*.js", "*.svg") for f in (ROOT / "web").rglob(kind)]
    files = [*(ROOT / "paas").rglob("*.py"), *web, ROOT / "requirements.lock"]
    return b"".join(str(f).encode() + hashlib.sha256(f.read_bytes()).digest() for f in sorted(files))


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
