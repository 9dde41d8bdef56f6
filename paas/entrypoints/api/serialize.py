"""Domain → the JSON of Heroku's Platform API (its schema names every key). Pure: whoever calls looks things up.

What has no id of its own here gets one that is always the same, made from what it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from paas.config import Settings
from paas.domain.app import App
from paas.domain.build import Build, BuildStatus
from paas.domain.formation import ProcessType
from paas.domain.process import Process, ProcessState
from paas.domain.release import Release, ReleaseStatus
from paas.domain.user import Token, User

Json = dict[str, Any]

SIZE = "Standard-1X"  # Heroku's name for 512 MB; there is one size here
REGION = "us"  # clients mark apps of every other region in their lists

_STATES = {
    ProcessState.STARTING: "starting",
    ProcessState.UP: "up",
    ProcessState.CRASHED: "crashed",
    ProcessState.STOPPING: "down",
}
_BUILD_STATUS = {
    BuildStatus.PENDING: "pending",
    BuildStatus.RUNNING: "pending",
    BuildStatus.SUCCEEDED: "succeeded",
    BuildStatus.FAILED: "failed",
    BuildStatus.CANCELLED: "failed",
}  # fmt: skip


def time(at: datetime | None) -> str | None:
    """`2012-01-01T12:00:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def fixed_id(*parts: str) -> str:
    """A UUID for something without one: the same for the same parts (RFC 9562, version 5)."""
    return str(uuid5(NAMESPACE_DNS, "/".join(parts)))


def account(user: User) -> Json:
    return {
        "allow_tracking": False,
        "beta": False,
        "country_of_residence": None,
        "created_at": time(user.created_at),
        "default_organization": None,
        "default_team": None,
        "delinquent_at": None,
        "email": user.email,
        "federated": False,
        "id": user.id,
        "identity_provider": None,
        "last_login": None,
        "name": None,
        "sms_number": None,
        "suspended_at": None,
        "two_factor_authentication": False,
        "updated_at": time(user.created_at),
        "verified": True,
    }


def user(someone: User) -> Json:
    """Our own: what an administrator sees of a user."""
    return {
        "id": someone.id,
        "email": someone.email,
        "admin": someone.is_admin,
        "one_time_password": someone.must_change_password,
        "created_at": time(someone.created_at),
    }


def app(it: App, owner: User | None, live: Release | None, settings: Settings) -> Json:
    """`live` is the release that runs, if any code does."""
    return {
        "acm": False,
        "archived_at": None,
        "build_stack": stack_ref(it.stack),
        "buildpack_provided_description": None,
        "create_status": "complete",
        "created_at": time(it.created_at),
        "generation": {"id": fixed_id("generation", "cedar"), "name": "cedar"},
        "git_url": settings.git_url(it.name),
        "id": it.id,
        "internal_routing": None,
        "maintenance": it.maintenance,
        "name": it.name,
        "organization": None,
        "owner": _actor(owner, it.owner_id),
        "process_tier": "production",
        "region": {"id": fixed_id("region", REGION), "name": REGION},
        "released_at": time(live.created_at) if live else None,
        "repo_size": None,
        "slug_size": live.slug.size if live and live.slug else None,
        "space": None,
        "stack": stack_ref(it.stack),
        "team": None,
        "updated_at": time(it.updated_at),
        "web_url": settings.url(it.name) + "/",
    }


def app_ref(it: App) -> Json:
    return {"id": it.id, "name": it.name}


def collaborator(it: App, owner: User) -> Json:
    return {
        "app": app_ref(it),
        "created_at": time(it.created_at),
        "id": fixed_id("collaborator", it.id, owner.id),
        "permissions": [{"name": name, "description": what} for name, what in _PERMISSIONS],
        "role": "owner",
        "updated_at": time(it.updated_at),
        "user": {"email": owner.email, "federated": False, "id": owner.id},
    }


_PERMISSIONS = (
    ("deploy", "Can deploy and see everything of the app"),
    ("manage", "Can destroy and rename the app"),
    ("operate", "Can change config vars, formation and domains"),
    ("view", "Can see the app"),
)


def formation(it: App, process_type: ProcessType, quantity: int) -> Json:
    return {
        "app": app_ref(it),
        "command": process_type.command,
        "created_at": time(it.created_at),
        "dyno_size": {"id": fixed_id("dyno-size", SIZE), "name": SIZE},
        "id": fixed_id("formation", it.id, process_type.name),
        "quantity": quantity,
        "size": SIZE,
        "type": process_type.name,
        "updated_at": time(it.updated_at),
    }


def dyno(
    it: App,
    process: Process,
    state: ProcessState,
    since: datetime,
    release_id: str | None,
    attach_url: str | None = None,
) -> Json:
    return {
        "app": app_ref(it),
        "attach_url": attach_url,
        "command": process.command,
        "created_at": time(process.created_at),
        "id": dyno_id(process),
        "name": process.name,
        "release": {"id": release_id, "version": process.release},
        "size": SIZE,
        "state": _STATES[state],
        "type": process.type,
        "updated_at": time(since),
    }


def dyno_id(process: Process) -> str:
    """A UUID from the first half of the container's id; a made-up one for a run that waits for its client."""
    return str(UUID(process.id[:32])) if process.id else fixed_id("dyno", process.app_id, process.name)


def release(it: App, made: Release, maker: User | None, *, is_current: bool, output_stream_url: str | None) -> Json:
    return {
        "addon_plan_names": [],
        "app": app_ref(it),
        "artifacts": [],
        "created_at": time(made.created_at),
        "current": is_current,
        "description": made.description,
        "eligible_for_rollback": made.status is ReleaseStatus.SUCCEEDED and made.slug is not None,
        "id": made.id,
        "output_stream_url": output_stream_url,
        "slug": {"id": slug_id(made.slug.image)} if made.slug else None,
        "status": made.status.value,
        "updated_at": time(made.created_at),
        "user": _actor(maker, made.user_id),
        "version": made.version,
    }


def slug_id(image: str) -> str:
    return fixed_id("slug", image)


def build(it: App, made: Build, maker: User | None, *, source_url: str, output_stream_url: str) -> Json:
    return {
        "app": {"id": it.id},
        "buildpacks": [{"name": name, "url": f"urn:{name.replace(' ', '@')}"} for name in made.buildpacks],
        "created_at": time(made.created_at),
        "generation": "cedar",
        "id": made.id,
        "output_stream_url": output_stream_url,
        "release": {"id": made.release_id} if made.release_id else None,
        "slug": {"id": slug_id(made.image)} if made.image else None,
        "source_blob": {
            "checksum": None,
            "url": source_url,
            "version": made.source_version or None,
            "version_description": made.source_description or None,
        },
        "stack": it.stack,
        "status": _BUILD_STATUS[made.status],
        "updated_at": time(made.ended_at or made.started_at or made.created_at),
        "user": _actor(maker, made.user_id),
    }


def domain(it: App, hostname: str, settings: Settings, *, is_own: bool) -> Json:
    """`is_own`: the app's by its name, as against one that was added."""
    own = f"{it.name}.{settings.domain}"
    return {
        "acm_status": None,
        "acm_status_reason": None,
        "app": app_ref(it),
        "cname": None if is_own else own,
        "created_at": time(it.created_at),
        "hostname": hostname,
        "id": fixed_id("domain", it.id, hostname),
        "kind": "heroku" if is_own else "custom",
        "sni_endpoint": None,
        "status": "succeeded" if is_own else "none",
        "updated_at": time(it.updated_at),
    }


def authorization(token: Token, owner: User, secret: str | None = None) -> Json:
    """The secret is told once, when the token is made; later only that there is one."""
    return {
        "access_token": {"expires_in": None, "id": token.id, "token": secret or "paas-**********"},
        "client": None,
        "created_at": time(token.created_at),
        "description": token.description,
        "grant": None,
        "id": token.id,
        "refresh_token": None,
        "scope": ["global"],
        "session": None,
        "updated_at": time(token.last_used_at or token.created_at),
        "user": {"email": owner.email, "full_name": None, "id": owner.id},
    }


def stack_ref(name: str) -> Json:
    return {"id": fixed_id("stack", name), "name": name}


def log_session(session_id: str, url: str, at: datetime) -> Mapping[str, Any]:
    return {"created_at": time(at), "id": session_id, "logplex_url": url, "updated_at": time(at)}


def _actor(someone: User | None, user_id: str) -> Json:
    """Whoever did it; users can be removed, what they did stays."""
    return {"email": someone.email if someone else "", "id": user_id}
