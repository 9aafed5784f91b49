"""Rewrites the first migrations from the tables as they are: `python -m node.migrations.regenerate`.

One file a capability, `0001_kernel.py`, `0002_…`, so that each can be read. To be run after every change of a table for
as long as no node of anybody's carries data; from the first release on a change is a new file made by
`alembic.command.revision`, and this module goes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import render_python_code
from alembic.config import Config
from alembic.operations.ops import CreateIndexOp, CreateTableOp, DropIndexOp, DropTableOp, UpgradeOps
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table

from node.kernel.migrate import alembic_config
from node.migrations.schema import owned_tables, render_type

VERSIONS = Path(__file__).with_name("versions")
FILE_TEMPLATE = "%%(rev)s_%%(slug)s"


def regenerate(folder: Path = VERSIONS) -> list[Path]:
    """Writes the files anew; returns them in order."""
    for old in folder.glob("[0-9][0-9][0-9][0-9]_*.py"):
        old.unlink()
    config = alembic_config()
    config.set_main_option("version_locations", str(folder))
    config.set_main_option("file_template", FILE_TEMPLATE)
    written = []
    for number, (capability, tables) in enumerate(owned_tables().items(), start=1):
        written.append(_write(config, number, capability, tables))
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--quiet",
        "--no-cache",
        "--isolated",
        "--line-length",
        "110",
    ]
    subprocess.run([*command, *map(str, written)], check=True)  # noqa: S603  our own interpreter and files
    return written


def _write(config: Config, number: int, capability: str, tables: list[Table]) -> Path:
    imports: set[str] = set()
    script = ScriptDirectory.from_config(config).generate_revision(
        f"{number:04d}",
        capability,
        head=f"{number - 1:04d}" if number > 1 else "base",
        upgrades=_render(UpgradeOps(_create(tables)), imports),
        downgrades=_render(UpgradeOps(_drop(tables)), imports),
        imports="\n".join(sorted(imports)),
    )
    if script is None:
        raise RuntimeError(f"no migration was written for {capability}")
    return Path(script.path)


def _create(tables: list[Table]) -> list[CreateTableOp | CreateIndexOp]:
    made: list[CreateTableOp | CreateIndexOp] = []
    for table in tables:
        made.append(CreateTableOp.from_table(table))
        made += [
            CreateIndexOp.from_index(index) for index in sorted(table.indexes, key=lambda one: str(one.name))
        ]
    return made


def _drop(tables: list[Table]) -> list[DropIndexOp | DropTableOp]:
    return [DropTableOp.from_table(table) for table in reversed(tables)]


def _render(steps: UpgradeOps, imports: set[str]) -> str:
    context = MigrationContext.configure(dialect_name="sqlite")
    text = render_python_code(
        steps, render_item=render_type, migration_context=context, imports=sorted(imports)
    )
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("# ###")).strip()


if __name__ == "__main__":
    regenerate()
