"""Settings: one frozen dataclass, filled once from defaults < the instance's settings.json < PAAS_* variables < flags.

The only module that reads the environment. README.md's table of settings is printed from here (`bin/paas settings`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from paas.errors import Invalid

MiB = 1024 * 1024
GiB = 1024 * MiB


def _setting(default: Any, why: str) -> Any:
    """A field with the sentence that the README shows for it."""
    return field(default=default, metadata={"why": why})


@dataclass(frozen=True)
class Settings:
    """One instance of the platform. Sizes in bytes, times in seconds. `PAAS_` + upper-case name sets each."""

    name: str = _setting("paas", "the instance's name: several live side by side, each label carries it")
    data_dir: Path = _setting(Path("/var/lib/paas"), "everything the instance keeps; /var/lib/NAME for other names")
    domain: str = _setting("localhost", "apps answer on APP.DOMAIN, the console on console.DOMAIN")
    http_port: int = _setting(8080, "where HTTP listens")
    https_port: int = _setting(8443, "where HTTPS listens")
    admin_email: str = _setting("admin@localhost.localdomain", "the first admin's login")
    database_url: str = _setting("", "the store; empty: SQLite in the data directory")
    docker_host: str = _setting("unix:///var/run/docker.sock", "the Docker Engine")
    subnet_pool: str = _setting("10.208.0.0/12", "apps' networks are cut from it, a /23 each")

    build_concurrency: int = _setting(2, "how many builds run at once")
    build_timeout: int = _setting(900, "how long a build may take")
    build_memory: int = _setting(2 * GiB, "memory of a build container")
    build_cpus: float = _setting(2.0, "processors of a build container")
    build_pids: int = _setting(1024, "processes in a build container")
    max_source: int = _setting(1 * GiB, "largest source tree, unpacked")
    max_image: int = _setting(4 * GiB, "most that a build may add to the run image")
    min_free_disk: int = _setting(1 * GiB, "with less free space than this no build starts")
    allow_private_sources: int = _setting(
        0, "1: tarballs for builds may be fetched from private and loopback addresses"
    )
    ca_bundle: str = _setting(
        "/etc/ssl/certs/ca-certificates.crt", "CA certificates that builds trust; skipped if missing"
    )

    process_memory: int = _setting(512 * MiB, "memory of an app's process")
    process_cpus: float = _setting(1.0, "processors of an app's process")
    process_pids: int = _setting(256, "processes and threads in an app's container")
    boot_timeout: int = _setting(60, "how long a web process may take to answer on PORT")
    drain_timeout: int = _setting(30, "how long requests in flight may take before an old process is stopped")
    stop_grace: int = _setting(30, "between SIGTERM and SIGKILL")
    release_timeout: int = _setting(3600, "how long a release command may take")
    request_timeout: int = _setting(30, "how long an app may take to the first byte of a response (then H12)")
    timings: int = _setting(0, "1: each push ends with a table of where its time went")
    keep_releases: int = _setting(10, "images of how many releases are kept for rollback")
    api_rate_limit: int = _setting(4500, "API requests that one account may make in an hour; 0: any number")

    # --- derived paths -----------------------------------------------------------------------------------------

    @property
    def repos_dir(self) -> Path:
        return self.data_dir / "repos"

    @property
    def builds_dir(self) -> Path:
        return self.data_dir / "builds"

    @property
    def layers_dir(self) -> Path:
        """The content-addressed layer store (`<diff id>.tar`)."""
        return self.data_dir / "layers"

    @property
    def caches_dir(self) -> Path:
        """Per app: what buildpacks cache between builds."""
        return self.data_dir / "caches"

    @property
    def leases_dir(self) -> Path:
        return self.data_dir / "leases"

    @property
    def router_dir(self) -> Path:
        """HAProxy's configuration, maps, pages and certificates: derived, can be thrown away."""
        return self.data_dir / "router"

    @property
    def tls_dir(self) -> Path:
        return self.data_dir / "tls"

    @property
    def ca_file(self) -> Path:
        return self.tls_dir / "ca.pem"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def run_dir(self) -> Path:
        """Sockets and pid files. Unix socket paths have at most 107 bytes, so keep data_dir short."""
        return self.data_dir / "run"

    @property
    def web_socket(self) -> Path:
        return self.run_dir / "web.sock"

    @property
    def redis_socket(self) -> Path:
        return self.run_dir / "redis.sock"

    @property
    def router_socket(self) -> Path:
        """HAProxy's runtime API."""
        return self.run_dir / "haproxy.sock"

    @property
    def router_log_socket(self) -> Path:
        """Where HAProxy sends its request lines (datagrams, syslog format)."""
        return self.run_dir / "router-log.sock"

    @property
    def key_file(self) -> Path:
        """The instance's secret key: signs sessions and stream URLs, encrypts config vars."""
        return self.data_dir / "secret.key"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'store.db'}"

    # --- addresses ---------------------------------------------------------------------------------------------

    def url(self, host: str = "", *, https: bool = False) -> str:
        """`http://host.domain:port`, without the port where it is the scheme's own. No trailing slash."""
        scheme, port, own = ("https", self.https_port, 443) if https else ("http", self.http_port, 80)
        name = f"{host}.{self.domain}" if host else self.domain
        return f"{scheme}://{name}" if port == own else f"{scheme}://{name}:{port}"

    def git_url(self, app: str) -> str:
        return f"{self.url('git')}/{app}.git"

    def save(self) -> None:
        """Writes settings.json atomically, so that every later process of the instance sees the same."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["data_dir"] = str(self.data_dir)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        target = self.data_dir / "settings.json"
        beside = target.with_suffix(".new")
        beside.unlink(missing_ok=True)
        beside.touch(0o600)  # a database's URL may hold a password
        beside.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
        beside.replace(target)


def load(flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of the instance named by flags, PAAS_NAME or PAAS_DATA_DIR. Raises `Invalid`, naming the variable."""
    environ = os.environ if environ is None else environ
    given = {k: v for k, v in (flags or {}).items() if v is not None}
    names = {f.name for f in fields(Settings)}
    from_environ = {n: environ[f"PAAS_{n.upper()}"] for n in names if environ.get(f"PAAS_{n.upper()}", "") != ""}

    instance = str(given.get("name", from_environ.get("name", "")))
    data_dir = Path(str(given.get("data_dir", from_environ.get("data_dir", f"/var/lib/{instance or 'paas'}"))))
    stored = _read_stored(data_dir / "settings.json")
    merged: dict[str, Any] = {**stored, **from_environ, **given, "data_dir": data_dir.absolute()}
    values = {f.name: _cast(f.name, merged[f.name], f.default) for f in fields(Settings) if f.name in merged}
    return Settings(**values)


def table() -> list[tuple[str, str, str]]:
    """(variable, default, why) of every setting, for the README and `bin/paas settings`."""
    return [
        (f"PAAS_{f.name.upper()}", str(f.default), f.metadata["why"])
        for f in fields(Settings)
        if f.default is not MISSING
    ]


def passthrough(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The host's proxy and package-index settings, to be handed on to builds (BUILDPACKS: network)."""
    environ = os.environ if environ is None else environ
    wanted = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL",
              "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "npm_config_registry", "NPM_CONFIG_REGISTRY", "GOPROXY", "GOSUMDB")  # fmt: skip
    return {name: environ[name] for name in wanted if environ.get(name)}


def client(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the command line may be told by variables: where to and as whom (PAAS_URL …), which app, which instance here."""
    environ = os.environ if environ is None else environ
    return {
        n: environ[n]
        for n in (
            "PAAS_URL",
            "PAAS_TOKEN",
            "PAAS_APP",
            "PAAS_CA_FILE",
            "PAAS_NAME",
            "PAAS_DATA_DIR",
            "HOME",
            "NO_COLOR",
            "XDG_CONFIG_HOME",
            "TERM",
        )
        if n in environ
    }


def _read_stored(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except ValueError as exc:
        raise Invalid(
            str(path), "", f"is not valid JSON ({exc}); remove it and run bin/up with your flags again"
        ) from exc
    names = {f.name for f in fields(Settings)}
    return {k: v for k, v in stored.items() if k in names}


def _cast(name: str, value: Any, default: Any) -> Any:
    variable = f"PAAS_{name.upper()}"
    if isinstance(default, Path):
        return Path(value)
    if isinstance(default, int | float):
        try:
            number = type(default)(value)
        except (TypeError, ValueError) as exc:
            raise Invalid(variable, str(value), "must be a number") from exc
        if number < 0:
            raise Invalid(variable, str(value), "must not be negative")
        return number
    return str(value)
