"""The Router port on HAProxy. Each change is written down first, then made in the running HAProxy, in one connection.

What runs is compared with what is wanted, never with what we remember: a publish that was killed half way is made good by
the next one, and by `sync`.
"""

from __future__ import annotations

import functools
import logging
import os
import pwd
import re
import stat
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paas.adapters import local_ca
from paas.adapters.haproxy import config_text
from paas.adapters.haproxy.disk import Disk
from paas.adapters.haproxy.records import Record, Records, check_route
from paas.adapters.haproxy.runtime import LiveServer, RuntimeAPI, map_changes, read_map, read_servers
from paas.config import Settings
from paas.domain.route import Route
from paas.errors import LeaseTaken, PlatformFault, RouterUnavailable
from paas.ports.leases import Leases

# A server's memory is given back this long after its last request. HAProxy 2.6 can crash when a server is deleted under
# a stream that is about to end (haproxy/haproxy issue 2298), so there is no hurry.
_REST_BEFORE_DELETE = 10
_LEASE_TIMEOUT = 60.0
_RESTART_PATIENCE = 3.0
_RELOAD_TIMEOUT = 30.0

log = logging.getLogger(__name__)


def master_socket(settings: Settings) -> Path:
    """The socket of HAProxy's master process, for reloads."""
    return settings.run_dir / "haproxy-master.sock"


def command(settings: Settings) -> list[str]:
    """How HAProxy is started, in the foreground, by whatever supervises it. `prepare` comes first."""
    disk = Disk(settings.router_dir)
    return ["haproxy", "-W", "-db", "-S", f"{master_socket(settings)},mode,600", "-f", str(disk.config), "-f", str(disk.slots)]  # fmt: skip


def prepare(settings: Settings) -> bool:
    """Makes every file that HAProxy needs to start. Idempotent. True if a running HAProxy must be reloaded."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    disk = Disk(settings.router_dir)
    hosts = disk.read_map(disk.hosts_map) | config_text.platform_hosts(settings.domain)
    certificate = local_ca.ensure(settings.tls_dir, settings.domain, hosts)
    return disk.prepare(_edge(settings, certificate))


class HaproxyRouter:
    """Implements `paas.ports.router.Router`."""

    def __init__(self, settings: Settings, leases: Leases) -> None:
        self._settings = settings
        self._leases = leases
        self._disk = Disk(settings.router_dir)
        self._records = Records(self._disk.records)
        self._runtime = RuntimeAPI(settings.router_socket)
        self._master = RuntimeAPI(master_socket(settings))
        self._platform = config_text.platform_hosts(settings.domain)

    def publish(self, route: Route) -> None:
        check_route(route, self._platform)
        with self._lease():
            record = self._records.read(route.app_id)
            slot, grown = (record.slot, False) if record else self._claim_slot()
            self._records.write(Record(slot, route))
            self._disk.write_slot(slot, route)
            news = not self._maps_tell(slot, route)
            if news:
                self._write_maps(self._records.all())
            if grown:
                self._reload()
            self._apply({slot: route})
            if news:
                self._serve_certificate()

    def published(self, app_id: str) -> Route | None:
        record = self._records.read(app_id)
        return record.route if record else None

    def drained(self, app_id: str, server_names: Iterable[str], timeout: float) -> bool:
        names = set(server_names)
        deadline = time.monotonic() + timeout
        pause = 0.005
        while (record := self._records.read(app_id)) is not None:
            if not any(s.name in names and s.sessions for s in self._servers(record.slot, every_worker=True)):
                with self._lease():
                    self._retire(app_id, names)
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 2, 0.2)
        return True

    def withdraw(self, app_id: str) -> None:
        with self._lease():
            record = self._records.read(app_id)
            if record is None:
                return
            self._records.remove(app_id)
            self._disk.write_slot(record.slot, None)
            self._write_maps(self._records.all())
            self._apply({record.slot: None})

    def sync(self, routes: Iterable[Route]) -> None:
        wanted = {route.app_id: check_route(route, self._platform) for route in routes}
        with self._lease():
            must_reload = prepare(self._settings)
            known = {record.route.app_id: record.slot for record in self._records.all()}
            for app_id in known.keys() - wanted.keys():
                self._records.remove(app_id)
                del known[app_id]
            for app_id, route in wanted.items():
                if app_id not in known:
                    known[app_id], grown = self._claim_slot()
                    must_reload |= grown
                if self.published(app_id) != route:
                    self._records.write(Record(known[app_id], route))
            by_slot: dict[str, Route | None] = dict.fromkeys(self._disk.slot_names())
            by_slot |= {known[app_id]: route for app_id, route in wanted.items()}
            for slot, slot_route in by_slot.items():
                self._disk.write_slot(slot, slot_route)
            self._write_maps([Record(known[app_id], route) for app_id, route in wanted.items()])
            if must_reload or not self._has_slots(by_slot):
                self._reload()
            self._apply(by_slot)
            self._serve_certificate()

    # --- what is written down ------------------------------------------------------------------------------------

    def _claim_slot(self) -> tuple[str, bool]:
        """The slot that is spare for longest (so that its last app's requests are over), and whether a reload is needed."""
        taken = {record.slot for record in self._records.all()}
        slots = self._disk.slot_names()
        spare = next((slot for slot in slots if slot not in taken), None)
        if spare is not None:
            return spare, False
        self._disk.add_slots(2 * len(slots))
        return next(slot for slot in self._disk.slot_names() if slot not in taken), True

    def _maps_tell(self, slot: str, route: Route) -> bool:
        hosts = {host for host, to in self._disk.read_map(self._disk.hosts_map).items() if to == slot}
        value = self._disk.read_map(self._disk.slots_map).get(slot)
        return hosts == set(route.hosts) and value == config_text.slot_value(route)

    def _write_maps(self, records: list[Record]) -> None:
        """Where two apps claim a host, as in the middle of a change of names, the one published last has it."""
        hosts = {host: record.slot for record in records for host in record.route.hosts}
        self._disk.write_map(self._disk.hosts_map, hosts | self._platform)
        self._disk.write_map(self._disk.slots_map, {r.slot: config_text.slot_value(r.route) for r in records})

    # --- what runs -----------------------------------------------------------------------------------------------

    def _apply(self, routes: dict[str, Route | None]) -> None:
        """Makes the running HAProxy what the files say: new servers first, then the maps, then the old servers out."""
        which = next(iter(routes)) if len(routes) == 1 else "-1"
        maps = (self._disk.hosts_map, self._disk.slots_map)
        servers, *dumps = self._runtime.run(
            [f"show stat {which} 4 -1", *(f"show map {path}" for path in maps)], patience=_RESTART_PATIENCE
        )
        live: dict[str, dict[str, LiveServer]] = {slot: {} for slot in routes}
        for server in read_servers(servers):
            live.setdefault(server.backend, {})[server.name] = server
        commands = [c for slot, route in routes.items() for c in _servers_in(slot, route, live[slot])]
        for path, dump in zip(maps, dumps, strict=True):
            commands += map_changes(path, read_map(dump), self._disk.read_map(path))
        commands += [c for slot, route in routes.items() for c in _servers_out(slot, route, live[slot])]
        self._runtime.change(commands)

    def _retire(self, app_id: str, names: set[str]) -> None:
        """Takes drained servers out of service, unless they were published again meanwhile."""
        record = self._records.read(app_id)
        if record is None:
            return
        gone = names - {server.name for server in config_text.live_servers(record.route)}
        live = {server.name for server in self._servers(record.slot)}
        self._runtime.change([f"set server {record.slot}/{name} state maint" for name in sorted(gone & live)])

    def _servers(self, slot: str, *, every_worker: bool = False) -> list[LiveServer]:
        show = f"show stat {slot} 4 -1"
        servers = read_servers(self._runtime.run([show], patience=_RESTART_PATIENCE)[0])
        if every_worker:
            for pid in self._old_workers():
                servers += read_servers(self._master.once(f"@!{pid} {show}", patience=_RESTART_PATIENCE))
        return servers

    def _serve_certificate(self) -> None:
        """The running HAProxy serves the certificate that covers the hosts in hosts.map; it is signed anew if it has to be."""
        hosts = self._disk.read_map(self._disk.hosts_map)
        path = local_ca.ensure(self._settings.tls_dir, self._settings.domain, hosts)
        pem = path.read_text()
        loaded = self._runtime.run([f"show ssl cert {path}"])[0]
        if f"SHA1 FingerPrint: {local_ca.sha1_fingerprint(pem)}" in loaded:
            return
        self._runtime.once(f"set ssl cert {path} <<\n{pem.strip()}\n")
        answer = self._runtime.once(f"commit ssl cert {path}")
        if "Success!" not in answer:
            raise RouterUnavailable(f"HAProxy refused the certificate {path}: {answer}")

    def _has_slots(self, slots: Iterable[str]) -> bool:
        """Whether the running HAProxy has all slots; it hasn't if it was started before some were made."""
        answer = self._runtime.run(["show backend"], patience=_RESTART_PATIENCE)[0]
        return set(slots) <= set(answer.splitlines())

    # --- reload --------------------------------------------------------------------------------------------------

    def _reload(self) -> None:
        """A new worker takes over the listening sockets; the old one ends when its last request has. Waits for the new one."""
        before = self._worker()
        self._master.once("reload", patience=_RESTART_PATIENCE)
        deadline = time.monotonic() + _RELOAD_TIMEOUT
        while self._worker() == before:
            if time.monotonic() >= deadline:
                raise RouterUnavailable(
                    f"HAProxy went on with its old configuration; its log says why it refused {self._disk.config}"
                )
            time.sleep(0.02)

    def _worker(self) -> str:
        """The process id of the worker that serves."""
        info = self._runtime.run(["show info"], patience=_RESTART_PATIENCE)[0]
        match = re.search(r"^Pid: (\d+)$", info, re.MULTILINE)
        return match[1] if match else ""

    def _old_workers(self) -> list[str]:
        """Process ids of the workers that finish their requests after a reload."""
        _, _, old = self._master.once("show proc", patience=_RESTART_PATIENCE).partition("# old workers")
        return re.findall(r"^(\d+)\s+worker\b", old, re.MULTILINE)

    @contextmanager
    def _lease(self) -> Iterator[None]:
        try:
            with self._leases.take("router", _LEASE_TIMEOUT):
                yield
        except LeaseTaken as exc:
            raise RouterUnavailable("another change of the router did not end in time") from exc


def _servers_in(slot: str, route: Route | None, live: dict[str, LiveServer]) -> Iterator[str]:
    for server in config_text.live_servers(route):
        name, address = f"{slot}/{server.name}", config_text.address(server)
        known = live.get(server.name)
        if known is None:
            yield f"add server {name} {address} {config_text.SERVER_OPTIONS}"
            yield f"enable health {name}"
            yield f"set server {name} state ready"
            continue
        if known.address != address:
            yield f"set server {name} addr {server.address} port {server.port}"
        if not known.is_up:
            yield f"set server {name} state ready"


def _servers_out(slot: str, route: Route | None, live: dict[str, LiveServer]) -> Iterator[str]:
    wanted = {server.name for server in config_text.live_servers(route)}
    for name in sorted(live.keys() - wanted):
        server = live[name]
        if server.is_in_maintenance:
            if not server.sessions and not server.connections and server.seconds >= _REST_BEFORE_DELETE:
                yield f"del server {slot}/{name}"
        elif route is None:
            yield f"set server {slot}/{name} state maint"
            yield f"shutdown sessions server {slot}/{name}"
        elif not server.is_draining:
            yield f"set server {slot}/{name} state drain"


def _edge(settings: Settings, certificate: Path) -> config_text.Edge:
    return config_text.Edge(
        domain=settings.domain,
        http_port=settings.http_port,
        https_port=settings.https_port,
        ipv6=Path("/proc/net/if_inet6").exists(),
        threads=os.cpu_count() or 1,
        user=_user(settings.run_dir),
        request_timeout=settings.request_timeout,
        has_response_timeouts=_accepts(config_text.RESPONSE_TIMEOUT),
        router_dir=settings.router_dir,
        certificate=certificate,
        web_socket=settings.web_socket,
        stats_socket=settings.router_socket,
        log_socket=settings.router_log_socket,
    )


@functools.cache
def _accepts(rule: str) -> bool:
    """Whether the installed HAProxy, 2.6 or later, understands a rule of a backend."""
    version = _haproxy("-v")
    match = re.search(r"version (\d+)\.(\d+)", version.stdout)
    if match is None or (int(match[1]), int(match[2])) < (2, 6):
        raise PlatformFault(f"HAProxy 2.6 or later is needed, not {version.stdout.partition(chr(10))[0]!r}")
    probe = f"listen probe\n    mode http\n    bind 127.0.0.1:1\n    {rule}\n"
    return _haproxy("-c", "-f", "/dev/stdin", stdin=probe).returncode == 0


def _haproxy(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["haproxy", *arguments], input=stdin, capture_output=True, text=True, check=False)
    except OSError as exc:
        raise PlatformFault(f"haproxy can't be started: {exc}; bin/up installs it") from exc


def _user(run_dir: Path) -> str | None:
    """HAProxy's own user for the workers, which read what strangers send; they keep root's group, and with it our sockets.

    None where we may not change users, or where that group can't reach the sockets (a data directory below a private one).
    """
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("haproxy")
    except KeyError:
        return None
    for folder in (run_dir, *run_dir.parents):
        status = folder.stat()
        if not status.st_mode & (stat.S_IXGRP if status.st_gid == 0 else stat.S_IXOTH):
            log.warning("HAProxy's workers stay root, because root's group can't enter %s", folder)
            return None
    return "haproxy"
