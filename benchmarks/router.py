"""Requests per second and p99 through the router, against the same HAProxy with a hand-written minimal static configuration.

Both stand in front of the same small backend (a third HAProxy that answers by itself) and are loaded in turns by wrk; the
table shows medians, and the ratio of our throughput to the floor's.

    .venv/bin/python benchmarks/router.py [--rounds 5] [--seconds 5] [--connections 64]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from paas.adapters.file_leases import FileLeases
from paas.adapters.haproxy.router import HaproxyRouter, command, prepare
from paas.config import Settings
from paas.domain.route import Route, RouteState, Server

HOST = "bench.localhost"
BACKEND = """
global
    nbthread {threads}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend answer
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string "hello, world"
"""
FLOOR = """
global
    nbthread {threads}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend http
    bind 127.0.0.1:{port}
    use_backend bench if {{ hdr(host) -i {host} }}
backend bench
    balance leastconn
    server one 127.0.0.1:{backend}
"""


@dataclass(frozen=True)
class Run:
    """What wrk measured. Latency in milliseconds."""

    requests_per_second: float
    p99: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    threads = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="bench-router-", dir="/tmp") as folder, contextlib.ExitStack() as stack:
        data_dir = Path(folder)
        data_dir.chmod(0o711)
        backend, floor, http, https = free_ports(4)
        stack.enter_context(static_haproxy(data_dir / "backend.cfg", BACKEND.format(threads=threads, port=backend)))
        floor_text = FLOOR.format(threads=threads, port=floor, host=HOST, backend=backend)
        stack.enter_context(static_haproxy(data_dir / "floor.cfg", floor_text))
        settings = Settings(name="bench-router", data_dir=data_dir / "data", http_port=http, https_port=https)
        stack.enter_context(our_router(settings, backend))
        for port in (backend, floor, http):
            wait_until_open(port)
        targets = {"floor": floor, "ours": http}
        runs: dict[str, list[Run]] = {name: [] for name in targets}
        for port in targets.values():  # warm up
            wrk(port, 1, options.connections)
        for number in range(options.rounds):
            order = list(targets) if number % 2 == 0 else list(reversed(targets))
            for name in order:
                runs[name].append(wrk(targets[name], options.seconds, options.connections))
        print_table(runs, options)
        print(f"memory of the router (PSS, master and worker): {pss(settings):.1f} MB")


def print_table(runs: dict[str, list[Run]], options: argparse.Namespace) -> None:
    print(f"{options.connections} connections, {options.rounds} rounds of {options.seconds} s in turns, medians")
    print(f"{'':22}{'requests/s':>12}{'p99':>12}")
    names = {"floor": "static configuration", "ours": "platform's router"}
    for key, name in names.items():
        rate = statistics.median(run.requests_per_second for run in runs[key])
        p99 = statistics.median(run.p99 for run in runs[key])
        print(f"{name:22}{rate:12,.0f}{p99:9.2f} ms")
    ratios = [o.requests_per_second / f.requests_per_second for o, f in zip(runs["ours"], runs["floor"], strict=True)]
    print(f"{'ratio':22}{statistics.median(ratios):12.2f}   (aim: 0.95 or more; rounds: {min(ratios):.2f} to {max(ratios):.2f})")


def wrk(port: int, seconds: int, connections: int) -> Run:
    argv = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "-H", f"Host: {HOST}"]
    output = subprocess.run([*argv, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"requests failed:\n{output}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    if rate is None or p99 is None:
        raise SystemExit(f"wrk printed what we can't read:\n{output}")
    return Run(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]])


@contextlib.contextmanager
def our_router(settings: Settings, backend: int) -> Iterator[None]:
    """With an app of one process, and somebody who reads the log, as on a running platform."""
    prepare(settings)
    with running(command(settings)), log_reader(settings):
        wait_until_open(settings.http_port)
        route = Route("bench", "bench", (HOST,), (Server("web.1-bench", "127.0.0.1", backend),), RouteState.SERVING)
        HaproxyRouter(settings, FileLeases(settings.leases_dir)).publish(route)
        yield


@contextlib.contextmanager
def log_reader(settings: Settings) -> Iterator[None]:
    """Binds the log socket and leaves it full, so that this script's own work is not measured."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(settings.router_log_socket))
        settings.router_log_socket.chmod(0o660)
        yield


@contextlib.contextmanager
def static_haproxy(path: Path, text: str) -> Iterator[None]:
    path.write_text(text.lstrip())
    with running(["haproxy", "-db", "-f", str(path)]):
        yield


@contextlib.contextmanager
def running(argv: list[str]) -> Iterator[None]:
    process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def pss(settings: Settings) -> float:
    """MB of all processes whose command line names the instance's configuration."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(settings.router_dir).encode() in (folder / "cmdline").read_bytes():
                match = re.search(r"^Pss:\s+(\d+)", (folder / "smaps_rollup").read_text(), re.MULTILINE)
                total += int(match[1]) if match else 0
    return total / 1024


def wait_until_open(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing listens on port {port}")
        time.sleep(0.02)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


if __name__ == "__main__":
    main()
