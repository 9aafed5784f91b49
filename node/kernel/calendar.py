"""The work calendar of the node: stored by year with version and source, counted in memory (requirements.md §2.4).

A year is official once the State Council's notice for it was imported, provisional before: whatever is due in it may
still move. The days are pinned in the tables, so an upgrade of the program never moves a deadline by itself; only an
import does, which is written down and says which days changed. A node may set days of its own (local holidays,
closures); they win over the nation's.

`WorkCalendar` is loaded once and shared by threads; `refresh` reads the tables again when an import of any process
changed them. It is `node.cases.clocks.Workdays`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from typing import Literal

from sqlalchemy import BigInteger, Date, Integer, String, Text, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from node.kernel.calendar_problems import calendar_file
from node.kernel.database import Base, Database, UtcDateTime
from node.kernel.sql import upsert
from node.kernel.workday_rules import (
    CalendarDay,
    CalendarFile,
    CalendarFileError,
    Workdays,
    provisional_year,
    read_calendar,
    read_festivals,
)

Status = Literal["official", "provisional", "unknown"]
NATION, LOCAL = "nation", "local"
BUILT_IN = "国务院办公厅节假日安排通知(随程序附带)"
STATUTORY = "全国年节及纪念日放假办法(2024),推定"


class CalendarDayRow(Base):
    """A day that differs from the week's rhythm or bears a name; a `local` one wins over the `nation`'s."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    scope: Mapped[str] = mapped_column(String(8), primary_key=True)
    is_workday: Mapped[bool]
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(8))


class CalendarYearRow(Base):
    """One year and where it comes from; `version` counts its changes, from 1."""

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CalendarChangeRow(Base):
    """One import or local change, kept for ever."""

    __tablename__ = "calendar_change"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    years: Mapped[str] = mapped_column(Text)
    changed_days: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class CalendarStatus:
    """How a year stands. `version` 0 and status `unknown` when the node knows no more of it than weekends."""

    year: int
    status: Status
    source: str
    version: int
    workdays: int


@dataclass(frozen=True, slots=True)
class CalendarImport:
    """What an import did.

    Attributes:
        years: the years that are official by it.
        changed: days that were worked before and are not now, or the other way round: limits over them move.
    """

    years: tuple[int, ...]
    changed: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class _Pages:
    """What is known at one time; replaced as a whole."""

    counts: Workdays
    days: Mapping[date, CalendarDay]
    years: Mapping[int, tuple[Status, str, int]]
    revision: int


def _make_pages(
    days: Iterable[CalendarDay], years: Mapping[int, tuple[Status, str, int]], revision: int = 0
) -> _Pages:
    known = {one.day: one for one in days}
    return _Pages(Workdays({day: one.is_workday for day, one in known.items()}), known, dict(years), revision)


class WorkCalendar:
    """The node's working days, in memory; safe for many threads (what is read is replaced in one step).

    Args:
        database: read at the first question, and by `refresh`; `seed_calendar` has filled it.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._database = database
        self._read: _Pages | None = None

    @classmethod
    def of(cls, days: Iterable[CalendarDay], years: Mapping[int, tuple[Status, str, int]]) -> WorkCalendar:
        """A calendar of given days, without a database."""
        calendar = cls()
        calendar._read = _make_pages(days, years)
        return calendar

    @classmethod
    def load(cls, session: Session) -> WorkCalendar:
        """The calendar as the tables have it within a session."""
        calendar = cls()
        calendar._read = _read_pages(session)
        return calendar

    def refresh(self, session: Session | None = None) -> bool:
        """Reads the tables again if they changed; returns whether they had.

        Args:
            session: sees what its own transaction wrote; what is committed when None.
        """
        if session is None:
            if self._database is None:
                return False
            with self._database.reading() as reader:
                return self.refresh(reader)
        if self._read is not None and _revision(session) == self._read.revision:
            return False
        self._read = _read_pages(session)
        return True

    @property
    def _pages(self) -> _Pages:
        if self._read is None:
            self.refresh()
        pages = self._read
        if pages is None:
            raise RuntimeError("a work calendar without days and without a database")
        if len(pages.years) == 0:
            self._read = None  # not filled yet: look again at the next question
        return pages

    @property
    def workdays(self) -> Workdays:
        """The counting itself."""
        return self._pages.counts

    def due(self, start: date, workdays: int) -> tuple[date, bool]:
        """The day `workdays` working days after `start` (not counted), and whether a later import may move it."""
        end = self._pages.counts.end_of(start, workdays)
        return end, not all(self.is_official(year) for year in range(start.year, end.year + 1))

    def between(self, start: date, end: date) -> int:
        """Working days in (start, end]."""
        return self._pages.counts.between(start, end)

    def is_workday(self, day: date) -> bool:
        """Whether a day is worked."""
        return self._pages.counts.is_workday(day)

    def name_of(self, day: date) -> str:
        """The day's own name (国庆节, 春节调休上班 …); "" when it has none."""
        one = self._pages.days.get(day)
        return "" if one is None else one.name

    def is_official(self, year: int) -> bool:
        """Whether the year has been announced."""
        return self._pages.years.get(year, ("unknown", "", 0))[0] == "official"

    def calendar_status(self, year: int) -> CalendarStatus:
        """How a year stands."""
        pages = self._pages
        status, source, version = pages.years.get(year, ("unknown", "", 0))
        workdays = pages.counts.between(date(year - 1, 12, 31), date(year, 12, 31))
        return CalendarStatus(year, status, source, version, workdays)


def built_in_calendar() -> str:
    """The calendar file the program ships."""
    return resources.files("config").joinpath("calendars/holidays.csv").read_text(encoding="utf-8")


def built_in() -> WorkCalendar:
    """The calendar of a new node, without a database: for tests, and for what runs before one exists."""
    file = read_calendar(built_in_calendar())
    days, years = list(file.days), dict[int, tuple[Status, str, int]]()
    for year, provisional in _statutory_years(file).items():
        days += provisional
        years[year] = ("provisional", STATUTORY, 1)
    years |= dict.fromkeys(file.years, ("official", BUILT_IN, 1))
    return WorkCalendar.of(days, years)


def seed_calendar(session: Session, now: datetime) -> list[int]:
    """Gives the tables the years they do not have yet; those they have stay as they are. Returns the years added.

    A year that stands as provisional stays so even when the program now ships its notice: import it.
    """
    file = read_calendar(built_in_calendar())
    known = set(session.scalars(select(CalendarYearRow.year)))
    added = []
    for year in file.years:
        if year not in known:
            _put_year(
                session, year, [one for one in file.days if one.day.year == year], "official", BUILT_IN, now
            )
            added.append(year)
    for year, days in _statutory_years(file).items():
        if year not in known:
            _put_year(session, year, days, "provisional", STATUTORY, now)
            added.append(year)
    if added:
        _write_down(session, now, BUILT_IN, built_in_calendar(), sorted(added), ())
    return sorted(added)


def import_calendar(session: Session, text: str, *, source: str, now: datetime) -> CalendarImport:
    """Takes in a year's notice, in the caller's transaction; the same file again changes nothing.

    The caller recomputes what is due over the changed days, and records the import as a fact.

    Args:
        text: a calendar file; `config/calendars/README.md` says its form.
        source: the notice's name and number, shown wherever the year is.

    Raises:
        Problem: `calendar-file`, with line and reason.
    """
    try:
        file = read_calendar(text)
    except CalendarFileError as error:
        raise calendar_file(error.line, error.zh, error.en) from error
    before = WorkCalendar.load(session)
    stood = _days(session, NATION)
    for year in file.years:
        days = [one for one in file.days if one.day.year == year]
        same = days == [one for one in stood if one.day.year == year]
        if not (same and before.is_official(year) and before.calendar_status(year).source == source):
            _put_year(session, year, days, "official", source, now)
    _put_single_days(session, file)
    session.flush()
    after = WorkCalendar.load(session)
    touched = [*before._pages.days, *after._pages.days]
    changed = before.workdays.differing(after.workdays, touched)
    if changed or any(after.calendar_status(year) != before.calendar_status(year) for year in file.years):
        _write_down(session, now, source, text, file.years, changed)
    return CalendarImport(file.years, changed)


def set_local_day(
    session: Session, day: date, *, is_workday: bool | None, name: str, source: str, now: datetime
) -> bool:
    """A day of this node's own: a local holiday, a closure. None takes it back. Returns whether limits may move."""
    before = WorkCalendar.load(session).is_workday(day)
    if is_workday is None:
        session.execute(
            delete(CalendarDayRow).where(CalendarDayRow.day == day, CalendarDayRow.scope == LOCAL)
        )
    else:
        _put_day(session, CalendarDay(day, is_workday, name, "makeup" if is_workday else "holiday"), LOCAL)
    session.flush()
    moved = WorkCalendar.load(session).is_workday(day) != before
    _write_down(session, now, source, f"{day} {is_workday} {name}", (day.year,), (day,) if moved else ())
    return moved


def _statutory_years(file: CalendarFile) -> dict[int, list[CalendarDay]]:
    text = resources.files("config").joinpath("calendars/festivals.csv").read_text(encoding="utf-8")
    return {
        year: provisional_year(year, festivals)
        for year, festivals in read_festivals(text).items()
        if year not in file.years
    }


def _put_year(
    session: Session, year: int, days: list[CalendarDay], status: Status, source: str, now: datetime
) -> None:
    first, last = date(year, 1, 1), date(year, 12, 31)
    in_year = CalendarDayRow.day.between(first, last)
    session.execute(delete(CalendarDayRow).where(in_year, CalendarDayRow.scope == NATION))
    session.execute(insert(CalendarDayRow), [_row(one, NATION) for one in days])
    version = session.scalar(select(CalendarYearRow.version).where(CalendarYearRow.year == year)) or 0
    row = {"year": year, "status": status, "source": source, "version": version + 1, "set_at": now}
    upsert(session, CalendarYearRow, row, ("year",))


def _put_single_days(session: Session, file: CalendarFile) -> None:
    """Days of years the file does not announce: each changes alone."""
    for one in file.days:
        if one.day.year not in file.years:
            _put_day(session, one, NATION)
    gone = [day for day in file.plain if day.year not in file.years]
    session.execute(
        delete(CalendarDayRow).where(CalendarDayRow.day.in_(gone), CalendarDayRow.scope == NATION)
    )


def _put_day(session: Session, one: CalendarDay, scope: str) -> None:
    upsert(session, CalendarDayRow, _row(one, scope), ("day", "scope"))


def _row(one: CalendarDay, scope: str) -> dict[str, object]:
    return {"day": one.day, "scope": scope, "is_workday": one.is_workday, "name": one.name, "kind": one.kind}


def _write_down(
    session: Session, now: datetime, source: str, text: str, years: Iterable[int], changed: Iterable[date]
) -> None:
    session.add(
        CalendarChangeRow(
            at=now,
            source=source,
            digest=hashlib.sha256(text.encode("utf-8")).hexdigest(),
            years=",".join(str(year) for year in years),
            changed_days=",".join(day.isoformat() for day in changed),
        )
    )
    session.flush()


def _days(session: Session, *scopes: str) -> list[CalendarDay]:
    """Stored days, the nation's first, so that a local one wins."""
    query = (
        select(CalendarDayRow)
        .where(CalendarDayRow.scope.in_(scopes or (NATION, LOCAL)))
        .order_by(CalendarDayRow.scope.desc(), CalendarDayRow.day)
    )
    return [
        CalendarDay(row.day, row.is_workday, row.name, "makeup" if row.is_workday else "holiday")
        for row in session.scalars(query.execution_options(populate_existing=True))
    ]


def _years(session: Session) -> dict[int, tuple[Status, str, int]]:
    rows = session.scalars(select(CalendarYearRow).execution_options(populate_existing=True))
    return {
        row.year: ("official" if row.status == "official" else "provisional", row.source, row.version)
        for row in rows
    }


def _read_pages(session: Session) -> _Pages:
    return _make_pages(_days(session), _years(session), _revision(session))


def _revision(session: Session) -> int:
    return int(session.scalar(select(func.max(CalendarChangeRow.id))) or 0)
