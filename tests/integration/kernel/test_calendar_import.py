"""The calendar in the tables: seeded once, moved only by an import, seen by every process."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from node.kernel.calendar import (
    CalendarChangeRow,
    WorkCalendar,
    built_in,
    built_in_calendar,
    import_calendar,
    seed_calendar,
    set_local_day,
)
from node.kernel.database import Database
from node.kernel.problems import Problem
from tests.unit.node.kernel.test_calendar import HEAD, NOTICE_2027

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NOTICE = "国办发明电〔2026〕1号"


@pytest.fixture
def calendar(database: Database) -> WorkCalendar:
    with database.transaction() as session:
        seed_calendar(session, NOW)
        return WorkCalendar.load(session)


def test_the_tables_say_what_the_shipped_files_say(calendar: WorkCalendar) -> None:
    shipped = built_in()
    for year in (*range(2023, 2037), 2050):
        assert calendar.calendar_status(year) == shipped.calendar_status(year)
    assert calendar.calendar_status(2026).status == "official"
    assert calendar.calendar_status(2027).status == "provisional"


def test_seeding_again_changes_nothing(database: Database, calendar: WorkCalendar) -> None:
    with database.transaction() as session:
        assert seed_calendar(session, NOW) == []
        assert not calendar.refresh(session)


def test_an_import_makes_the_year_official_and_says_which_days_moved(
    database: Database, calendar: WorkCalendar
) -> None:
    text = NOTICE_2027 + "2027-02-13,1,春节调休上班,makeup\n2026-12-26,1,元旦调休上班,makeup\n"
    assert calendar.due(date(2027, 2, 4), 1) == (date(2027, 2, 11), True)
    with database.transaction() as session:
        done = import_calendar(session, text, source=NOTICE, now=NOW)
    assert done.years == (2027,)
    assert done.changed == (
        date(2026, 12, 26),
        date(2027, 2, 11),
        date(2027, 2, 12),
        date(2027, 2, 13),
        date(2027, 5, 5),
        date(2027, 10, 6),
        date(2027, 10, 7),
    )
    with database.reading() as session:
        assert calendar.refresh(session)
    assert calendar.due(date(2027, 2, 4), 1) == (date(2027, 2, 13), False)
    status = calendar.calendar_status(2027)
    assert (status.status, status.source, status.version) == ("official", NOTICE, 2)
    assert calendar.calendar_status(2026).version == 1
    assert calendar.is_workday(date(2026, 12, 26))


def test_the_same_file_again_changes_nothing(database: Database, calendar: WorkCalendar) -> None:
    for _ in range(2):
        with database.transaction() as session:
            done = import_calendar(session, NOTICE_2027, source=NOTICE, now=NOW)
    assert done.changed == ()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CalendarChangeRow)) == 2
        assert WorkCalendar.load(session).calendar_status(2027).version == 2


def test_a_correction_puts_a_single_day_back(database: Database, calendar: WorkCalendar) -> None:
    with database.transaction() as session:
        import_calendar(session, NOTICE_2027 + "2026-12-26,1,调休,makeup\n", source=NOTICE, now=NOW)
    with database.transaction() as session:
        done = import_calendar(session, NOTICE_2027 + "2026-12-26,0,周末,weekend\n", source=NOTICE, now=NOW)
    assert done.changed == (date(2026, 12, 26),)


def test_a_wrong_file_leaves_everything_as_it_was(database: Database, calendar: WorkCalendar) -> None:
    with pytest.raises(Problem) as caught, database.transaction() as session:
        import_calendar(session, HEAD + "2027-01-01,0,元旦,holiday\n", source=NOTICE, now=NOW)
    assert caught.value.code == "calendar-file"
    assert "没有导入任何内容" in caught.value.zh
    with database.reading() as session:
        assert not calendar.refresh(session)


def test_a_day_of_the_nodes_own_wins_and_can_be_taken_back(
    database: Database, calendar: WorkCalendar
) -> None:
    day = date(2026, 11, 26)
    with database.transaction() as session:
        assert set_local_day(session, day, is_workday=False, name="停电", source="本中心", now=NOW)
        assert calendar.refresh(session)
    assert calendar.due(date(2026, 11, 25), 1)[0] == date(2026, 11, 27)
    with database.transaction() as session:
        import_calendar(session, built_in_calendar(), source=NOTICE, now=NOW)
        calendar.refresh(session)
    assert not calendar.is_workday(day)
    with database.transaction() as session:
        assert set_local_day(session, day, is_workday=None, name="", source="本中心", now=NOW)
        calendar.refresh(session)
    assert calendar.is_workday(day)


def test_a_calendar_over_a_database_reads_it_at_the_first_question_once_it_is_filled(
    database: Database,
) -> None:
    calendar = WorkCalendar(database)
    assert calendar.due(date(2026, 9, 30), 1) == (date(2026, 10, 1), True)
    with database.transaction() as session:
        seed_calendar(session, NOW)
    assert calendar.due(date(2026, 9, 30), 1) == (date(2026, 10, 8), False)
    assert not calendar.refresh()
    with database.transaction() as session:
        set_local_day(session, date(2026, 10, 8), is_workday=False, name="停电", source="本中心", now=NOW)
    assert calendar.is_workday(date(2026, 10, 8))
    assert calendar.refresh()
    assert not calendar.is_workday(date(2026, 10, 8))
