"""Working days against an independent count over the raw list of days; provisional years; calendar files."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.cases import clocks
from node.kernel.calendar import WorkCalendar, built_in, built_in_calendar
from node.kernel.workday_rules import (
    CalendarFileError,
    Festivals,
    provisional_year,
    read_calendar,
    read_festivals,
)

CALENDAR = built_in()
RAW = {
    date.fromisoformat(row["date"]): row["is_workday"] == "1"
    for row in csv.DictReader(built_in_calendar().splitlines())
}
FESTIVALS = read_festivals(
    resources.files("config").joinpath("calendars/festivals.csv").read_text(encoding="utf-8")
)
HEAD = "date,is_workday,name,kind\n"
NOTICE_2027 = HEAD + "".join(
    f"{day},0,{name},holiday\n"
    for day, name in [
        ("2027-01-01", "元旦"),
        *((f"2027-02-{n:02d}", "春节") for n in range(5, 13)),
        ("2027-04-05", "清明节"),
        *((f"2027-05-0{n}", "劳动节") for n in range(1, 6)),
        ("2027-06-09", "端午节"),
        ("2027-09-15", "中秋节"),
        *((f"2027-10-0{n}", "国庆节") for n in range(1, 8)),
    ]
)


def count_by_hand(start: date, workdays: int) -> date:
    day = start
    while workdays > 0:
        day += timedelta(days=1)
        workdays -= RAW[day]
    while not RAW[day]:
        day += timedelta(days=1)
    return day


@given(st.dates(date(2024, 1, 1), date(2026, 8, 31)), st.integers(0, 60))
def test_due_days_are_those_counted_by_hand(start: date, workdays: int) -> None:
    assert CALENDAR.due(start, workdays) == (count_by_hand(start, workdays), False)


@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(0, 800))
def test_spans_are_those_counted_by_hand(start: date, length: int) -> None:
    end = min(start + timedelta(days=length), date(2026, 12, 31))
    expected = sum(RAW[start + timedelta(days=n)] for n in range(1, (end - start).days + 1))
    assert CALENDAR.between(start, end) == expected


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(1, 90))
def test_exactly_the_days_allowed_lie_between_start_and_due_day(start: date, workdays: int) -> None:
    due, _ = CALENDAR.due(start, workdays)
    assert CALENDAR.is_workday(due)
    assert CALENDAR.between(start, due) == workdays


def test_every_day_of_the_announced_years_is_what_the_list_says() -> None:
    assert {day: CALENDAR.is_workday(day) for day in RAW} == RAW
    assert [CALENDAR.calendar_status(year).workdays for year in (2024, 2025, 2026)] == [251, 248, 248]


@pytest.mark.parametrize(
    ("start", "workdays", "due"),
    [
        ("2026-09-29", 5, "2026-10-12"),  # over the National Day, Saturday the 10th is worked
        ("2026-02-13", 1, "2026-02-14"),  # a worked Saturday
        ("2026-11-24", 0, "2026-11-24"),
        ("2026-11-28", 0, "2026-11-30"),  # the last day is a Saturday: the limit moves on
        ("2026-11-27", 1, "2026-11-30"),
    ],
)
def test_limits_over_weekends_holidays_and_make_up_days(start: str, workdays: int, due: str) -> None:
    assert CALENDAR.due(date.fromisoformat(start), workdays) == (date.fromisoformat(due), False)


def test_a_limit_that_reaches_a_year_without_a_notice_is_provisional() -> None:
    assert CALENDAR.due(date(2026, 12, 1), 20) == (date(2026, 12, 29), False)
    due, provisional = CALENDAR.due(date(2026, 12, 21), 20)
    assert provisional
    assert due == date(2027, 1, 19)  # 1 January off
    assert CALENDAR.due(date(2045, 1, 2), 5)[1]


def test_nothing_lies_between_a_day_and_an_earlier_one() -> None:
    assert CALENDAR.between(date(2026, 11, 24), date(2026, 11, 20)) == 0


def test_days_have_their_names() -> None:
    assert CALENDAR.name_of(date(2026, 10, 10)) == "国庆节调休上班"
    assert CALENDAR.name_of(date(2026, 11, 24)) == ""


def test_a_clock_of_a_case_runs_on_it() -> None:
    clock = clocks.start("T2", 20, date(2026, 12, 21), CALENDAR)
    assert (clock.due_on, clock.provisional) == (date(2027, 1, 19), True)


def test_a_year_without_a_notice_has_weekends_and_the_statutory_days() -> None:
    days = {one.day: one.name for one in provisional_year(2027, FESTIVALS[2027])}
    assert days == {
        date(2027, 1, 1): "元旦",
        date(2027, 2, 5): "春节",
        date(2027, 2, 6): "春节",
        date(2027, 2, 7): "春节",
        date(2027, 2, 8): "春节",
        date(2027, 2, 9): "春节补假",  # for Saturday the 6th
        date(2027, 2, 10): "春节补假",  # for Sunday the 7th
        date(2027, 4, 5): "清明节",
        date(2027, 5, 1): "劳动节",
        date(2027, 5, 2): "劳动节",
        date(2027, 5, 3): "劳动节补假",
        date(2027, 5, 4): "劳动节补假",
        date(2027, 6, 9): "端午节",
        date(2027, 9, 15): "中秋节",
        date(2027, 10, 1): "国庆节",
        date(2027, 10, 2): "国庆节",
        date(2027, 10, 3): "国庆节",
        date(2027, 10, 4): "国庆节补假",
        date(2027, 10, 5): "国庆节补假",
    }


def test_a_festival_on_a_statutory_day_gives_one_day_off() -> None:
    off = [one.day for one in provisional_year(2028, FESTIVALS[2028]) if one.day.month == 10]
    assert off == [date(2028, 10, day) for day in (1, 2, 3, 4)]  # 3 October is both; the 1st is a Sunday


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_statutory_days_of_announced_years_are_off_in_the_notice(year: int) -> None:
    named = {one.day for one in provisional_year(year, FESTIVALS[year]) if not one.name.endswith("补假")}
    worked = {day for day in named if RAW[day]}
    assert worked <= {date(2024, 2, 9)}  # New Year's Eve became statutory in 2025


@given(st.sampled_from(sorted(FESTIVALS)))
def test_festivals_lie_where_sun_and_moon_allow(year: int) -> None:
    one: Festivals = FESTIVALS[year]
    assert date(year, 1, 21) <= one.spring_festival <= date(year, 2, 20)
    assert one.qingming in (date(year, 4, 4), date(year, 4, 5))
    assert date(year, 5, 26) <= one.dragon_boat <= date(year, 6, 25)
    assert date(year, 9, 7) <= one.mid_autumn <= date(year, 10, 8)
    moon = (one.mid_autumn - one.dragon_boat).days  # three months and ten days, or four when one is leap
    assert moon in (98, 99, 100) or moon in (127, 128, 129)
    assert len(provisional_year(year, one)) >= 13


def test_a_file_may_list_only_what_differs_from_the_week() -> None:
    file = read_calendar(
        "\ufeff" + NOTICE_2027 + "2027-02-13,1,春节调休上班,makeup\n2026-12-26,1,元旦调休上班,makeup\n"
    )
    assert file.years == (2027,)
    assert len(file.days) == 26
    assert file.plain == ()


@pytest.mark.parametrize(
    ("text", "line", "zh"),
    [
        ("day,off\n", 1, "列须为"),
        (HEAD, 1, "1 月 1 日"),
        (HEAD + "2027/1/1,0,元旦,holiday\n", 2, "不是日期"),
        (HEAD + "2027-01-01,1,元旦,holiday\n", 2, "is_workday"),
        (HEAD + "2027-01-01,0,元旦,假日\n", 2, "kind"),
        (HEAD + "2027-01-04,1,,makeup\n", 2, "星期一"),
        (HEAD + "2027-01-02,1,,workday\n", 2, "星期六"),
        (HEAD + "2027-01-01,0,元旦,holiday\n", 1, "只列了 1 天"),
        (NOTICE_2027 + "2027-01-01,0,元旦,holiday\n", 26, "两次"),
        (HEAD + "2027-01-01\n", 2, "is_workday"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(text: str, line: int, zh: str) -> None:
    with pytest.raises(CalendarFileError) as caught:
        read_calendar(text)
    assert caught.value.line == line
    assert zh in caught.value.zh


def test_an_empty_calendar_knows_weekends_only() -> None:
    empty = WorkCalendar.of([], {2020: ("official", "", 1)})
    assert empty.due(date(2026, 9, 30), 1) == (date(2026, 10, 1), True)
    assert empty.calendar_status(2026).status == "unknown"
