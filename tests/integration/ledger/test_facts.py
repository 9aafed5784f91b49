"""Recording facts and reading them back: by id, leaf, case, day; what they hide; erasing them; running numbers."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from federation import merkle
from node.kernel.problems import Problem
from node.ledger.numbers import last_number, next_number
from node.ledger.rules import FactDraft
from node.ledger.service import (
    entries_of_case,
    entries_of_days,
    erase_commitments,
    erase_fact,
    find_by_leaf,
    find_entry,
    leaf_of,
    record,
    revealed,
    sequenced_entries,
)
from node.ledger.tables import FactRow
from tests.integration.ledger.conftest import CASE, NOW, Ledger

OTHER_CASE = "5b1a1d8e-0000-4000-8000-000000000001"


def test_a_fact_waits_with_its_line_and_its_leaf_hash(ledger: Ledger) -> None:
    fact_id = ledger.record(actor="p-4711", number="7")
    with ledger.database.reading() as session:
        entry = find_entry(session, ledger.logs(session), fact_id)
        assert leaf_of(session, fact_id) == entry.leaf
        found = find_by_leaf(session, ledger.logs(session), entry.leaf)
    assert found == entry
    assert entry.line is not None
    assert entry.leaf == merkle.leaf_hash(entry.line)
    assert (entry.origin, entry.index, entry.ordinal, entry.at) == ("", None, None, NOW)


def test_an_unknown_fact_is_told(ledger: Ledger) -> None:
    with ledger.database.reading() as session:
        for look in (
            lambda: find_entry(session, ledger.logs(session), uuid4()),
            lambda: leaf_of(session, "x"),
        ):
            with pytest.raises(Problem) as caught:
                look()
            assert (caught.value.code, caught.value.status) == ("fact-unknown", 404)
        assert find_by_leaf(session, ledger.logs(session), bytes(32)) is None


def test_a_case_tells_its_story_in_the_order_recorded_sequenced_or_not(ledger: Ledger) -> None:
    ledger.record("case.receive")
    ledger.record("case.receive", case=OTHER_CASE)
    ledger.sequencer().run()
    ledger.record("case.accept")
    with ledger.database.reading() as session:
        story = entries_of_case(session, ledger.logs(session), CASE)
    assert [(entry.type, entry.index) for entry in story] == [("case.receive", 0), ("case.accept", None)]


def test_days_are_local_and_read_in_pages(ledger: Ledger) -> None:
    ledger.clock.set(NOW.replace(hour=15, minute=59))  # 23:59 in the office
    ledger.record("case.receive")
    ledger.clock.set(NOW.replace(hour=16, minute=1))  # the day after
    for _ in range(3):
        ledger.record("case.accept")
    first, second = date(2026, 11, 24), date(2026, 11, 25)
    with ledger.database.reading() as session:
        logs = ledger.logs(session)
        assert [entry.type for _, entry in entries_of_days(session, logs, first, first)] == ["case.receive"]
        page = entries_of_days(session, logs, first, second, ["case.accept"], limit=2)
        rest = entries_of_days(session, logs, first, second, ["case.accept"], after=page[-1][0], limit=2)
    assert (len(page), len(rest)) == (2, 1)


def test_what_a_fact_hides_is_kept_beside_it_encrypted(ledger: Ledger) -> None:
    fact_id = ledger.record(actor="p-4711", personal={"name": "李芳"})
    with ledger.database.reading() as session:
        found = revealed(session, fact_id)
        raw = session.execute(text("SELECT hidden FROM fact_commitment")).scalar_one()
    assert found is not None
    assert found[1] == {"actor": "p-4711", "data.name": "李芳"}
    assert "李芳".encode() not in bytes(raw)
    with ledger.database.reading() as session:
        assert revealed(session, ledger_fact_of_machine(ledger)) is None


def ledger_fact_of_machine(ledger: Ledger) -> UUID:
    return ledger.record()


def test_erasing_the_commitments_leaves_bare_hashes(ledger: Ledger) -> None:
    ids = [ledger.record(actor="p-4711") for _ in range(3)]
    with ledger.database.transaction() as session:
        assert erase_commitments(session, ids[:2]) == 2
    with ledger.database.reading() as session:
        assert [revealed(session, fact_id) is None for fact_id in ids] == [True, True, False]
        entry = find_entry(session, ledger.logs(session), ids[0])
    assert entry.fact is not None
    assert len(entry.fact.actor) == 64


def test_an_erased_fact_leaves_its_leaf_and_a_fact_that_says_so(ledger: Ledger) -> None:
    fact_id = ledger.record(actor="p-4711")
    draft = FactDraft("fact.erased", NOW, "machine", reason="retention")
    with ledger.database.transaction() as session, pytest.raises(Problem) as caught:
        erase_fact(session, ledger.logs(session), fact_id, draft)
    assert caught.value.code == "fact-not-sequenced"
    ledger.sequencer().run()
    with ledger.database.reading() as session:
        leaf = leaf_of(session, fact_id)
    with ledger.database.transaction() as session:
        told = erase_fact(session, ledger.logs(session), fact_id, draft)
    with ledger.database.reading() as session:
        logs = ledger.logs(session)
        gone, said = find_entry(session, logs, fact_id), find_entry(session, logs, told)
        assert revealed(session, fact_id) is None
    assert (gone.line, gone.fact, gone.leaf) == (None, None, leaf)
    assert said.fact is not None
    assert said.fact.data == {"origin": gone.origin, "index": 0}


def test_sequenced_facts_are_read_in_ranges(ledger: Ledger) -> None:
    for n in range(5):
        ledger.record(number=str(n))
    ledger.sequencer().run()
    ledger.record(number="waiting")
    with ledger.database.reading() as session:
        found = sequenced_entries(session, ledger.logs(session), 1, 3)
        assert sequenced_entries(session, ledger.logs(session), 5, 3) == []
    assert [(entry.ordinal, entry.fact.number) for entry in found if entry.fact is not None] == [
        (1, "1"),
        (2, "2"),
        (3, "3"),
    ]


def test_a_fact_vanishes_with_its_act(ledger: Ledger) -> None:
    def act_and_fail() -> None:
        with ledger.database.transaction() as session:
            record(session, FactDraft("case.accept", NOW, "p-4711"))
            raise LookupError

    with pytest.raises(LookupError):
        act_and_fail()
    with ledger.database.reading() as session:
        assert session.scalars(select(FactRow)).all() == []


def test_running_numbers_have_no_gaps_and_no_doubles(ledger: Ledger) -> None:
    given: list[int] = []
    lock = threading.Lock()

    def take(fails: bool) -> None:
        for n in range(10):
            try:
                with ledger.database.transaction() as session:
                    number = next_number(session, "case:2026-11-24")
                    if fails and n % 2:
                        raise LookupError
            except LookupError:
                continue
            with lock:
                given.append(number)

    threads = [threading.Thread(target=take, args=(fails,)) for fails in (True, False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 21))
    with ledger.database.reading() as session:
        assert last_number(session, "case:2026-11-24") == 20
        assert last_number(session, "case:2026-11-25") == 0


def test_series_count_apart(ledger: Ledger) -> None:
    with ledger.database.transaction() as session:
        assert [next_number(session, f"fee:{series}") for series in ("a", "b", "a")] == [1, 1, 2]


def test_microseconds_are_not_kept(ledger: Ledger) -> None:
    ledger.clock.advance(timedelta(microseconds=999_999))
    fact_id = ledger.record()
    with ledger.database.reading() as session:
        entry = find_entry(session, ledger.logs(session), fact_id)
    assert entry.at == NOW
    assert entry.fact is not None
    assert entry.fact.at == "2026-11-24T01:02:03Z"
