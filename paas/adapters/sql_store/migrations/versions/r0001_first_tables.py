"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _people()
    _apps()
    _releases()
    _builds()
    op.create_table(
        "events",
        _sequence(),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.String(36)),
        sa.Column("app_id", sa.String(36)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    op.create_index("ix_events_app_id_seq", "events", ["app_id", "seq"])


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("must_change_password", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id", ondelete="CASCADE"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])


def _apps() -> None:
    op.create_table(
        "apps",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("maintenance", sa.Boolean, nullable=False),
        sa.Column("stack", sa.String(30), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_apps"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_apps_owner_id"),
        sa.UniqueConstraint("name", name="uq_apps_name"),
    )
    op.create_index("ix_apps_owner_id", "apps", ["owner_id"])
    op.create_table(
        "restarts",
        sa.Column("app_id", sa.String(36), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("mark", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("app_id", "scope", name="pk_restarts"),
        _belongs_to_app("restarts"),
    )
    op.create_table(
        "formations",
        sa.Column("app_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(30), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("app_id", "type", name="pk_formations"),
        _belongs_to_app("formations"),
    )
    op.create_table(
        "domains",
        sa.Column("hostname", sa.String(253), nullable=False),
        sa.Column("app_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hostname", name="pk_domains"),
        _belongs_to_app("domains"),
    )
    op.create_index("ix_domains_app_id", "domains", ["app_id"])


def _releases() -> None:
    op.create_table(
        "releases",
        _sequence(),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("app_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("config", sa.LargeBinary, nullable=False),
        sa.Column("slug", sa.JSON),
        sa.Column("build_id", sa.String(36), nullable=False),
        sa.Column("follows_slug", sa.Boolean, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_releases"),
        _belongs_to_app("releases"),
        sa.UniqueConstraint("id", name="uq_releases_id"),
        sa.UniqueConstraint("app_id", "version", name="uq_releases_app_id_version"),
    )
    op.create_index("ix_releases_app_id_status_version", "releases", ["app_id", "status", "version"])
    op.create_index("ix_releases_status_seq", "releases", ["status", "seq"])


def _builds() -> None:
    op.create_table(
        "builds",
        _sequence(),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("app_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_version", sa.Text, nullable=False),
        sa.Column("source_description", sa.Text, nullable=False),
        sa.Column("source_url", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("release_id", sa.String(36)),
        sa.Column("image", sa.Text),
        sa.Column("failure", sa.Text, nullable=False),
        sa.Column("buildpacks", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_builds"),
        _belongs_to_app("builds"),
        sa.UniqueConstraint("id", name="uq_builds_id"),
    )
    op.create_index("ix_builds_app_id_seq", "builds", ["app_id", "seq"])
    op.create_index("ix_builds_status_seq", "builds", ["status", "seq"])


def _sequence() -> sa.Column[Any]:
    return sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False)


def _belongs_to_app(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=f"fk_{table}_app_id", ondelete="CASCADE")
