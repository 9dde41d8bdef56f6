"""Alembic's entry: runs the migrations on the connection, and in the transaction, that `migrate` opened."""

from __future__ import annotations

from alembic import context

from paas.adapters.sql_store.models import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
