"""The division in the database."""

from __future__ import annotations

import pytest

from node.kernel.database import Database
from node.kernel.problems import Problem
from node.people.regions import children_of, find_region, import_regions, path_of
from tests.unit.node.people.test_regions import CITY, COUNTY, HEAD, shipped


def test_division_is_imported_once_and_again(database: Database) -> None:
    for _ in range(2):
        with database.transaction() as session:
            assert import_regions(session, shipped()) == 2150
    with database.reading() as session:
        assert [region.name for region in path_of(session, "320612001001")] == [
            "南通市",
            "通州区",
            "金沙街道",
            "东市社区居委会",
        ]
        assert len(children_of(session, "320600000000")) == 8
        assert find_region(session, "999999999999") is None
        assert path_of(session, "999999999999") == []


def test_new_name_replaces_the_old_and_nothing_is_deleted(database: Database) -> None:
    with database.transaction() as session:
        import_regions(session, HEAD + CITY + COUNTY)
    with database.transaction() as session:
        import_regions(session, HEAD + CITY.replace("南通市", "南通"))
    with database.reading() as session:
        assert [region.name for region in path_of(session, "320612000000")] == ["南通", "通州区"]


def test_mistake_imports_nothing(database: Database) -> None:
    with pytest.raises(Problem), database.transaction() as session:
        import_regions(session, HEAD + CITY + "bad,city,,x,x,0\n")
    with database.reading() as session:
        assert find_region(session, "320600000000") is None
