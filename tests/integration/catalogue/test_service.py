"""The catalogue of a node: imports, what is in force, lists."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import select, update

from node.catalogue import service
from node.catalogue.service import (
    ItemFilter,
    all_in_force,
    department_names,
    history,
    import_catalogue,
    in_force,
    list_imports,
    list_items,
    require_in_force,
    require_version,
    shipped_catalogue,
    themes,
    version,
)
from node.catalogue.tables import CatalogueImportRow, ItemVersionRow
from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.kernel.problems import Problem

TODAY = date(2026, 11, 24)
FOOD = "900131008000"
WATER = "900119001000"


def edited(**changes: Any) -> str:
    """The shipped catalogue with one item changed, and 取水许可 left out when asked."""
    tree = yaml.load(shipped_catalogue(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if changes.pop("without_water", False):
        tree["items"] = [item for item in tree["items"] if item["code"] != WATER]
    for item in tree["items"]:
        if item["code"] == FOOD:
            item.update(changes)
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)


@pytest.fixture(scope="module")
def changed() -> str:
    return edited(notes="二〇二七年起", without_water=True)


def test_import_brings_every_item_into_force_from_today(catalogue: Database) -> None:
    with catalogue.reading() as session:
        items = all_in_force(session, TODAY)
        assert len(items) == 184
        assert all_in_force(session, TODAY - timedelta(days=1)) == []
        assert [item.code for item in items[:2]] == ["902035001000", "902035002000"]


def test_same_import_again_changes_nothing(catalogue: Database, clock: FixedClock) -> None:
    with catalogue.transaction() as session:
        done = import_catalogue(session, shipped_catalogue(), clock)
        assert (done.added, done.changed, done.cancelled, done.unchanged) == (0, 0, 0, 184)
        assert len(history(session, FOOD)) == 1
        assert len(list_imports(session)) == 2


def test_changed_item_is_a_new_version_from_its_day_and_the_old_one_stays(
    catalogue: Database, clock: FixedClock, changed: str
) -> None:
    new_year = date(2027, 1, 1)
    with catalogue.transaction() as session:
        old = require_in_force(session, FOOD, TODAY)
        done = import_catalogue(session, changed, clock, new_year)
    assert (done.added, done.changed, done.cancelled, done.unchanged) == (0, 1, 1, 182)
    with catalogue.reading() as session:
        before = in_force(session, FOOD, new_year - timedelta(days=1))
        after = in_force(session, FOOD, new_year)
        assert before == old
        assert after is not None
        assert after.hash != old.hash
        assert after.notes == "二〇二七年起"
        assert version(session, old.hash) == old
        assert history(session, FOOD) == [(TODAY, old.hash), (new_year, after.hash)]


def test_item_left_out_is_cancelled_from_the_day_but_its_version_is_kept(
    catalogue: Database, clock: FixedClock, changed: str
) -> None:
    with catalogue.transaction() as session:
        water = require_in_force(session, WATER, TODAY)
        import_catalogue(session, changed, clock, TODAY + timedelta(days=1))
    with catalogue.reading() as session:
        assert in_force(session, WATER, TODAY) == water
        assert in_force(session, WATER, TODAY + timedelta(days=1)) is None
        assert require_version(session, water.hash) == water
        assert len(all_in_force(session, TODAY + timedelta(days=1))) == 183


def test_cancelled_item_can_come_back(catalogue: Database, clock: FixedClock, changed: str) -> None:
    with catalogue.transaction() as session:
        import_catalogue(session, changed, clock)
        assert in_force(session, WATER, TODAY) is None
        done = import_catalogue(session, shipped_catalogue(), clock)
        assert (done.added, done.changed, done.cancelled) == (1, 1, 0)
        assert in_force(session, WATER, TODAY) is not None


def test_past_is_not_rewritten(catalogue: Database, clock: FixedClock) -> None:
    with pytest.raises(Problem) as refused, catalogue.transaction() as session:
        import_catalogue(session, shipped_catalogue(), clock, TODAY - timedelta(days=1))
    assert refused.value.code == "effective-in-past"


def test_refused_catalogue_changes_nothing_and_names_every_breach(
    catalogue: Database, clock: FixedClock
) -> None:
    broken = edited(promised_days=99, deciding_level="village", without_water=True)
    with pytest.raises(Problem) as refused, catalogue.transaction() as session:
        import_catalogue(session, broken, clock)
    assert refused.value.code == "catalogue-refused"
    codes = {breach["code"] for breach in refused.value.members["breaches"]}
    assert {"promise-over-statutory", "village-decides", "step-days"} <= codes
    with catalogue.reading() as session:
        assert in_force(session, WATER, TODAY) is not None
        assert len(list(session.scalars(select(CatalogueImportRow.id)))) == 1


def test_document_altered_in_the_database_is_noticed(catalogue: Database) -> None:
    with catalogue.transaction() as session:
        name = require_in_force(session, FOOD, TODAY).hash
        row = session.get_one(ItemVersionRow, name)
        session.execute(
            update(ItemVersionRow)
            .where(ItemVersionRow.hash == name)
            .values(document={**row.document, "promised_days": 1, "notes": "改过"})
        )
    service._KNOWN.pop(name, None)
    with catalogue.reading() as session, pytest.raises(ValueError, match="altered"):
        version(session, name)


def test_unknown_items_and_versions_are_refused(catalogue: Database) -> None:
    with catalogue.reading() as session:
        assert in_force(session, "999999999999", TODAY) is None
        assert version(session, "0" * 64) is None
        with pytest.raises(Problem) as item:
            require_in_force(session, "999999999999", TODAY)
        with pytest.raises(Problem) as name:
            require_version(session, "0" * 64)
    assert (item.value.code, name.value.code) == ("item-unknown", "item-version-unknown")


def test_pages_cover_the_list_without_gaps_or_repeats(catalogue: Database) -> None:
    seen: list[str] = []
    cursor: str | None = None
    with catalogue.reading() as session:
        while True:
            page = list_items(session, TODAY, ItemFilter(), cursor, 50)
            assert page.total == 184
            seen.extend(item.code for item in page.lines)
            cursor = page.next_cursor
            if cursor is None:
                break
    assert len(seen) == len(set(seen)) == 184


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (ItemFilter(taken_in_at="village"), 69),
        (ItemFilter(theme="婚姻家庭"), 3),
        (ItemFilter(handling="joint"), 13),
        (ItemFilter(subject="法人"), 97),
        (ItemFilter(theme="婚姻家庭", handling="immediate"), 1),
        (ItemFilter(query="护照"), 2),
        (ItemFilter(query="zzz"), 0),
    ],
)
def test_filters_narrow_the_list(catalogue: Database, wanted: ItemFilter, count: int) -> None:
    with catalogue.reading() as session:
        assert list_items(session, TODAY, wanted).total == count


@pytest.mark.parametrize("cursor", ["x", "-1", "٣", "1" * 20])
def test_cursor_that_is_none_is_refused(catalogue: Database, cursor: str) -> None:
    with catalogue.reading() as session, pytest.raises(Problem) as refused:
        list_items(session, TODAY, ItemFilter(), cursor)
    assert refused.value.code == "cursor-invalid"


def test_cursor_beyond_the_end_is_an_empty_page(catalogue: Database) -> None:
    with catalogue.reading() as session:
        page = list_items(session, TODAY, ItemFilter(), "9999")
    assert page.lines == ()
    assert page.next_cursor is None


def test_themes_and_departments_are_counted_by_level(catalogue: Database) -> None:
    with catalogue.reading() as session:
        assert sum(themes(session, TODAY).values()) == 184
        assert sum(themes(session, TODAY, "village").values()) == 69
        assert department_names(session, TODAY, "county")["MZ"] == "县(市、区)民政局"
        assert "JY" not in department_names(session, TODAY, "village")
