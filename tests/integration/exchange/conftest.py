"""A township and a village, on SQLite and on PostgreSQL; the federation's stores on both and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from federation.memory_stores import MemoryDatabase
from federation.ports import Database
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.clock import FixedClock
from node.kernel.database import Base, build_engine
from node.kernel.database import Database as NodeDatabase
from node.kernel.field_keys import FieldKeys
from tests.integration.exchange.pair import Pair, make_pair
from tests.support.databases import BOTH, fresh_postgres

STORES_OF = "nantong.example/320623101000"
STORES_AT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)


@pytest.fixture(params=BOTH)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Two nodes that have joined; nothing has been sent yet."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            urls = (f"sqlite:///{tmp_path / 'township.db'}", f"sqlite:///{tmp_path / 'village.db'}")
        else:
            server = request.getfixturevalue("postgres_server")
            urls = (stack.enter_context(fresh_postgres(server)), stack.enter_context(fresh_postgres(server)))
        made = make_pair(tmp_path, urls)
        yield made
        made.village.close()
        made.township.close()


@pytest.fixture(params=("memory", "sqlite", "postgresql"))
def stores(request: pytest.FixtureRequest, field_keys: FieldKeys, tmp_path: Path) -> Iterator[Database]:
    """The federation's stores: in memory, on SQLite, on PostgreSQL."""
    if request.param == "memory":
        yield MemoryDatabase()
        return
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    database = NodeDatabase(build_engine(url, field_keys))
    Base.metadata.create_all(database.engine)
    yield SqlDatabase(database, Surroundings(STORES_OF, FixedClock(STORES_AT), tmp_path / "blobs"))
    database.close()
