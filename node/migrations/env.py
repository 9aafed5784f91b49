"""What Alembic runs: always on a connection it is given, one transaction for all steps (`node.kernel.migrate`)."""

from __future__ import annotations

from alembic import context

from node.migrations.schema import node_metadata, render_type


def run() -> None:
    """Applies the steps that were asked for."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=node_metadata(),
        render_as_batch=True,
        render_item=render_type,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
