"""A township and a village, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.exchange.pair import Pair, make_pair
from tests.support.databases import BOTH, fresh_postgres


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
