"""The schema's history, applied by `node.kernel.migrate.upgrade`; `python -m node.migrations.regenerate` rewrites its start."""
