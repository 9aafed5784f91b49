"""Case clocks: start day not counted, pauses merge, consumption equals working days outside pauses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.cases import clocks


class WeekdayCalendar:
    """Monday to Friday; everything certain before 2027."""

    def due(self, start: date, workdays: int) -> tuple[date, bool]:
        day = start
        while workdays > 0:
            day += timedelta(days=1)
            workdays -= day.weekday() < 5
        while day.weekday() >= 5:
            day += timedelta(days=1)
        return day, day.year > 2026

    def between(self, start: date, end: date) -> int:
        return sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, (end - start).days + 1))


CALENDAR = WeekdayCalendar()
TUESDAY = date(2026, 11, 24)


def test_the_start_day_is_not_counted() -> None:
    clock = clocks.start("T1", 5, TUESDAY, CALENDAR)
    assert clock.due_on == date(2026, 12, 1)
    assert clocks.used(clock, TUESDAY, CALENDAR) == 0


def test_the_due_day_is_in_time_and_the_next_is_not() -> None:
    clock = clocks.start("T1", 5, TUESDAY, CALENDAR)
    assert not clocks.overdue(clock, date(2026, 12, 1))
    assert clocks.overdue(clock, date(2026, 12, 2))


def test_a_paused_clock_has_no_due_day_and_consumes_nothing() -> None:
    clock = clocks.start("T2", 20, TUESDAY, CALENDAR)
    paused = clocks.pause(clock, date(2026, 11, 26), CALENDAR)
    assert (paused.state, paused.due_on, paused.used_days) == ("paused", None, 2)
    assert clocks.pause(paused, date(2026, 12, 10), CALENDAR) == paused
    resumed = clocks.resume(paused, date(2026, 12, 7), CALENDAR)
    assert resumed.due_on == CALENDAR.due(date(2026, 12, 7), 18)[0]


def test_days_used_below_are_carried_into_the_run_above() -> None:
    clock = clocks.start("T2p", 10, TUESDAY, CALENDAR, used_days=4)
    assert clock.due_on == CALENDAR.due(TUESDAY, 6)[0]
    assert clocks.used(clock, date(2026, 11, 25), CALENDAR) == 5


def test_an_extension_moves_the_due_day_once_by_its_days() -> None:
    clock = clocks.start("T2", 20, TUESDAY, CALENDAR)
    assert clocks.extend(clock, 10, CALENDAR).due_on == CALENDAR.due(TUESDAY, 30)[0]


def test_a_due_day_beyond_the_published_calendar_is_provisional() -> None:
    assert clocks.start("T2", 60, TUESDAY, CALENDAR).provisional


def test_a_stopped_clock_stays_stopped() -> None:
    clock = clocks.stop(clocks.start("T1", 5, TUESDAY, CALENDAR), date(2026, 11, 25), CALENDAR)
    assert clock.state == "stopped"
    assert clocks.stop(clock, date(2026, 12, 25), CALENDAR) == clock
    assert not clocks.overdue(clock, date(2027, 12, 25))


def test_a_transition_turns_only_the_clocks_it_names() -> None:
    running = (clocks.start("T1", 5, TUESDAY, CALENDAR),)
    turned = clocks.turn(
        running,
        starts={"T2": 20, "T2p": 7},
        stops=("T1",),
        pauses=(),
        resumes=(),
        on=TUESDAY,
        calendar=CALENDAR,
    )
    assert [(clock.id, clock.state) for clock in turned] == [
        ("T1", "stopped"),
        ("T2", "running"),
        ("T2p", "running"),
    ]


@given(st.lists(st.tuples(st.sampled_from(["pause", "resume"]), st.integers(0, 9)), max_size=12))
def test_consumption_equals_working_days_outside_pauses(steps: list[tuple[str, int]]) -> None:
    """Against an independent count, day by day: a working day counts if the clock ran at its close."""
    clock = clocks.start("T2", 20, TUESDAY, CALENDAR)
    day, running, counted = TUESDAY, True, 0
    for act, wait in steps:
        for _ in range(wait):
            day += timedelta(days=1)
            counted += running and day.weekday() < 5
        clock = (clocks.pause if act == "pause" else clocks.resume)(clock, day, CALENDAR)
        running = act == "resume"
    assert clocks.used(clock, day, CALENDAR) == counted


@pytest.mark.parametrize("days", [0, 1, 5, 20])
def test_the_open_form_is_what_an_event_carries(days: int) -> None:
    clock = clocks.start("T2", days, TUESDAY, CALENDAR)
    assert clocks.open_form(clock, TUESDAY, CALENDAR) == {
        "id": "T2",
        "started_on": "2026-11-24",
        "used_days": 0,
        "due_on": CALENDAR.due(TUESDAY, days)[0].isoformat(),
    }


def test_a_mirrored_clock_goes_on_where_the_custodian_stated_it() -> None:
    later = TUESDAY + timedelta(days=3)
    clock = clocks.start("T2", 10, TUESDAY, CALENDAR)
    mirror = clocks.mirrored(clocks.open_form(clock, later, CALENDAR), later, CALENDAR)
    after = later + timedelta(days=4)
    assert mirror.due_on == clock.due_on
    assert clocks.used(mirror, after, CALENDAR) == clocks.used(clock, after, CALENDAR)


def test_a_mirrored_clock_that_stands_still_consumes_nothing() -> None:
    paused = clocks.pause(clocks.start("T2", 10, TUESDAY, CALENDAR), TUESDAY + timedelta(days=2), CALENDAR)
    mirror = clocks.mirrored(clocks.open_form(paused, TUESDAY, CALENDAR), TUESDAY, CALENDAR)
    assert (mirror.state, clocks.used(mirror, TUESDAY + timedelta(days=30), CALENDAR)) == ("paused", 2)
