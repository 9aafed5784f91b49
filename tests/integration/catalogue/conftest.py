"""A database with the catalogue that comes with the program."""

from __future__ import annotations

import pytest

from node.catalogue.service import import_catalogue, shipped_catalogue
from node.kernel.clock import FixedClock
from node.kernel.database import Database
from tests.integration.people.conftest import clock, database

__all__ = ["clock", "database"]


@pytest.fixture
def catalogue(database: Database, clock: FixedClock) -> Database:
    """The shipped catalogue, in force from 2026-11-24."""
    with database.transaction() as session:
        import_catalogue(session, shipped_catalogue(), clock)
    return database
