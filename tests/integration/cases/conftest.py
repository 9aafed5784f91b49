"""A line of four nodes, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from node.kernel.database import Base, Database, build_engine
from node.kernel.field_keys import FieldKeys
from tests.integration.cases.network import LINE, Network
from tests.support.databases import BOTH, fresh_postgres


@pytest.fixture(params=BOTH)
def network(request: pytest.FixtureRequest, tmp_path: Path, field_keys: FieldKeys) -> Iterator[Network]:
    """Village, township, county and city, each with an empty database of its own."""
    with ExitStack() as stack:
        databases = {}
        for code in LINE:
            if request.param == "sqlite":
                url = f"sqlite:///{tmp_path / code}.db"
            else:
                url = stack.enter_context(fresh_postgres(request.getfixturevalue("postgres_server")))
            database = Database(build_engine(url, field_keys))
            stack.callback(database.close)
            Base.metadata.create_all(database.engine)
            databases[code] = database
        yield Network(databases, field_keys, tmp_path / "blobs")
