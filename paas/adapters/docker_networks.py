"""Each app's own bridge network: found by label, cut from the instance's pool of addresses, made at the first start."""

from __future__ import annotations

import ipaddress
import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import docker.errors
from docker.types import IPAMConfig, IPAMPool

from paas.adapters.docker_client import DockerClient, explanation, status
from paas.config import Settings
from paas.errors import EngineUnavailable, Invalid

APP_PREFIX = 23  # 510 addresses: 100 processes of each of several types, twice over during a deploy


_open: weakref.WeakSet[DockerNetworks] = weakref.WeakSet()


def _reset_all() -> None:
    for one in list(_open):
        one._reset()


os.register_at_fork(after_in_child=_reset_all)


class DockerNetworks:
    """Raises the SDK's errors, which the engine maps, `EngineUnavailable` when the pool is used up, `Invalid` when it is none."""

    def __init__(self, client: DockerClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._reset()
        _open.add(self)

    def ensure(self, app_id: str, *, apart: bool = False) -> str:
        """The id of the app's network, made if there is none. Threads and processes that race end with the same one.

        `apart`: its containers can't reach each other, as builds of several apps must not.
        """
        with self._lock:
            if app_id not in self._known:
                self._known[app_id] = self._oldest(app_id) or self._make(app_id, apart)
            return self._known[app_id]

    def lost(self, app_id: str) -> None:
        """The engine says that the network is gone: look again next time."""
        self._known.pop(app_id, None)

    def remove(self, app_id: str) -> None:
        """Removes all of the app's networks. Idempotent; nothing may be connected any more."""
        self.lost(app_id)
        for network in self._list(app_id):
            self._remove(network["Id"])

    def _reset(self) -> None:
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def _list(self, app_id: str) -> list[dict[str, Any]]:
        labels = [f"paas.instance={self._settings.name}", f"paas.app={app_id}"]
        return list(self._client.api.networks(filters={"label": labels}))

    def _oldest(self, app_id: str) -> str | None:
        networks = sorted(self._list(app_id), key=lambda n: (n["Created"], n["Id"]))
        return str(networks[0]["Id"]) if networks else None

    def _make(self, app_id: str, apart: bool) -> str:
        """Creates a network; the engine is the arbiter of which subnet is free (other instances compete for them)."""
        pool = _pool(self._settings.subnet_pool)
        for subnet in free_subnets(pool, APP_PREFIX, self._used()):
            try:
                made = self._create(app_id, subnet, apart)
            except docker.errors.APIError as exc:
                if status(exc) == 409 and (other := self._oldest(app_id)):
                    return other
                if "overlaps" in explanation(exc):
                    continue
                raise
            # The engine's check for a network of the same name is not atomic before version 25, so two processes may
            # both have made one. Both see both now, and both keep the older one.
            kept = self._oldest(app_id) or made
            if kept != made:
                self._remove(made)
            return kept
        raise EngineUnavailable(f"no free /{APP_PREFIX} network is left in {pool} (PAAS_SUBNET_POOL)")

    def _create(self, app_id: str, subnet: IPv4Network, apart: bool) -> str:
        options = {"com.docker.network.bridge.enable_icc": "false"} if apart else {}
        # Packets larger than the uplink takes would be lost wherever ICMP is filtered.
        if mtu := uplink_mtu():
            options["com.docker.network.driver.mtu"] = str(mtu)
        created = self._client.api.create_network(
            f"{self._settings.name}-{app_id}",
            driver="bridge",
            check_duplicate=True,
            ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet))]),
            options=options,
            labels={"paas.instance": self._settings.name, "paas.app": app_id},
        )
        return str(created["Id"])

    def _used(self) -> list[IPv4Network]:
        """What other networks of the engine and routes of the host already take."""
        pools = [p for n in self._client.api.networks() for p in (n["IPAM"]["Config"] or ())]
        used = [ipaddress.ip_network(p["Subnet"]) for p in pools if "Subnet" in p]
        return [n for n in used if isinstance(n, IPv4Network)] + [r for r, _ in _routes() if r.prefixlen > 0]

    def _remove(self, network_id: str) -> None:
        with suppress(docker.errors.NotFound):
            self._client.api.remove_network(network_id)


def free_subnets(pool: IPv4Network, prefix: int, used: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    """The pool's subnets of that prefix length, in order, that overlap with none of `used`."""
    taken = list(used)
    if pool.prefixlen > prefix:
        return iter(())
    return (s for s in pool.subnets(new_prefix=prefix) if not any(s.overlaps(t) for t in taken))


def uplink_mtu() -> int | None:
    """The MTU of the interface that the default route leaves by; None without a default route."""
    interface = next((i for r, i in _routes() if r.prefixlen == 0), None)
    return int(Path(f"/sys/class/net/{interface}/mtu").read_text()) if interface else None


def _pool(text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError as exc:
        raise Invalid("PAAS_SUBNET_POOL", text, f"must be an IPv4 network, such as 10.208.0.0/12 ({exc})") from exc


def _routes() -> list[tuple[IPv4Network, str]]:
    """The host's IPv4 routes and their interfaces, as in proc(5); addresses there are little-endian hexadecimal."""
    routes = []
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        interface, destination, _, _, _, _, _, mask, *_ = line.split()
        address = ipaddress.IPv4Address(int(destination, 16).to_bytes(4, "little"))
        prefix = int(mask, 16).bit_count()
        routes.append((ipaddress.IPv4Network((address, prefix)), interface))
    return routes
