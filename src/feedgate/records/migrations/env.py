"""Alembic's way in: it is handed a connection of our own engine, with its hooks."""

from alembic import context

from feedgate.records.advisory_tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
