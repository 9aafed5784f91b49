"""Timers: fired once when due, moved, cancelled, tried again after a failure, shared by workers."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from node.kernel.clock import FixedClock
from node.kernel.database import Base, Database
from node.kernel.timers import (
    RETRY_FIRST_S,
    RETRY_LONGEST_S,
    Run,
    Timer,
    TimerRunner,
    cancel_timer,
    due_at,
    failing,
    overdue_count,
    set_timer,
)

HOUR = timedelta(hours=1)


class FiredRow(Base):
    """What the handlers of these tests write."""

    __tablename__ = "test_fired"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120))


class Broken(Exception):
    """What a handler stumbles over."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock("2026-11-24T09:00:00+08:00")


def note(session: Session, timer: Timer) -> None:
    session.add(FiredRow(kind=timer.kind, subject=timer.subject))
    session.flush()


def note_and_fail(session: Session, timer: Timer) -> None:
    note(session, timer)
    raise Broken(timer.subject)


def runner(database: Database, clock: FixedClock) -> TimerRunner:
    return TimerRunner(database, clock, {"T1": note, "T2": note, "bad": note_and_fail})


def fired(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        rows = session.execute(select(FiredRow.kind, FiredRow.subject).order_by(FiredRow.id))
        return [(kind, subject) for kind, subject in rows]


def put(database: Database, clock: FixedClock, kind: str, subject: str, after: timedelta = HOUR) -> str:
    with database.transaction() as session:
        return set_timer(session, kind, subject, clock.now() + after)


def test_a_timer_fires_once_when_it_is_due_and_not_before(database: Database, clock: FixedClock) -> None:
    put(database, clock, "T1", "case-1")
    timers = runner(database, clock)
    assert timers.run_due() == Run(0, 0)
    clock.advance(HOUR)
    assert timers.run_due() == Run(1, 0)
    assert timers.run_due() == Run(0, 0)
    assert fired(database) == [("T1", "case-1")]


def test_the_longest_due_fires_first(database: Database, clock: FixedClock) -> None:
    for hours in (3, 1, 2):
        put(database, clock, "T1", f"case-{hours}", hours * HOUR)
    clock.advance(4 * HOUR)
    timers = runner(database, clock)
    assert timers.run_due(limit=2) == Run(2, 0)
    timers.run_due()
    assert [subject for _, subject in fired(database)] == ["case-1", "case-2", "case-3"]


def test_setting_a_waiting_timer_again_moves_it(database: Database, clock: FixedClock) -> None:
    first = put(database, clock, "T1", "case-1")
    assert put(database, clock, "T1", "case-1", 2 * HOUR) == first
    with database.reading() as session:
        assert due_at(session, "T1", "case-1") == clock.now() + 2 * HOUR
        assert due_at(session, "T2", "case-1") is None
    clock.advance(HOUR)
    assert runner(database, clock).run_due() == Run(0, 0)
    clock.advance(HOUR)
    assert runner(database, clock).run_due() == Run(1, 0)


def test_a_timer_that_fired_can_be_set_anew(database: Database, clock: FixedClock) -> None:
    for _ in range(2):
        put(database, clock, "T1", "case-1")
        clock.advance(HOUR)
        runner(database, clock).run_due()
    assert fired(database) == [("T1", "case-1")] * 2


def test_a_cancelled_timer_does_not_fire(database: Database, clock: FixedClock) -> None:
    put(database, clock, "T1", "case-1")
    put(database, clock, "T2", "case-1")
    with database.transaction() as session:
        assert cancel_timer(session, "T1", "case-1", clock.now())
        assert not cancel_timer(session, "T1", "case-1", clock.now())
    clock.advance(HOUR)
    runner(database, clock).run_due()
    assert fired(database) == [("T2", "case-1")]


def test_a_timer_set_in_a_transaction_that_failed_is_not_set(database: Database, clock: FixedClock) -> None:
    def set_and_fail() -> None:
        with database.transaction() as session:
            set_timer(session, "T1", "case-1", clock.now())
            raise LookupError

    with pytest.raises(LookupError):
        set_and_fail()
    assert runner(database, clock).run_due() == Run(0, 0)


def test_a_failure_undoes_its_work_shows_and_is_tried_at_growing_intervals(
    database: Database, clock: FixedClock
) -> None:
    put(database, clock, "bad", "case-1")
    put(database, clock, "T1", "case-2")
    clock.advance(HOUR)
    timers = runner(database, clock)
    assert timers.run_due() == Run(1, 1)
    assert fired(database) == [("T1", "case-2")]
    waits = []
    for _ in range(10):
        with database.reading() as session:
            [row] = failing(session)
        assert row.last_error == "Broken: case-1"
        waits.append((row.try_at - clock.now()).total_seconds())
        clock.set(row.try_at - timedelta(seconds=1))
        assert timers.run_due() == Run(0, 0)
        clock.advance(seconds=1)
        assert timers.run_due() == Run(0, 1)
    assert waits == [min(RETRY_FIRST_S * 2**n, RETRY_LONGEST_S) for n in range(10)]


def test_setting_a_failing_timer_again_gives_it_a_fresh_start(database: Database, clock: FixedClock) -> None:
    put(database, clock, "bad", "case-1", timedelta())
    runner(database, clock).run_due()
    put(database, clock, "bad", "case-1", timedelta())
    with database.reading() as session:
        assert failing(session) == []


def test_a_kind_nobody_handles_waits_and_is_counted(database: Database, clock: FixedClock) -> None:
    put(database, clock, "of-tomorrow", "case-1", timedelta())
    assert runner(database, clock).run_due() == Run(0, 0)
    with database.reading() as session:
        assert overdue_count(session, clock.now()) == 1
        assert overdue_count(session, clock.now() - HOUR) == 0


def test_several_workers_fire_each_timer_once(database: Database, clock: FixedClock) -> None:
    for number in range(30):
        put(database, clock, "T1", f"case-{number:02d}", timedelta())
    runs: list[Run] = []

    def work() -> None:
        runs.append(runner(database, clock).run_due())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(run.fired for run in runs) == 30
    assert sum(run.failed for run in runs) == 0
    assert sorted(subject for _, subject in fired(database)) == [f"case-{n:02d}" for n in range(30)]
