"""Docker's SDK: one low-level client per operating-system process, made when first used; its errors become ours."""

from __future__ import annotations

import os
import socket
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors
import urllib3.exceptions
from docker import APIClient

from paas.errors import EngineUnavailable

# requests' errors are OSErrors, and so is a socket that is missing or refuses.
VENDOR_ERRORS = (
    docker.errors.DockerException,
    docker.errors.StreamParseError,
    urllib3.exceptions.HTTPError,
    OSError,
)

# The engine would keep back ctrl-p (the shell's "previous command") until the next key, because ctrl-p ctrl-q detaches.
# This byte never occurs in UTF-8, so with it nothing is kept back and nobody detaches by accident.
_DETACH_NEVER = b"\xff,\xff"


_open: weakref.WeakSet[DockerClient] = weakref.WeakSet()


def _reset_all() -> None:
    for one in list(_open):
        one._reset()


os.register_at_fork(after_in_child=_reset_all)


class DockerClient:
    """Hands out the client. Threads share it (its connection pool is thread-safe); a forked child makes its own,
    because two processes must not read from the same sockets.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._api: APIClient | None = None
        _open.add(self)

    @property
    def api(self) -> APIClient:
        """The client, with the newest API version that both sides speak. Raises the SDK's errors: see `engine_errors`."""
        if self._api is None:  # two threads may both get here: one client is dropped, no harm done
            # The pool never blocks; its size is how many idle connections it keeps.
            self._api = APIClient(base_url=self._host, version="auto", max_pool_size=16)
        return self._api

    def url(self, path: str) -> str:
        """The address of an endpoint, for the few calls where the SDK's own method won't do."""
        return f"{self.api.base_url}/v{self.api.api_version}{path}"

    def attach(self, container_id: str) -> socket.socket:
        """A blocking socket to the container's standard streams, which need not run yet. Raises the SDK's errors.

        Not the SDK's attach_socket(): that gives a file which can't be written to, on a socket that nobody closes.
        """
        params: dict[str, int | bytes] = {
            "stream": 1,
            "stdin": 1,
            "stdout": 1,
            "stderr": 1,
            "detachKeys": _DETACH_NEVER,
        }
        headers = {"Connection": "Upgrade", "Upgrade": "tcp"}
        url = self.url(f"/containers/{container_id}/attach")
        with self.api.post(url, params=params, headers=headers, stream=True, timeout=self.api.timeout) as response:
            response.raise_for_status()
            attached = socket.socket(fileno=os.dup(response.raw.fileno()))
        attached.setblocking(True)
        return attached

    def _reset(self) -> None:
        self._api = None


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turns every error of the SDK and of what it is made of into `EngineUnavailable`."""
    try:
        yield
    except VENDOR_ERRORS as exc:
        raise EngineUnavailable(f"{doing}: {explanation(exc)}") from exc


def status(error: BaseException) -> int | None:
    """The HTTP status the engine answered with; None if the error is something else."""
    if isinstance(error, docker.errors.APIError):
        return error.status_code
    return None


def explanation(error: BaseException) -> str:
    """The engine's own words for what it refused, without the request's address around them."""
    return str(getattr(error, "explanation", None) or error)
