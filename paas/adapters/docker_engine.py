"""Engine on Docker: one container per process, found by labels, locked in as hostile code has to be."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import docker.errors
import requests.exceptions
import urllib3.exceptions

from paas.adapters.docker_client import VENDOR_ERRORS, DockerClient, engine_errors, explanation, status
from paas.adapters.docker_networks import DockerNetworks
from paas.adapters.docker_output import DockerOutput
from paas.adapters.docker_session import DockerSession
from paas.config import MiB, Settings
from paas.domain.process import Kind, Process
from paas.errors import EngineUnavailable, NotFound, NotReady
from paas.ports.engine import EngineEvent, OutputLine, ProcessSpec, Session

_KINDS = frozenset(Kind)
_REMOVAL = 10  # seconds that the engine may take to remove a container


class DockerEngine:
    """Implements `Engine`. Nothing connects before the first call; safe for threads, and across forks."""

    def __init__(self, client: DockerClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._networks = DockerNetworks(client, settings)
        self._listed: dict[str, Process] = {}  # as they were when last listed

    def start(self, spec: ProcessSpec) -> Process:
        with self._created(spec) as container_id:
            self._start(container_id, spec)
            return self._started(container_id)

    def open(self, spec: ProcessSpec) -> tuple[Process, Session]:
        with self._created(spec) as container_id:
            session = DockerSession(self._client, container_id, tty=spec.tty)
            try:
                self._start(container_id, spec)
                return self._started(container_id), session
            except BaseException:
                session.close()
                raise

    def list(self, app_id: str | None = None) -> Sequence[Process]:
        with engine_errors("listing processes"):
            found = self._client.api.containers(all=True, filters={"label": self._labels(app_id)})
        ours = [c for c in found if c["Labels"].get("paas.kind") in _KINDS]
        there = [p for p in (self._unchanged(c) or self.get(c["Id"]) for c in ours) if p is not None]
        others = {} if app_id is None else {i: p for i, p in self._listed.items() if p.app_id != app_id}
        self._listed = others | {p.id: p for p in there}
        return sorted(there, key=lambda p: (p.created_at, p.id))

    def get(self, process_id: str) -> Process | None:
        info = self._inspect(process_id)
        return None if info is None else process_from(info)

    def wait(self, process_id: str, timeout: float) -> int | None:
        with engine_errors("waiting for a process"):
            try:
                seconds: Any = max(timeout, 0.01)  # requests refuses 0; the SDK's stubs know only int
                return int(self._client.api.wait(process_id, timeout=seconds)["StatusCode"])
            except docker.errors.NotFound as exc:
                raise NotFound("process", process_id) from exc
            except requests.exceptions.RequestException as exc:
                if _timed_out(exc):
                    return None
                raise

    def stop(self, process_id: str, grace: float, *, remove: bool = True) -> int | None:
        if self.get(process_id) is None:
            return None
        with engine_errors("stopping a process"), suppress(docker.errors.NotFound):
            self._client.api.stop(process_id, timeout=math.ceil(grace))
        ended = self.get(process_id)
        if remove:
            with engine_errors("removing a process"):
                self._remove(process_id)
        return ended.exit_code if ended else None

    def output(
        self, process_id: str, *, tail: int | None = None, since: datetime | None = None, follow: bool = False
    ) -> Iterator[OutputLine]:
        info = self._inspect(process_id)
        if info is None:
            return
        output = DockerOutput(self._client, info["Id"], tty=info["Config"]["Tty"])
        with engine_errors("reading a process's output"):
            yield from output.follow(tail, since) if follow else output.lines(tail, since)

    def events(self) -> Iterator[EngineEvent]:
        filters = {"type": ["container"], "event": ["start", "die", "oom"], "label": self._labels(None)}
        with engine_errors("listening to the engine"):
            stream = self._client.api.events(decode=True, filters=filters)
        return self._events(stream)  # apart, so that events count from the call on and not from the first next()

    def forget(self, app_id: str) -> None:
        with engine_errors(f"removing app {app_id}"):
            for container in self._client.api.containers(all=True, quiet=True, filters={"label": self._labels(app_id)}):
                self._remove(container["Id"])
            self._networks.remove(app_id)

    @contextmanager
    def _created(self, spec: ProcessSpec) -> Iterator[str]:
        """A container of the spec; removed again if the block fails. What fails comes out as `NotReady` or `EngineUnavailable`."""
        with engine_errors(f"starting {spec.type}.{spec.index}"):
            container_id = self._create(spec)
            try:
                yield container_id
            except BaseException:
                with suppress(*VENDOR_ERRORS):
                    self._remove(container_id)
                raise

    def _create(self, spec: ProcessSpec) -> str:
        config = container_config(spec, self._settings, self._networks.ensure(spec.app_id))
        # The name is for people who look at `docker ps`; we never look for it.
        name = f"{self._settings.name}.{spec.app_name}.{spec.type}.{spec.index}.{secrets.token_hex(4)}"
        try:
            created = self._client.api.create_container_from_config(config, name)  # type: ignore[no-untyped-call]
        except docker.errors.ImageNotFound as exc:
            raise _refused(spec, exc) from exc
        return str(created["Id"])

    def _start(self, container_id: str, spec: ProcessSpec) -> None:
        try:
            self._client.api.start(container_id)
        except docker.errors.APIError as exc:
            if _network_is_gone(exc):
                self._networks.lost(spec.app_id)
            # The runtime could not make a process of it. It says so with 400 or 500, depending on what it dislikes.
            elif "OCI runtime" in explanation(exc):
                raise _refused(spec, exc) from exc
            raise

    def _started(self, container_id: str) -> Process:
        process = self.get(container_id)
        if process is None:
            raise EngineUnavailable("the container was removed while it started")
        return process

    def _inspect(self, process_id: str) -> dict[str, Any] | None:
        """None also for containers that are not this instance's: we touch nobody else's."""
        with engine_errors("looking at a process"):
            try:
                info = self._client.api.inspect_container(process_id)
            except docker.errors.NotFound:
                return None
        labels = info["Config"]["Labels"] or {}
        ours = labels.get("paas.instance") == self._settings.name and labels.get("paas.kind") in _KINDS
        return info if ours else None

    def _unchanged(self, summary: dict[str, Any]) -> Process | None:
        """The process as listed before, if it is still so. Spares the millisecond of looking at it: a listing lacks times
        and exit codes, but those of a container stay what they are, because we start none twice.
        """
        known = self._listed.get(summary["Id"])
        now = summary["State"] == "running", _address(summary)
        return known if known and (known.running, known.address) == now else None

    def _remove(self, container_id: str) -> None:
        """Returns when it is gone."""
        try:
            self._client.api.remove_container(container_id, force=True, v=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as exc:
            if status(exc) != 409:
                raise
            with suppress(docker.errors.NotFound):  # somebody else is at it
                self._client.api.wait(container_id, timeout=_REMOVAL, condition="removed")

    def _labels(self, app_id: str | None) -> Sequence[str]:
        instance = f"paas.instance={self._settings.name}"
        return [instance] if app_id is None else [instance, f"paas.app={app_id}"]

    def _events(self, stream: Any) -> Iterator[EngineEvent]:
        try:
            with engine_errors("listening to the engine"):
                for event in stream:
                    if (ours := event_from(event)) is not None:
                        yield ours
        finally:
            stream.close()
        raise EngineUnavailable("the engine ended its stream of events")


def container_config(spec: ProcessSpec, settings: Settings, network: str) -> dict[str, Any]:
    """The body of `POST /containers/create` (Engine API) for one process, in the app's network."""
    return {
        "Image": spec.image,
        "Entrypoint": list(spec.entrypoint),
        "Cmd": list(spec.args),
        # Heroku sends SIGTERM to all processes of a dyno; Docker's init does so only when told to. Without it a shell
        # in front (`a && b`) would take the signal and the server behind it would never hear of it.
        "Env": [f"{k}={v}" for k, v in sorted({**spec.env, "TINI_KILL_PROCESS_GROUP": "1"}.items())],
        "User": "1000:1000",
        "Tty": spec.tty,
        "OpenStdin": spec.stdin,
        "StdinOnce": spec.stdin,
        "AttachStdin": spec.stdin,
        "StopSignal": "SIGTERM",
        "Healthcheck": {"Test": ["NONE"]},  # the platform checks; an image's own check would only cost
        "Labels": {
            "paas.instance": settings.name,
            "paas.app": spec.app_id,
            "paas.app-name": spec.app_name,
            "paas.kind": spec.kind.value,
            "paas.type": spec.type,
            "paas.index": str(spec.index),
            "paas.release": str(spec.release),
            "paas.crashes": str(spec.crashes),
            "paas.restart": str(spec.restart),
            "paas.command": spec.command,
        },
        "HostConfig": {
            "NetworkMode": network,
            "Init": True,  # reaps, and passes signals on
            "RestartPolicy": {"Name": "no"},  # converge restarts: it knows the backoff, the release and the route
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],  # seccomp stays the engine's default profile
            "Memory": spec.limits.memory,
            "MemorySwap": spec.limits.memory,  # the sum of both: no swap
            "NanoCpus": round(spec.limits.cpus * 1e9),
            "PidsLimit": spec.limits.pids,
            "OomScoreAdj": 500,  # when the machine itself runs out of memory, an app goes before the platform
            "IpcMode": "private",
            "ShmSize": 64 * MiB,
            "Ulimits": [
                {"Name": "nofile", "Soft": 10_000, "Hard": 10_000},
                {"Name": "core", "Soft": 0, "Hard": 0},
            ],
            # Not the driver `local`, which loses the newline of lines over 16 KiB.
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
        },
    }


def process_from(info: dict[str, Any]) -> Process:
    """A process from the answer of `GET /containers/{id}/json` (Engine API)."""
    labels, state = info["Config"]["Labels"], info["State"]
    started_at = _time(state["StartedAt"])
    running = bool(state["Running"])
    return Process(
        id=info["Id"],
        app_id=labels["paas.app"],
        kind=Kind(labels["paas.kind"]),
        type=labels["paas.type"],
        index=int(labels["paas.index"]),
        release=int(labels["paas.release"]),
        running=running,
        created_at=datetime.fromisoformat(info["Created"]),
        started_at=started_at,
        finished_at=None if running else _time(state["FinishedAt"]),
        exit_code=None if running or started_at is None else int(state["ExitCode"]),
        out_of_memory=bool(state["OOMKilled"]),
        address=_address(info) if running else None,
        crashes=int(labels["paas.crashes"]),
        command=labels["paas.command"],
        restart=int(labels["paas.restart"]),
    )


def event_from(event: dict[str, Any]) -> EngineEvent | None:
    """An event from the stream of `GET /events` (Engine API); None if it is not of a process."""
    attributes = event["Actor"]["Attributes"]
    if attributes.get("paas.kind") not in _KINDS:
        return None
    return EngineEvent(
        action=event["Action"],
        process_id=event["Actor"]["ID"],
        app_id=attributes["paas.app"],
        at=datetime.fromtimestamp(event["timeNano"] / 1e9, UTC),
        exit_code=int(attributes["exitCode"]) if "exitCode" in attributes else None,
        attributes=attributes,
    )


def _address(container: dict[str, Any]) -> str | None:
    networks = container["NetworkSettings"]["Networks"] or {}
    return next((n["IPAddress"] for n in networks.values() if n["IPAddress"]), None)


def _time(text: str) -> datetime | None:
    """The engine writes the year 1 for "never"."""
    at = datetime.fromisoformat(text)
    return None if at.year == 1 else at


def _refused(spec: ProcessSpec, error: docker.errors.APIError) -> NotReady:
    return NotReady(f"{spec.type}.{spec.index}", "failed to start", explanation(error), ())


def _network_is_gone(error: docker.errors.APIError) -> bool:
    return status(error) == 404 and "network" in explanation(error)


def _timed_out(error: requests.exceptions.RequestException) -> bool:
    """The SDK reads the answer's body itself, so a read timeout comes out as a broken connection."""
    causes = (error, *error.args)
    return any(isinstance(c, requests.exceptions.ReadTimeout | urllib3.exceptions.ReadTimeoutError) for c in causes)
