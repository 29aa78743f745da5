"""Alembic's entry point: migrates on the connection that `upgrade` hands over."""

from alembic import context

from proctoring.proofs.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
