"""Followers: every sequenced fact once, in order, each follower by itself, through failures and several workers."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from node.kernel.database import Base
from node.ledger.followers import RETRY_FIRST_S, RETRY_LONGEST_S, Follower, Followers
from node.ledger.rules import FactDraft
from node.ledger.service import LedgerEntry, erase_fact
from tests.integration.ledger.conftest import NOW, Ledger


class NoticeRow(Base):
    """What a follower of these tests writes."""

    __tablename__ = "test_notice"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    follower: Mapped[str] = mapped_column(String(20))
    number: Mapped[str] = mapped_column(String(20))


class Broken(Exception):
    """What a follower stumbles over."""


def noting(name: str, types: tuple[str, ...] = (), fails_at: set[str] | None = None) -> Follower:
    def handle(session: Session, entry: LedgerEntry) -> None:
        assert entry.fact is not None
        session.add(NoticeRow(follower=name, number=entry.fact.number))
        session.flush()
        if fails_at is not None and entry.fact.number in fails_at:
            raise Broken(entry.fact.number)

    return Follower(name, handle, types)


def noted(ledger: Ledger, name: str) -> list[str]:
    with ledger.database.reading() as session:
        query = select(NoticeRow.number).where(NoticeRow.follower == name).order_by(NoticeRow.id)
        return list(session.scalars(query))


def followers(ledger: Ledger, *which: Follower) -> Followers:
    return Followers(ledger.database, ledger.clock, ledger.logs, which)


def record(ledger: Ledger, *numbers: int, type: str = "case.accept") -> None:
    for number in numbers:
        ledger.record(type, number=str(number))
    ledger.sequencer().run()


def test_each_fact_takes_effect_once_and_in_order(ledger: Ledger) -> None:
    record(ledger, 0, 1, 2)
    both = followers(ledger, noting("a"), noting("b"))
    assert both.run() == 6
    assert both.run() == 0
    record(ledger, 3)
    assert both.run() == 2
    assert noted(ledger, "a") == noted(ledger, "b") == ["0", "1", "2", "3"]


def test_a_fact_without_a_place_is_not_seen_yet(ledger: Ledger) -> None:
    ledger.record(number="0")
    assert followers(ledger, noting("a")).run() == 0


def test_a_follower_sees_only_the_types_it_asked_for_and_passes_the_others(ledger: Ledger) -> None:
    record(ledger, 0, type="case.accept")
    record(ledger, 1, type="fee.received")
    record(ledger, 2, type="case.close")
    which = followers(ledger, noting("cases", ("case.",)), noting("fees", ("fee.received",)))
    assert which.run() == 6
    assert (noted(ledger, "cases"), noted(ledger, "fees")) == (["0", "2"], ["1"])


def test_one_that_fails_stops_at_its_fact_alone_and_the_others_go_on(ledger: Ledger) -> None:
    record(ledger, *range(5))
    bad = {"3"}
    which = followers(ledger, noting("a", fails_at=bad), noting("b"))
    which.run()
    assert noted(ledger, "a") == ["0", "1", "2"]
    assert noted(ledger, "b") == ["0", "1", "2", "3", "4"]
    state, other = which.states()
    assert (state.next_ordinal, state.behind, state.failures, state.last_error) == (3, 2, 1, "Broken: 3")
    assert state.retry_at == NOW + timedelta(seconds=RETRY_FIRST_S)
    assert (other.behind, other.failures) == (0, 0)
    bad.clear()
    assert which.run() == 0  # not before its time
    ledger.clock.advance(seconds=RETRY_FIRST_S)
    assert which.run() == 2
    assert noted(ledger, "a") == ["0", "1", "2", "3", "4"]
    assert which.states()[0].failures == 0


def test_tries_grow_apart_up_to_a_longest_wait(ledger: Ledger) -> None:
    record(ledger, 0)
    which = followers(ledger, noting("a", fails_at={"0"}))
    waits = []
    for _ in range(10):
        which.run()
        retry_at = which.states()[0].retry_at
        assert retry_at is not None
        waits.append((retry_at - ledger.clock.now()).total_seconds())
        ledger.clock.set(retry_at)
    assert waits == [min(RETRY_FIRST_S * 2**n, RETRY_LONGEST_S) for n in range(10)]
    assert noted(ledger, "a") == []


def test_at_most_so_many_facts_in_one_round(ledger: Ledger) -> None:
    record(ledger, *range(7))
    which = followers(ledger, noting("a"))
    assert [which.run(3) for _ in range(4)] == [3, 3, 1, 0]


def test_an_erased_fact_is_passed_over(ledger: Ledger) -> None:
    first = ledger.record(number="0")
    record(ledger, 1)
    with ledger.database.transaction() as session:
        erase_fact(session, ledger.logs(session), first, FactDraft("fact.erased", NOW, "machine", number="2"))
    ledger.sequencer().run()
    which = followers(ledger, noting("a"))
    assert which.run() == 3
    assert noted(ledger, "a") == ["1", "2"]


def test_a_new_follower_begins_at_the_beginning(ledger: Ledger) -> None:
    record(ledger, 0, 1)
    followers(ledger, noting("a")).run()
    which = followers(ledger, noting("a"), noting("late"))
    assert [state.behind for state in which.states()] == [0, 2]
    which.run()
    assert noted(ledger, "late") == ["0", "1"]


def test_two_followers_of_one_name_are_a_mistake(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="one name"):
        followers(ledger, noting("a"), noting("a"))


def test_two_workers_do_nothing_twice(ledger: Ledger) -> None:
    record(ledger, *range(40))
    followers(ledger, noting("a")).run(1)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            mine = followers(ledger, noting("a"))
            for _ in range(25):
                mine.run(3)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert noted(ledger, "a") == [str(number) for number in range(40)]
