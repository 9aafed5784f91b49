"""Judging facts again: each rule with what keeps it and what breaks it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from federation.audit import Opened
from node.audit.rejudging import Judgement, Rulebook, Subject, rejudge, rejudge_together
from node.audit.rulebook import targets_of
from node.cases.states import TABLE

CODE = "320623101001"
AT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)  # a Tuesday, 9:02 in the office
SUBJECT = Subject(CODE, "village", AT + timedelta(minutes=5))


def due(start: date, days: int) -> date:
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def between(start: date, end: date) -> int:
    return sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, (end - start).days + 1))


BOOK = Rulebook(targets_of, due, between, lambda version, clock, level: 5 if version == "known" else None)


def fact(**changed: Any) -> dict[str, Any]:
    made = {
        "v": 1,
        "id": "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11",
        "type": "case.submit",
        "at": "2026-11-24T01:02:03Z",
        "day": "2026-11-24",
        "actor": "applicant",
        "post": "",
        "case": "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11",
        "from": "DRAFT",
        "to": "RECEIVED",
        "item_version": "known",
        "number": f"{CODE}2026112400001",
        "clocks": [clock()],
    }
    return {name: value for name, value in {**made, **changed}.items() if value is not None}


def clock(**changed: Any) -> dict[str, Any]:
    return {"id": "T1", "started_on": "2026-11-24", "used_days": 0, "due_on": "2026-12-01", **changed}


def verdicts(**changed: Any) -> dict[str, bool | None]:
    return {one.rule: one.holds for one in rejudge(fact(**changed), SUBJECT, BOOK)}


def test_a_good_fact_holds_by_every_rule() -> None:
    assert verdicts() == {
        "form": True,
        "day": True,
        "dated": True,
        "transition": True,
        "clock": True,
        "number": True,
    }


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"actor": "李芳"}, "form"),
        ({"at": "2026-13-24T01:02:03Z"}, "form"),
        ({"at": "2026-02-31T01:02:03Z"}, "form"),
        ({"at": "9999-12-31T23:59:59Z"}, "form"),
        ({"day": "0001-01-01"}, "form"),
        ({"clocks": [clock(started_on="0001-01-01")]}, "clock"),
        ({"day": "2026-11-23", "number": None, "clocks": None}, "day"),
        ({"at": "2026-11-24T01:09:00Z"}, "dated"),
        ({"to": "ACCEPTED"}, "transition"),
        ({"from": "NOWHERE"}, "transition"),
        ({"clocks": [clock(due_on="2026-12-02")]}, "clock"),
        ({"clocks": [clock(started_on="2026-11-25")]}, "clock"),
        ({"clocks": [clock(used_days=1)]}, "clock"),
        ({"clocks": [clock(started_on="2026-11-31")]}, "clock"),
        ({"number": f"{CODE}2026112300001"}, "number"),
        ({"number": f"320623101002{'20261124'}00001"}, "number"),
        ({"number": f"{CODE}2026112400000"}, "number"),
    ],
)
def test_a_fact_that_breaks_a_rule_is_found_by_that_rule(changed: dict[str, Any], rule: str) -> None:
    assert [name for name, holds in verdicts(**changed).items() if holds is False] == [rule]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"type": "case.result_in", "number": None}, "transition"),
        ({"item_version": "nobody knows it"}, "clock"),
        ({"clocks": [clock(started_on="2026-11-20", used_days=2, due_on="2026-11-27")]}, "clock"),
        ({"clocks": [clock(due_on=None)]}, "clock"),
    ],
)
def test_what_cannot_be_told_is_no_difference(changed: dict[str, Any], rule: str) -> None:
    assert verdicts(**changed)[rule] is None


def test_facts_beside_cases_are_judged_by_form_and_time_alone() -> None:
    found = verdicts(
        type="staff.signed_in", case=None, number=None, clocks=None, **{"from": None, "to": None}
    )
    assert found == {"form": True, "day": True, "dated": True}


def test_every_row_of_the_table_is_legal_and_the_record_says_both_states() -> None:
    for row in TABLE:
        found = rejudge(
            fact(**{"type": f"case.{row.act}", "from": row.source, "to": row.target, "number": None}),
            SUBJECT,
            BOOK,
        )
        assert Judgement("transition", f"{row.source} → {row.target}", found[3].should, True) == found[3]


def opened(index: int, **changed: Any) -> Opened:
    return Opened(index, b"", fact(**changed))


def test_a_fact_dated_before_the_cosignature_preceding_it_is_antedated() -> None:
    heads = [(10, AT + timedelta(minutes=2)), (3, AT - timedelta(hours=1))]
    found = rejudge_together([opened(10), opened(9, number=None)], heads)
    assert found == {10: [Judgement("antedated", "2026-11-24T01:02:03Z", "≥ 2026-11-24T01:04:03Z", False)]}


def test_running_numbers_do_not_repeat_and_leave_no_gap_that_entries_cannot_fill() -> None:
    facts = [
        opened(0, number=f"{CODE}2026112400001"),
        opened(5, number=f"{CODE}2026112400001"),
        opened(6, number=f"{CODE}2026112400009"),
        opened(9, number=f"{CODE}2026112400010"),
    ]
    found = rejudge_together(facts, [])
    assert sorted(found) == [5, 6]
    assert found[6] == [Judgement("counters", f"{CODE}20261124 9", f"{CODE}20261124 > 1 at 5", False)]
