"""The files that HAProxy reads when it starts. They always tell the present, so that a killed HAProxy comes back the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from paas.adapters.haproxy import config_text, pages
from paas.domain.route import Route

SPARE_SLOTS = 64


class Disk:
    """The router's folder: haproxy.cfg, slots/, hosts.map, slots.map, pages/. Each write is atomic, and none is in vain.

    Nothing is fsynced: all of it can be derived again, and HAProxy, which alone reads it, shares our page cache.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "haproxy.cfg"
        self.slots = folder / "slots"
        self.records = folder / "records"
        self.hosts_map = folder / "hosts.map"
        self.slots_map = folder / "slots.map"

    def prepare(self, edge: config_text.Edge) -> bool:
        """Everything that HAProxy needs to start, made where it is missing. True if a running HAProxy must be reloaded."""
        for folder in (self.slots, self.records, self.folder / "pages"):
            folder.mkdir(parents=True, exist_ok=True)
        for name, response in pages.responses().items():
            _replace_if_changed(self.folder / "pages" / name, response)
        self.write_map(self.hosts_map, self.read_map(self.hosts_map) | config_text.platform_hosts(edge.domain))
        self.slots_map.touch()
        changed = _replace_if_changed(self.config, config_text.haproxy_cfg(edge).encode())
        return self.add_slots(SPARE_SLOTS) or changed

    def slot_names(self) -> list[str]:
        """All slots, those that were changed longest ago first."""
        paths = sorted(self.slots.glob("s*.cfg"), key=lambda path: path.stat().st_mtime_ns)
        return [path.stem for path in paths]

    def add_slots(self, total: int) -> bool:
        """Makes spare slots until there are `total`. True if there were less."""
        present = set(self.slot_names())
        missing = [slot for number in range(1, total + 1) if (slot := f"s{number}") not in present]
        for slot in missing:
            self.write_slot(slot, None)
        return bool(missing)

    def write_slot(self, slot: str, route: Route | None) -> None:
        """The slot's backend with the route's servers; None makes it spare."""
        _replace_if_changed(self.slots / f"{slot}.cfg", config_text.slot_cfg(slot, route).encode())

    def read_map(self, path: Path) -> dict[str, str]:
        """Key → value; empty if the file was lost."""
        try:
            lines = path.read_text().splitlines()
        except FileNotFoundError:
            return {}
        return dict(line.split(" ", 1) for line in lines if " " in line)

    def write_map(self, path: Path, entries: Mapping[str, str]) -> None:
        _replace_if_changed(path, config_text.map_text(entries).encode())


def replace(path: Path, content: str | bytes) -> None:
    """Writes beside and renames: readers see the old or the new, whole."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content.encode() if isinstance(content, str) else content)
    beside.replace(path)


def _replace_if_changed(path: Path, content: bytes) -> bool:
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    replace(path, content)
    return True
