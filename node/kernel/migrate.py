"""Bringing a database to the schema this program needs, and saying so when it is not.

`upgrade` runs every step that is missing in one transaction: all or none, and one process at a time (on SQLite it holds
the database, on PostgreSQL an advisory lock). A database of a later program is refused, never touched.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from node.kernel.database_problems import storage_problem
from node.kernel.problems import EXIT_SETUP, Problem

SCRIPTS = "node:migrations"
_ADVISORY_LOCK = 0x6269616E  # "bian"
_GATE = threading.Lock()
"""Alembic keeps its running environment in a module: one upgrade at a time in a process."""


def alembic_config() -> Config:
    """Alembic's configuration; the scripts lie in the package."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config


def head_revision() -> str:
    """The revision this program needs."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def current_revision(engine: Engine) -> str | None:
    """The revision a database stands at; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> bool:
    """Brings a database to `head_revision`; returns whether anything was done.

    Raises:
        Problem: `database-newer`, `disk-full`, `database-busy`; then it stands as it did.
    """
    try:
        return _upgrade(engine)
    except DBAPIError as error:
        problem = storage_problem(error, writing=True)
        if problem is None:
            raise
        raise problem from error


def _upgrade(engine: Engine) -> bool:
    with _GATE, _alone(engine) as connection:
        before = _known(connection)
        if before == head_revision():
            return False
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def require_current(engine: Engine) -> None:
    """Makes sure a database is at this program's schema.

    Raises:
        Problem: `database-outdated`, `database-newer`.
    """
    with engine.connect() as connection:
        found = _known(connection)
    if found != head_revision():
        raise outdated(found)


def _known(connection: Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    revisions = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if found is not None and found not in revisions:
        raise newer(found)
    return found


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction no other upgrade runs beside.

    SQLite rebuilds tables to change them, which foreign keys would hinder: they are off, and checked at the end.
    """
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
                yield connection
            return
        driver = connection.connection.driver_connection
        if driver is None:
            raise RuntimeError("no connection to the database file")
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"the migration left rows that refer to nothing: {broken[:3]}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def outdated(found: str | None) -> Problem:
    """The database lacks steps."""
    return Problem(
        "database-outdated",
        "数据库还不是本版本的结构。请先停下本节点的其他进程,再运行 bianmin upgrade;升级不会丢失数据。",
        "The database has an older schema. Stop the node's other processes and run bianmin upgrade; no data is lost.",
        409,
        {"found": found or "", "needed": head_revision()},
        exit_code=EXIT_SETUP,
    )


def newer(found: str) -> Problem:
    """The database was written by a later program."""
    return Problem(
        "database-newer",
        "数据库是由更新版本的程序写成的,本版本不能使用,也没有改动它。请改用新版本的程序。",
        "The database was written by a later version of the program; this one leaves it as it is. Use the later version.",
        409,
        {"found": found},
        exit_code=EXIT_SETUP,
    )
