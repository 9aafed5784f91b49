"""A line of four nodes, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from node.kernel.database import Base, Database, build_engine
from node.kernel.field_keys import FieldKeys
from tests.integration.cases.network import LINE, Network
from tests.integration.cases.office import Offices, found_offices, open_offices
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


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FieldKeys]:
    """The databases of four nodes, two of them with an office, and the keys of their columns."""
    folder, keys = tmp_path_factory.mktemp("offices"), FieldKeys.generate()
    found_offices(folder, keys)
    return folder, keys


@pytest.fixture
def offices(tmp_path: Path, founded: tuple[Path, FieldKeys]) -> Iterator[Offices]:
    """A village's and a county's office on the web."""
    folder, keys = founded
    for code in LINE:
        shutil.copy(folder / f"{code}.db", tmp_path / f"{code}.db")
    made = open_offices(tmp_path, keys)
    yield made
    for node in made.network.nodes.values():
        node.database.close()
