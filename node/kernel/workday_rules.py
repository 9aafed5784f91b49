"""Working days: reading a calendar file, guessing a year that has not been announced, counting; pure.

A calendar is the week's rhythm (Monday to Friday work) and exceptions by day. Counting: the start day is not counted,
the end day is; a limit that would end on a day off ends on the next working day (民法典 201, 203; requirements.md
§2.4). Example: five working days from Tuesday 2026-09-29 end on 2026-10-12, since 1 to 7 October are off and Saturday
the 10th is worked.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Kind = Literal["workday", "weekend", "holiday", "makeup"]
COLUMNS = ("date", "is_workday", "name", "kind")
FESTIVAL_COLUMNS = ("year", "spring_festival", "qingming", "dragon_boat", "mid_autumn")
KINDS: Mapping[str, bool] = {"workday": True, "weekend": False, "holiday": False, "makeup": True}
"""Whether a day of a kind is worked."""
SATURDAY = 5
WORKDAYS_A_WEEK = 5
STATUTORY_DAYS = 13
ONE_DAY = timedelta(days=1)


class CalendarFileError(ValueError):
    """A calendar file is wrong: the line, and what is wrong with it, as a pair."""

    def __init__(self, line: int, zh: str, en: str) -> None:
        super().__init__(f"line {line}: {en}")
        self.line, self.zh, self.en = line, zh, en


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day that differs from the week's rhythm, or bears a name."""

    day: date
    is_workday: bool
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """What a file says.

    Attributes:
        years: those it announces: it lists their 1 January.
        days: its exceptions, in order.
        plain: days it lists that follow the week's rhythm.
    """

    years: tuple[int, ...]
    days: tuple[CalendarDay, ...]
    plain: tuple[date, ...]


def follows_rhythm(day: date, *, is_workday: bool) -> bool:
    """Whether the day is what the week alone would make it."""
    return is_workday == (day.weekday() < SATURDAY)


def read_calendar(text: str) -> CalendarFile:
    """Reads a calendar file (columns `date,is_workday,name,kind`; a byte-order mark is let pass).

    Raises:
        CalendarFileError: columns, dates, kinds, repeats; or an announced year without its thirteen statutory days.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if tuple(rows.fieldnames or ()) != COLUMNS:
        names = ", ".join(COLUMNS)
        raise CalendarFileError(1, f"列须为 {names}", f"the columns must be {names}")
    found: dict[date, CalendarDay] = {}
    for row in rows:
        one = _read_row(rows.line_num, row)
        if one.day in found:
            raise CalendarFileError(rows.line_num, f"{one.day} 出现了两次", f"{one.day} stands there twice")
        found[one.day] = one
    years = tuple(sorted(day.year for day in found if (day.month, day.day) == (1, 1)))
    if not years:
        raise CalendarFileError(1, "没有列出任何一年的 1 月 1 日", "no year's 1 January is listed")
    for year in years:
        off = sum(one.kind == "holiday" for one in found.values() if one.day.year == year)
        if off < STATUTORY_DAYS:
            raise CalendarFileError(
                1,
                f"{year} 年只列了 {off} 天假日,法定假日就有 {STATUTORY_DAYS} 天",
                f"{year} has only {off} holidays; {STATUTORY_DAYS} are statutory",
            )
    plain = tuple(sorted(one.day for one in found.values() if one.kind in ("workday", "weekend")))
    days = tuple(
        sorted((one for one in found.values() if one.day not in set(plain)), key=lambda one: one.day)
    )
    return CalendarFile(years, days, plain)


def _read_row(line: int, row: Mapping[str, str | None]) -> CalendarDay:
    text, worked, kind = (
        (row["date"] or "").strip(),
        (row["is_workday"] or "").strip(),
        (row["kind"] or "").strip(),
    )
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CalendarFileError(
            line, f"“{text}”不是日期,写法如 2027-01-01", f"{text!r} is no date such as 2027-01-01"
        ) from error
    if kind not in KINDS or worked not in ("0", "1") or KINDS[kind] != (worked == "1"):
        raise CalendarFileError(
            line,
            "is_workday 为 1 时 kind 须是 workday 或 makeup,为 0 时须是 weekend 或 holiday",
            "is_workday 1 goes with kind workday or makeup, 0 with weekend or holiday",
        )
    weekend = day.weekday() >= SATURDAY
    if (kind in ("workday",) and weekend) or (kind in ("weekend", "makeup") and not weekend):
        raise CalendarFileError(
            line,
            f"{day} 是星期{'一二三四五六日'[day.weekday()]},与 {kind} 不符",
            f"{day} is a {day:%A}, which does not go with {kind}",
        )
    checked: Kind = (
        "workday"
        if kind == "workday"
        else "weekend"
        if kind == "weekend"
        else "holiday"
        if kind == "holiday"
        else "makeup"
    )
    return CalendarDay(day, worked == "1", (row["name"] or "").strip(), checked)


@dataclass(frozen=True, slots=True)
class Festivals:
    """The statutory days of one year that the sun and the moon fix."""

    spring_festival: date
    qingming: date
    dragon_boat: date
    mid_autumn: date


def read_festivals(text: str) -> dict[int, Festivals]:
    """Reads the festival file, by year.

    Raises:
        ValueError: it is not that file (it is the program's own data).
    """
    rows = csv.DictReader(io.StringIO(text))
    if tuple(rows.fieldnames or ()) != FESTIVAL_COLUMNS:
        raise ValueError("not the festival file")
    return {
        int(row["year"]): Festivals(*(date.fromisoformat(row[name]) for name in FESTIVAL_COLUMNS[1:]))
        for row in rows
    }


def provisional_year(year: int, festivals: Festivals) -> list[CalendarDay]:
    """A year as far as the law alone fixes it (放假办法 2024, art. 2 and 5): no bridges, no make-up working days.

    A statutory day that falls on a Saturday or Sunday is made good on the next working day after it.
    """
    eve = festivals.spring_festival - ONE_DAY
    named = [
        (date(year, 1, 1), "元旦"),
        *((eve + timedelta(days=n), "春节") for n in range(4)),
        (festivals.qingming, "清明节"),
        (date(year, 5, 1), "劳动节"),
        (date(year, 5, 2), "劳动节"),
        (festivals.dragon_boat, "端午节"),
        (festivals.mid_autumn, "中秋节"),
        *((date(year, 10, n), "国庆节") for n in (1, 2, 3)),
    ]
    off = dict(reversed(named))
    for day, name in sorted(off.items()):
        if day.weekday() >= SATURDAY:
            instead = day
            while instead.weekday() >= SATURDAY or instead in off:
                instead += ONE_DAY
            off[instead] = f"{name}补假"
    return [CalendarDay(day, False, name, "holiday") for day, name in sorted(off.items())]


class Workdays:
    """Counts over the week's rhythm and its exceptions; immutable.

    Args:
        exceptions: day → whether it is worked; days that follow the rhythm do no harm.
    """

    def __init__(self, exceptions: Mapping[date, bool]) -> None:
        self._exceptions = {
            day.toordinal(): worked
            for day, worked in exceptions.items()
            if not follows_rhythm(day, is_workday=worked)
        }
        self._off = sorted(day for day, worked in self._exceptions.items() if not worked)
        self._on = sorted(day for day, worked in self._exceptions.items() if worked)

    def is_workday(self, day: date) -> bool:
        """Whether a day is worked."""
        return self._exceptions.get(day.toordinal(), day.weekday() < SATURDAY)

    def end_of(self, start: date, workdays: int) -> date:
        """The day `workdays` working days after `start`; for 0 `start` itself, or the next working day.

        Raises:
            ValueError: fewer than 0.
        """
        if workdays < 0:
            raise ValueError(f"a limit of {workdays} working days")
        day = start
        for _ in range(workdays):
            day = self.next_workday(day + ONE_DAY)
        return self.next_workday(day)

    def next_workday(self, day: date) -> date:
        """The day itself when it is worked, else the first worked day after it."""
        while not self.is_workday(day):
            day += ONE_DAY
        return day

    def between(self, start: date, end: date) -> int:
        """Working days in (start, end]; 0 when `end` is not after `start`."""
        if end <= start:
            return 0
        first, last = start.toordinal(), end.toordinal()
        return (
            _weekdays_until(last)
            - _weekdays_until(first)
            - (bisect_right(self._off, last) - bisect_right(self._off, first))
            + (bisect_right(self._on, last) - bisect_right(self._on, first))
        )

    def differing(self, other: Workdays, days: Iterable[date]) -> tuple[date, ...]:
        """Which of the days are worked in only one of the two calendars, in order."""
        return tuple(sorted(day for day in set(days) if self.is_workday(day) != other.is_workday(day)))


def _weekdays_until(ordinal: int) -> int:
    """Mondays to Fridays among the days with an ordinal of 1 (a Monday) to `ordinal`."""
    weeks, rest = divmod(ordinal, 7)
    return weeks * WORKDAYS_A_WEEK + min(rest, WORKDAYS_A_WEEK)
