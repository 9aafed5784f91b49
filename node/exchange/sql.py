"""Statements both databases understand, written once: insert-or-replace, insert-if-absent, insert-or-add.

SQLite and PostgreSQL share the `ON CONFLICT` form; SQLAlchemy has one construct for each dialect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

Insert = sqlite.Insert | postgresql.Insert


def table_of(row: type[DeclarativeBase]) -> Table:
    """The Core table behind a declared row: streams are read and written with Core only."""
    return cast(Table, row.__table__)


def insert_into(connection: Connection, table: Table) -> Insert:
    """An insert with `ON CONFLICT`, in the connection's dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(connection: Connection, table: Table, values: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Insert one row, or replace every other column of the row with the same `keys`."""
    statement = insert_into(connection, table).values(dict(values))
    changed = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changed))


def insert_absent(
    connection: Connection, table: Table, values: Mapping[str, Any], keys: Sequence[str]
) -> bool:
    """Insert one row unless its keys are there already; True when it was inserted."""
    statement = insert_into(connection, table).values(dict(values))
    result = connection.execute(
        statement.on_conflict_do_nothing(index_elements=list(keys)),
        execution_options={"preserve_rowcount": True},
    )
    return result.rowcount == 1


def add_to(
    connection: Connection, table: Table, values: Mapping[str, Any], keys: Sequence[str], column: str
) -> int:
    """Add `values[column]` to the row with the same `keys`, inserting it at that amount; returns the new amount."""
    statement = insert_into(connection, table).values(dict(values))
    increased = table.c[column] + statement.excluded[column]
    updating = statement.on_conflict_do_update(index_elements=list(keys), set_={column: increased})
    return int(connection.execute(updating.returning(table.c[column])).scalar_one())


def insert_all(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Bulk insert (`executemany`); nothing when there is no row."""
    values = [dict(row) for row in rows]
    if values:
        connection.execute(table.insert(), values)
