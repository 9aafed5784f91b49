"""Leases: one holder at a time, free after its end, and no late holder's write gets through."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.kernel.leases import LeaseLostError, LeaseRow, acquire, held, new_holder, release, require_held
from node.kernel.sql import insert_absent

TTL = timedelta(seconds=60)
NAME = "ledger.sequencer"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock("2026-11-24T09:00:00+08:00")


def take(database: Database, clock: FixedClock, holder: str) -> bool:
    with database.transaction() as session:
        return acquire(session, NAME, holder, clock.now(), TTL)


def test_only_one_holds_a_lease_and_may_renew_it(database: Database, clock: FixedClock) -> None:
    assert take(database, clock, "a")
    assert not take(database, clock, "b")
    clock.advance(seconds=59)
    assert take(database, clock, "a")
    clock.advance(seconds=59)
    assert not take(database, clock, "b")


def test_a_lease_is_free_from_its_end_on(database: Database, clock: FixedClock) -> None:
    take(database, clock, "a")
    clock.advance(TTL)
    assert take(database, clock, "b")
    assert not take(database, clock, "a")


def test_a_lease_given_back_is_free_and_only_its_holder_gives_it_back(
    database: Database, clock: FixedClock
) -> None:
    take(database, clock, "a")
    with database.transaction() as session:
        release(session, NAME, "b")
    assert not take(database, clock, "b")
    with database.transaction() as session:
        release(session, NAME, "a")
    assert take(database, clock, "b")


def test_a_late_holders_work_is_not_committed(database: Database, clock: FixedClock) -> None:
    def work(holder: str, name: str) -> None:
        with database.transaction() as session:
            session.add(LeaseRow(name=name, holder=holder, until=clock.now()))
            require_held(session, NAME, holder, clock.now())

    take(database, clock, "a")
    work("a", "in time")
    clock.advance(TTL)
    with pytest.raises(LeaseLostError):
        work("a", "too late")
    take(database, clock, "b")
    with pytest.raises(LeaseLostError):
        work("a", "too late")
    work("b", "the next")
    with database.reading() as session:
        names = set(session.scalars(select(LeaseRow.name)))
    assert names == {NAME, "in time", "the next"}
    with pytest.raises(LeaseLostError), database.transaction() as session:
        require_held(session, "unknown", "a", clock.now())


def test_a_block_holds_its_lease_and_gives_it_back_even_when_it_fails(
    database: Database, clock: FixedClock
) -> None:
    def fail() -> None:
        with held(database, clock, NAME, holder="a") as got:
            assert got
            with held(database, clock, NAME, holder="b") as second:
                assert not second
            assert not take(database, clock, "c")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert take(database, clock, "c")


def test_of_many_at_once_one_gets_it(database: Database, clock: FixedClock) -> None:
    got: list[bool] = []

    def want(holder: str) -> None:
        got.append(take(database, clock, holder))

    threads = [threading.Thread(target=want, args=(f"h{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 5 + [True]


def test_every_holder_has_a_name_of_its_own() -> None:
    assert len({new_holder() for _ in range(100)}) == 100


def test_insert_absent_says_whether_it_inserted(database: Database, clock: FixedClock) -> None:
    row = {"name": "x", "holder": "a", "until": clock.now()}
    with database.transaction() as session:
        assert insert_absent(session, LeaseRow, row, ("name",))
        assert not insert_absent(session, LeaseRow, {**row, "holder": "b"}, ("name",))
        assert session.get_one(LeaseRow, "x").holder == "a"
