"""Statements that both databases know under different constructors: insert or leave, insert or replace, count up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from node.kernel.database import Base

Insert = sqlite.Insert | postgresql.Insert


def table_of(entity: type[Base]) -> Table:
    """The table of a mapped class, for Core statements."""
    table = entity.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{entity.__name__} is not mapped to a table")
    return table


def _insert(session: Session, entity: type[Base]) -> Insert:
    build = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return build(table_of(entity))


def insert_absent(session: Session, entity: type[Base], row: Mapping[str, Any], key: Sequence[str]) -> bool:
    """Inserts a row unless one with that key is there; returns whether it was inserted."""
    statement = _insert(session, entity).values(row).on_conflict_do_nothing(index_elements=key)
    done = session.execute(statement.execution_options(preserve_rowcount=True))  # psycopg would not tell
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def upsert(session: Session, entity: type[Base], row: Mapping[str, Any], key: Sequence[str]) -> None:
    """Inserts a row, or sets its other columns when one with that key is there."""
    statement = _insert(session, entity).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


def count_up(session: Session, entity: type[Base], key: Mapping[str, Any], column: str, by: int = 1) -> int:
    """Adds to a counter, from 0 where there is none, and returns it; other transactions wait for this one's end.

    Nothing is skipped: a rolled-back transaction gives its numbers back.
    """
    table = table_of(entity)
    statement = _insert(session, entity).values({**key, column: by})
    counted = statement.on_conflict_do_update(
        index_elements=list(key), set_={column: table.c[column] + by}
    ).returning(table.c[column])
    return int(session.execute(counted).scalar_one())
