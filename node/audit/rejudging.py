"""Judging a drawn fact again, from what stands in it: record, should be, difference; pure (requirements.md G5).

A fact carries all that a stranger needs: the act and both states, the clocks as they stood, the number, the times. What
a rule cannot tell (an item version nobody here knows, a clock carried over from another node) is left unjudged and said
so; it is never a difference.

    rule        record                     should be
    form        the fact                   of the form that `fact.v1` has
    day         day                        the local day of `at`
    dated       at                         not after the cosignature that covers it
    antedated   at                         not before the cosignature that precedes it (`federation.audit.check_dates`)
    transition  from → to                  where the declared table leads by this act
    clock       due day of a clock         counted anew over the working days
    number      registration number        this node, this day, a running number
    counters    registration number        after the one before, without a gap (`federation.audit.check_counters`)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from federation.audit import CLOCK_SLACK, Finding, Numbered, Opened, check_counters, check_dates
from federation.dating import parse_instant
from federation.errors import TrustError
from federation.schema import SchemaError, check
from node.kernel.clock import format_utc, local_date

FACT_SCHEMA = "fact.v1"
CASE = "case."
REGISTRATION = "case.submit"
NUMBER_DIGITS = 25
YEARS = range(2000, 2101)
"""Days outside of these are no days of this network, and no calendar counts them."""
_SERIES_DIGITS = 20


@dataclass(frozen=True)
class Rulebook:
    """What facts are judged by. Each function says None where it cannot tell.

    Attributes:
        targets: (act, status before) → the statuses it may lead to; None for what is no act of the table.
        due: (start, working days) → due day.
        between: working days in (start, end].
        clock_days: (item version, clock, level) → working days a clock is given.
    """

    targets: Callable[[str, str], frozenset[str] | None]
    due: Callable[[date, int], date]
    between: Callable[[date, date], int]
    clock_days: Callable[[str, str, str], int | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose facts they are, and when the head over them was cosigned."""

    code: str
    level: str
    cosigned_at: datetime


@dataclass(frozen=True, slots=True)
class Judgement:
    """One rule put to one fact.

    Attributes:
        holds: None where it could not be judged.
    """

    rule: str
    record: str
    should: str
    holds: bool | None


def rejudge(fact: Mapping[str, Any], subject: Subject, book: Rulebook) -> list[Judgement]:
    """Put every rule to a fact that one can put to it alone, in the order of the table above."""
    try:
        check(FACT_SCHEMA, dict(fact))
    except SchemaError as error:
        return [Judgement("form", error.detail, FACT_SCHEMA, False)]
    made = [Judgement("form", FACT_SCHEMA, FACT_SCHEMA, True)]
    times = _times(fact)
    if times is None:
        return [Judgement("form", f"at {fact['at']}, day {fact['day']}", FACT_SCHEMA, False)]
    at, day = times
    should = local_date(at)
    made.append(Judgement("day", day.isoformat(), should.isoformat(), day == should))
    limit = subject.cosigned_at + CLOCK_SLACK
    made.append(Judgement("dated", str(fact["at"]), f"≤ {format_utc(subject.cosigned_at)}", at <= limit))
    made += _transition(fact, book)
    made += [_clock(clock, fact, day, subject.level, book) for clock in fact.get("clocks", [])]
    made += _number(fact, day, subject.code)
    return made


def _times(fact: Mapping[str, Any]) -> tuple[datetime, date] | None:
    try:
        at, day = parse_instant(str(fact["at"])), date.fromisoformat(str(fact["day"]))
    except (TrustError, ValueError):
        return None
    return (at, day) if at.year in YEARS and day.year in YEARS else None


def rejudge_together(
    opened: Iterable[Opened], cosigned: Iterable[tuple[int, datetime]]
) -> dict[int, list[Judgement]]:
    """The rules that need more than one fact, or the heads before: index → what does not hold.

    Args:
        cosigned: (size, time) of heads of that ledger cosigned earlier.
    """
    facts = list(opened)
    found: dict[int, list[Judgement]] = {}
    for finding in check_dates(facts, cosigned):
        if finding.code == "antedated" and finding.index is not None:
            before = max((at for size, at in cosigned if size <= finding.index), default=None)
            should = "" if before is None else f"≥ {format_utc(before)}"
            found.setdefault(finding.index, []).append(Judgement("antedated", finding.detail, should, False))
    for finding in check_counters(_numbered(facts)):
        if finding.index is not None:
            found.setdefault(finding.index, []).append(_counted(finding))
    return found


def _counted(finding: Finding) -> Judgement:
    series, _, rest = finding.detail.partition(": ")
    before, _, number = rest.partition(", then ")
    return Judgement("counters", f"{series} {number}", f"{series} > {before}", False)


def _numbered(facts: Iterable[Opened]) -> list[Numbered]:
    return [
        Numbered(number[:_SERIES_DIGITS], int(number[_SERIES_DIGITS:]), one.index)
        for one in facts
        if one.fact.get("type") == REGISTRATION and _is_number(number := str(one.fact.get("number", "")))
    ]


def _is_number(text: str) -> bool:
    return len(text) == NUMBER_DIGITS and text.isascii() and text.isdigit()


def _transition(fact: Mapping[str, Any], book: Rulebook) -> list[Judgement]:
    source, target = str(fact.get("from", "")), str(fact.get("to", ""))
    type_ = str(fact["type"])
    if not type_.startswith(CASE) or source == "" or target == "":
        return []
    record = f"{source} → {target}"
    allowed = book.targets(type_.removeprefix(CASE), source)
    if allowed is None:
        return [Judgement("transition", record, "", None)]
    should = " / ".join(f"{source} → {one}" for one in sorted(allowed)) or f"{source} → —"
    return [Judgement("transition", record, should, target in allowed)]


def _clock(
    clock: Mapping[str, Any], fact: Mapping[str, Any], day: date, level: str, book: Rulebook
) -> Judgement:
    """A clock started on this day must be due as counted anew; one that ran before must at least be possible."""
    name, due_text = str(clock["id"]), clock["due_on"]
    record = f"{name} {clock['started_on']} +{clock['used_days']} → {due_text or '—'}"
    try:
        started = date.fromisoformat(str(clock["started_on"]))
        due = None if due_text is None else date.fromisoformat(str(due_text))
    except ValueError:
        started = due = date.min
    if started.year not in YEARS:
        return Judgement("clock", record, "YYYY-MM-DD", False)
    used_most = book.between(started, day)
    if started > day or int(clock["used_days"]) > used_most:
        return Judgement("clock", record, f"{name} +{used_most}", False)
    if due is None or started != day:
        return Judgement("clock", record, "", None)
    days = book.clock_days(str(fact.get("item_version", "")), name, level)
    if days is None:
        return Judgement("clock", record, "", None)
    should = book.due(started, days)
    return Judgement("clock", record, f"{name} {started} +0 → {should}", due == should)


def _number(fact: Mapping[str, Any], day: date, code: str) -> list[Judgement]:
    number = str(fact.get("number", ""))
    if fact["type"] != REGISTRATION or number == "":
        return []
    should = f"{code}{day:%Y%m%d}"
    holds = _is_number(number) and number.startswith(should) and int(number[_SERIES_DIGITS:]) > 0
    return [Judgement("number", number, f"{should}NNNNN", holds)]
