"""What programs of buildpacks find in their environment (Buildpack API, *Environment Variables*; Platform API, *Build*)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paas.lifecycle.build import LAYERS
from paas.lifecycle.descriptor import Buildpack, Target
from paas.lifecycle.environment import INHERITED, Change, apply, operator_changes, user_changes
from paas.lifecycle.layer_tar import EPOCH
from paas.lifecycle.workspace import CA_BUNDLE, PLATFORM

HOME = "/tmp/home"  # noqa: S108  (in the build container: what tools leave in their home must not end up in the app)

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Each of these is the only one that some tool heeds: pip, requests, OpenSSL, curl, git, Node.js.
_CA_VARIABLES = (
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
)


@dataclass(frozen=True)
class BuildEnvironment:
    """Makes the environment of each program. `image` is the build image's own, `user` the app's config vars."""

    image: Mapping[str, str]
    user: Mapping[str, str]
    operator: Mapping[str, str]
    target: Target
    stack: str
    exec_env: str

    def for_detect(self, buildpack: Buildpack, plan: str) -> dict[str, str]:
        return self._make(buildpack, (), {"CNB_BUILD_PLAN_PATH": plan})

    def for_build(self, buildpack: Buildpack, plan: str, changes: Sequence[Change]) -> dict[str, str]:
        """`changes` are those of the layers that buildpacks before this one made for the build."""
        return self._make(
            buildpack, changes, {"CNB_BP_PLAN_PATH": plan, "CNB_LAYERS_DIR": f"{LAYERS}/{buildpack.folder}"}
        )

    def _make(self, buildpack: Buildpack, changes: Sequence[Change], paths: Mapping[str, str]) -> dict[str, str]:
        env = {"PATH": _DEFAULT_PATH} | {name: value for name, value in self.image.items() if name in INHERITED}
        env |= {"HOME": HOME, "HOSTNAME": "build"}
        env = apply(changes, env)
        if not buildpack.clear_env:
            env = apply(user_changes(self.user), env)
        env = apply(operator_changes(self.operator), env)
        env |= {"CNB_BUILDPACK_DIR": buildpack.path, "CNB_EXEC_ENV": self.exec_env}
        if buildpack.speaks("0.8"):
            env |= {"CNB_PLATFORM_DIR": PLATFORM, **paths}
        if not buildpack.speaks("0.10"):
            env["CNB_STACK_ID"] = self.stack
        distro, version = self.target.distros[0] if self.target.distros else ("", "")
        return env | {
            "CNB_TARGET_OS": self.target.os,
            "CNB_TARGET_ARCH": self.target.arch,
            "CNB_TARGET_ARCH_VARIANT": self.target.variant,
            "CNB_TARGET_DISTRO_NAME": distro,
            "CNB_TARGET_DISTRO_VERSION": version,
        }


def operator_env(passed_on: Mapping[str, str], commit: str, *, has_ca_bundle: bool) -> dict[str, str]:
    """What the platform tells every build: proxies and package indexes of the host, its certificates, and a time that makes
    what tools write the same each time (<https://reproducible-builds.org/specs/source-date-epoch/>; pip heeds it, too)."""
    certificates = dict.fromkeys(_CA_VARIABLES, CA_BUNDLE) if has_ca_bundle else {}
    # SOURCE_VERSION is Heroku's (article "Buildpack API").
    return {**passed_on, **certificates, "SOURCE_DATE_EPOCH": str(EPOCH), "SOURCE_VERSION": commit}
