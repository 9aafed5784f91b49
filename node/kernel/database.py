"""The database: one declarative base, the engine, and transactions.

SQLite stands alone on a village PC, PostgreSQL carries big nodes; the same code runs on both.

- SQLite: WAL, `synchronous=FULL`, foreign keys on. A writing transaction begins with `BEGIN IMMEDIATE`, so a value
  read in it cannot have been changed by another writer (with the driver's default, 8 threads × 40 read-add-write lost
  278 of 320). Writers of one process queue at a gate instead of polling the file.
- PostgreSQL: READ COMMITTED. A use case that reads a row, decides and writes it back takes the row first with
  `lock_row`; on SQLite that is a plain read.
- A reading transaction sees one state throughout and cannot write.

What the database refuses for reasons outside the program (disk full, busy) leaves as a `Problem`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from node.kernel.columns import (
    BoundJSON,
    EncryptedJSON,
    UtcDateTime,
    attach_field_keys,
    bound,
    name_places,
)
from node.kernel.database_problems import busy, nested_transaction, storage_problem
from node.kernel.field_keys import FieldKeys

__all__ = [
    "Base",
    "BoundJSON",
    "Database",
    "EncryptedJSON",
    "UtcDateTime",
    "attach_field_keys",
    "bound",
    "build_engine",
    "lock_row",
]

BUSY_TIMEOUT_S = 20
"""How long a writer waits for the others before it gives up."""
POOL_SIZE = 10
POOL_OVERFLOW = 20
_READING = "bianmin_reading"

Row = TypeVar("Row")


class Base(DeclarativeBase):
    """Base of every table; constraints have predictable names, which migrations need."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = getattr(cls, "__table__", None)
        if table is not None:
            name_places(table)


def build_engine(url: str, keys: FieldKeys | None = None) -> Engine:
    """An engine of a database URL: `sqlite:////path/to.db` or `postgresql://…` (psycopg 3).

    Args:
        keys: field keys of the node; without them encrypted columns can neither be read nor written.
    """
    parsed = make_url(url)
    options: dict[str, Any] = {
        "json_serializer": _dump_json,
        "pool_size": POOL_SIZE,
        "max_overflow": POOL_OVERFLOW,
    }
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("a node's SQLite database is a file: every connection must see the same data")
        _make_private(Path(parsed.database))
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        connect_args = {"connect_timeout": 10, "options": f"-c lock_timeout={BUSY_TIMEOUT_S}s"}
        engine = create_engine(parsed, pool_pre_ping=True, connect_args=connect_args, **options)
    if keys is not None:
        attach_field_keys(engine, keys)
    return engine


def _dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _make_private(path: Path) -> None:
    """Only the owner reads the database; journal files inherit the mode."""
    if not path.exists() and path.parent.is_dir():
        path.touch(mode=0o600)


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_sqlite` does
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = bool(connection.get_execution_options().get(_READING))
    if connection.info.get(_READING) is not reading:  # said of the driver's connection, which is used again
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        connection.info[_READING] = reading
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class Database:
    """Opens sessions on an engine. One use case, one transaction (architecture decision 2).

    Attributes:
        after_commit: called when a writing transaction of this process has committed: a hint that there may be work
            to do, never the work itself.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.after_commit: list[Callable[[], None]] = []
        self._sqlite = engine.dialect.name == "sqlite"
        reading: dict[str, Any] = {_READING: True}
        if not self._sqlite:
            reading |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reader = engine.execution_options(**reading)
        self._gate = threading.Lock()
        self._open = threading.local()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A writing session. Leaving the block commits; an exception rolls everything back.

        Objects stay readable after the commit.

        Raises:
            Problem: `database-busy` (others write for too long), `disk-full`, `database-unreachable`.
            RuntimeError: this thread has a transaction open already; pass its session on instead.
        """
        if getattr(self._open, "value", False):
            raise nested_transaction()
        if self._sqlite and not self._gate.acquire(timeout=BUSY_TIMEOUT_S):
            raise busy()
        self._open.value = True
        try:
            with (
                _as_problem(writing=True),
                Session(self.engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        finally:
            self._open.value = False
            if self._sqlite:
                self._gate.release()
        for hint in self.after_commit:
            hint()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one committed state and cannot write; nothing waits for it.

        Raises:
            Problem: `database-unreachable`.
        """
        with (
            _as_problem(writing=False),
            Session(self._reader, expire_on_commit=False, autoflush=False) as session,
        ):
            yield session

    def close(self) -> None:
        """Closes every connection of the pool."""
        self.engine.dispose()


@contextmanager
def _as_problem(*, writing: bool) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        problem = storage_problem(error, writing=writing)
        if problem is None:
            raise
        raise problem from error


def lock_row(session: Session, entity: type[Row], key: Any) -> Row | None:
    """A row by its key, fresh, and held against other writers until the transaction ends; None when there is none.

    What is read, judged and written back in one use case is read by this (on SQLite the whole database is held).
    """
    return session.get(entity, key, with_for_update=True, populate_existing=True)
