"""A database with an institution, and the doors of its staff."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.catalogue import tables as catalogue_tables
from node.kernel.clock import FixedClock
from node.kernel.database import Base, Database, build_engine
from node.kernel.field_keys import FieldKeys
from node.ledger import tables as ledger_tables
from node.people import tables as people_tables
from node.people.founding import Founding, found_institution
from node.people.passwords import HashCost, Passwords
from node.people.service import NewStaff, add_staff, prepare_staff
from node.people.sign_in import SignIn

QUICK = HashCost(memory_kib=8, passes=1, lanes=1, parallel=2)
PASSWORD = "correct-horse-battery"
TABLES = [
    table
    for module in (people_tables, catalogue_tables, ledger_tables)
    for table in Base.metadata.sorted_tables
    if any(getattr(row, "__table__", None) is table for row in vars(module).values())
]
"""Only the tables these tests are about, in the order they can be made."""


@pytest.fixture
def clock() -> FixedClock:
    """Tuesday 2026-11-24, 9:30 in Nantong."""
    return FixedClock("2026-11-24T01:30:00+00:00")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database of its own."""
    engine = build_engine(f"sqlite:///{tmp_path}/node.db", FieldKeys.generate())
    Base.metadata.create_all(engine, tables=TABLES)
    database = Database(engine)
    yield database
    database.close()


@pytest.fixture
def passwords() -> Passwords:
    """Quick hashes: what is tested is not their cost."""
    return Passwords(QUICK)


@pytest.fixture
def county(database: Database, clock: FixedClock) -> Database:
    """The institution of 通州区, founded."""
    founding = Founding(
        "county", "320612000000", "通州区", phone="0513-86512345", address="金沙街道人民路1号"
    )
    with database.transaction() as session:
        found_institution(session, founding, clock)
    return database


@pytest.fixture
def doors(county: Database, passwords: Passwords, clock: FixedClock) -> SignIn:
    """Sign-in of the county, with one section chief, 李芳."""
    prepared = prepare_staff(
        passwords, NewStaff("li.fang", "李芳", ("审批科室负责人",), phone="13900001111", password=PASSWORD)
    )
    with county.transaction() as session:
        add_staff(session, prepared, clock)
    return SignIn(county, passwords, clock)
