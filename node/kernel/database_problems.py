"""What the database refuses for reasons outside the program, as sentences."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from node.kernel.problems import Problem

_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_POSTGRES_BUSY = {"40001", "40P01", "55P03"}
_POSTGRES_DISK = {"53100", "58030"}
_PRIMARY_CODE = 0xFF


def storage_problem(error: DBAPIError, *, writing: bool) -> Problem | None:
    """The problem behind a driver's error; None when it is a mistake of the program.

    Args:
        writing: whether the transaction was meant to write: a read-only file is then the machine's fault.
    """
    original = error.orig
    if isinstance(original, sqlite3.Error):
        code = original.sqlite_errorcode & _PRIMARY_CODE if hasattr(original, "sqlite_errorcode") else 0
        if code in _SQLITE_BUSY:
            return busy()
        if code in _SQLITE_DISK or (code == sqlite3.SQLITE_READONLY and writing):
            return disk_full()
        return unreachable() if code == sqlite3.SQLITE_CANTOPEN else None
    state = getattr(original, "sqlstate", None)
    if state in _POSTGRES_BUSY:
        return busy()
    if state in _POSTGRES_DISK:
        return disk_full()
    if error.connection_invalidated or (state is None and type(original).__name__ == "OperationalError"):
        return unreachable()
    return None


def busy() -> Problem:
    """Other writers hold the database too long."""
    return Problem(
        "database-busy",
        "数据库正忙,这次没有保存,请稍候再试。",
        "The database is busy; nothing was saved. Please try again in a moment.",
        503,
        {"retry_after_s": 5},
    )


def disk_full() -> Problem:
    """The disk takes no more."""
    return Problem(
        "disk-full",
        "磁盘已满或无法写入,这次没有保存任何内容。请腾出空间或联系系统管理员。",
        "The disk is full or cannot be written; nothing of this was saved. Free some space or call your operator.",
        507,
    )


def unreachable() -> Problem:
    """No connection to the database."""
    return Problem(
        "database-unreachable",
        "连不上数据库,请检查 database_url 和数据库服务是否在运行。",
        "The database cannot be reached; check database_url and whether its server runs.",
        503,
        {"retry_after_s": 10},
    )


def nested_transaction() -> RuntimeError:
    """A broken invariant: two transactions of one thread would wait for each other."""
    return RuntimeError("this thread has a transaction open; pass its session on")
