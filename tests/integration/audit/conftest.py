"""A line of three nodes, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from node.kernel.database import Base, Database, build_engine
from node.kernel.field_keys import FieldKeys
from tests.integration.audit.network import PARENT_OF, Network
from tests.support.databases import BOTH, fresh_postgres


@pytest.fixture(params=BOTH)
def network(request: pytest.FixtureRequest, tmp_path: Path, field_keys: FieldKeys) -> Iterator[Network]:
    """City, county and township, joined, each with a database of its own."""
    with ExitStack() as stack:
        databases = {}
        for code in PARENT_OF:
            if request.param == "sqlite":
                url = f"sqlite:///{tmp_path / code}.db"
            else:
                url = stack.enter_context(fresh_postgres(request.getfixturevalue("postgres_server")))
            database = Database(build_engine(url, field_keys))
            stack.callback(database.close)
            Base.metadata.create_all(database.engine)
            databases[code] = database
        yield Network(databases, tmp_path / "nodes")
