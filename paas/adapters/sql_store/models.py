"""The tables. Core only, no ORM: rows become the domain's frozen dataclasses in the module of each part."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Instant(TypeDecorator[datetime]):
    """Aware datetimes in UTC, on databases that keep the zone and on those that don't (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


class Prose(TypeDecorator[str]):
    """Text that strangers wrote (commit subjects, what a release command printed).

    What PostgreSQL (NUL) or UTF-8 (lone surrogates) can't hold is replaced: odd output must not keep a release from
    being finished.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return value and value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _column(name: str, type_: Any, *args: Any, nullable: bool = False, **options: Any) -> Column[Any]:
    return Column(name, type_, *args, nullable=nullable, **options)


def _id(name: str = "id", *args: Any, **options: Any) -> Column[Any]:
    """A UUID as text: what the API shows."""
    return _column(name, String(36), *args, **options)


def _app_id(**options: Any) -> Column[Any]:
    return _id("app_id", ForeignKey("apps.id", ondelete="CASCADE"), **options)


def _sequence() -> Column[Any]:
    """The order of insertion: clocks step back, and two rows can share a microsecond."""
    return _column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

users = Table(
    "users",
    metadata,
    _id(primary_key=True),
    _column("email", String(254), unique=True),
    _column("is_admin", Boolean),
    _column("password_hash", Text),
    _column("created_at", Instant),
    _column("must_change_password", Boolean),
)

tokens = Table(
    "tokens",
    metadata,
    _id(primary_key=True),
    _id("user_id", ForeignKey("users.id", ondelete="CASCADE"), index=True),
    _column("digest", String(64), unique=True),
    _column("description", Prose),
    _column("created_at", Instant),
    _column("last_used_at", Instant, nullable=True),
)

apps = Table(
    "apps",
    metadata,
    _id(primary_key=True),
    _column("name", String(30), unique=True),
    _id("owner_id", ForeignKey("users.id"), index=True),
    _column("created_at", Instant),
    _column("updated_at", Instant),
    _column("maintenance", Boolean),
    _column("stack", String(30)),
    _column("generation", BigInteger),
)

restarts = Table(
    "restarts",
    metadata,
    _app_id(primary_key=True),
    _column("scope", String(64), primary_key=True),  # "", "web" or "web.1"
    _column("mark", BigInteger),
)

# `user_id` here and below is no foreign key: who did it is told also when the user has gone.
releases = Table(
    "releases",
    metadata,
    _sequence(),
    _id(unique=True),
    _app_id(),
    _column("version", Integer),
    _column("status", String(10)),
    _column("description", Prose),
    _id("user_id"),
    _column("created_at", Instant),
    _column("config", LargeBinary),  # sealed, see secrets.py; the newest release's is the app's current one
    _column("slug", JSON(none_as_null=True), nullable=True),
    _id("build_id"),  # or empty
    _column("follows_slug", Boolean),  # made by a config change: runs whatever image is current when its turn comes
    _column("output", Prose),
    UniqueConstraint("app_id", "version"),
    Index("ix_releases_app_id_status_version", "app_id", "status", "version"),
    Index("ix_releases_status_seq", "status", "seq"),
)

formations = Table(
    "formations",
    metadata,
    _app_id(primary_key=True),
    _column("type", String(30), primary_key=True),
    _column("quantity", Integer),
)

builds = Table(
    "builds",
    metadata,
    _sequence(),
    _id(unique=True),
    _app_id(),
    _id("user_id"),
    _column("status", String(10)),
    _column("created_at", Instant),
    _column("source_version", Prose),
    _column("source_description", Prose),
    _column("source_url", Prose),
    _column("attempt", Integer),
    _column("started_at", Instant, nullable=True),
    _column("ended_at", Instant, nullable=True),
    _id("release_id", nullable=True),
    _column("image", Text, nullable=True),
    _column("failure", Prose),
    _column("buildpacks", JSON),
    Index("ix_builds_app_id_seq", "app_id", "seq"),
    Index("ix_builds_status_seq", "status", "seq"),  # a partial one would make SQLAlchemy import PostgreSQL's dialect
)

domains = Table(
    "domains",
    metadata,
    _column("hostname", String(253), primary_key=True),
    _app_id(index=True),
    _column("created_at", Instant),
)

# No foreign keys: the trail outlives what it tells of.
events = Table(
    "events",
    metadata,
    _sequence(),
    _column("at", Instant),
    _id("user_id", nullable=True),
    _id("app_id", nullable=True),
    _column("action", String(64)),
    _column("detail", Prose),
    Index("ix_events_app_id_seq", "app_id", "seq"),
)
