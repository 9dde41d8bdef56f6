"""How much memory does the idle control plane take? PSS (proportional set size) of every process of it, summed.

.venv/bin/python benchmarks/memory.py
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks._instance import instance


def main() -> None:
    """Prints a row a process, and the sum."""
    with instance() as platform:
        time.sleep(20)  # idle: what was only needed to start has been let go
        root = int((Path(platform.info["data_dir"]) / "run" / "supervisord.pid").read_text())
        rows = sorted(((pss(pid), command(pid)) for pid in tree(root)), reverse=True)
        print(f"\n{'PSS':>10}  process")
        for size, name in rows:
            print(f"{size / 1024:>7.1f} MB  {name}")
        print(f"{sum(size for size, _ in rows) / 1024:>7.1f} MB  the whole idle control plane")


def tree(root: int) -> list[int]:
    """The process and all that descend from it."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().split(" ", 1)
        except OSError:
            continue
        parents[int(name)] = int(rest.rsplit(")", 1)[1].split()[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def pss(pid: int) -> int:
    """Kilobytes (proc(5), smaps_rollup)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def command(pid: int) -> str:
    """What the process is."""
    argv = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return " ".join(a.rsplit("/", 1)[-1] for a in argv[:6]).strip()


if __name__ == "__main__":
    main()
