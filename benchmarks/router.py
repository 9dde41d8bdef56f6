"""Requests per second, p99 and processor time through the router, against the same HAProxy with a hand-written configuration.

Two floors: a minimal one that only forwards, and one that adds the headers which an app on Heroku can count on. All stand in
front of the same small backend (a HAProxy that answers by itself) and are loaded in turns by wrk; the table shows medians.
Processor time is HAProxy's own per request: it says most where wrk, backend and others fight for the same processors.

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
from paas.adapters.haproxy.runtime import RuntimeAPI
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
{rules}    use_backend bench if {{ hdr(host) -i {host} }}
backend bench
    balance leastconn
    server one 127.0.0.1:{backend}
"""
HEADERS = """    option forwardfor
    http-request set-header X-Request-Id %[uuid] unless { req.hdr(X-Request-Id) -m found }
    http-request set-header X-Request-Start %[date(0,ms)]
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port 80
    http-request add-header Via 1.1\\ paas
"""
NAMES = {"floor": "static, minimal", "headers": "static, same headers", "ours": "platform's router"}


@dataclass(frozen=True)
class Run:
    """What one run of wrk showed. Latency in milliseconds, processor time in microseconds a request."""

    requests_per_second: float
    p99: float
    processor: float


@dataclass(frozen=True)
class Target:
    """Where wrk sends to, and the process that does the work."""

    port: int
    pid: int


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
        backend, floor, headers, http, https = free_ports(5)
        stack.enter_context(static_haproxy(data_dir / "backend.cfg", BACKEND.format(threads=threads, port=backend)))
        targets = {}
        for name, port, rules in (("floor", floor, ""), ("headers", headers, HEADERS)):
            text = FLOOR.format(threads=threads, port=port, host=HOST, backend=backend, rules=rules)
            targets[name] = Target(port, stack.enter_context(static_haproxy(data_dir / f"{name}.cfg", text)))
        settings = Settings(name="bench-router", data_dir=data_dir / "data", http_port=http, https_port=https)
        targets["ours"] = Target(http, stack.enter_context(our_router(settings, backend)))
        wait_until_open(backend)
        runs: dict[str, list[Run]] = {name: [] for name in targets}
        for target in targets.values():
            wait_until_open(target.port)
            wrk(target, 1, options.connections)  # warm up
        for number in range(options.rounds):
            for name in list(targets) if number % 2 == 0 else list(reversed(targets)):
                runs[name].append(wrk(targets[name], options.seconds, options.connections))
        print_table(runs, options)
        print(f"memory of the router (PSS, master and worker): {pss(settings):.1f} MB")


def print_table(runs: dict[str, list[Run]], options: argparse.Namespace) -> None:
    print(f"{options.connections} connections, {options.rounds} rounds of {options.seconds} s in turns, medians")
    print(f"{'':22}{'requests/s':>12}{'p99':>12}{'processor':>14}{'of minimal':>12}")
    for name, of_name in runs.items():
        rate = statistics.median(run.requests_per_second for run in of_name)
        p99 = statistics.median(run.p99 for run in of_name)
        processor = statistics.median(run.processor for run in of_name)
        ratio = statistics.median(
            run.requests_per_second / floor.requests_per_second
            for run, floor in zip(of_name, runs["floor"], strict=True)
        )
        print(f"{NAMES[name]:22}{rate:12,.0f}{p99:9.2f} ms{processor:11.1f} µs{ratio:12.2f}")
    print("aim: the platform's router at 0.95 or more")


def wrk(target: Target, seconds: int, connections: int) -> Run:
    argv = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "-H", f"Host: {HOST}"]
    before = processor_time(target.pid)
    output = subprocess.run(
        [*argv, f"http://127.0.0.1:{target.port}/"], capture_output=True, text=True, check=True
    ).stdout
    spent = processor_time(target.pid) - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"requests failed:\n{output}")
    total = re.search(r"(\d+) requests in", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    if total is None or rate is None or p99 is None:
        raise SystemExit(f"wrk printed what we can't read:\n{output}")
    return Run(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]], 1e6 * spent / int(total[1]))


def processor_time(pid: int) -> float:
    """Seconds that a process has spent, its own and the kernel's on its behalf (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def our_router(settings: Settings, backend: int) -> Iterator[int]:
    """With an app of one process. The process id of the worker."""
    prepare(settings)
    with running(command(settings)), log_reader(settings):
        wait_until_open(settings.http_port)
        route = Route("bench", "bench", (HOST,), (Server("web.1-bench", "127.0.0.1", backend),), RouteState.SERVING)
        HaproxyRouter(settings, FileLeases(settings.leases_dir)).publish(route)
        info = RuntimeAPI(settings.router_socket).run(["show info"])[0]
        yield int(info.partition("\nPid: ")[2].split()[0])


@contextlib.contextmanager
def log_reader(settings: Settings) -> Iterator[None]:
    """Binds the log socket and leaves it full, so that this script's own work is not measured."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(settings.router_log_socket))
        settings.router_log_socket.chmod(0o660)
        yield


@contextlib.contextmanager
def static_haproxy(path: Path, text: str) -> Iterator[int]:
    path.write_text(text.lstrip())
    with running(["haproxy", "-db", "-f", str(path)]) as pid:
        yield pid


@contextlib.contextmanager
def running(argv: list[str]) -> Iterator[int]:
    process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
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
