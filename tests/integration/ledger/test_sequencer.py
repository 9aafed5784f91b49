"""The sequencer: order, places, signed heads, clocks set back, and when it signs nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from federation import merkle
from federation.note import open_checkpoint
from federation.ports import Limits
from federation.stream import extend, new_log
from federation.writer import open_log
from node.kernel.problems import Problem
from node.ledger.rules import FactDraft, read_fact
from node.ledger.service import find_entry, record, sequenced_entries
from node.ledger.tables import FactRow
from tests.integration.ledger.conftest import Ledger
from tests.unit.federation.members import VILLAGE, keys_of, name_of

ORIGIN = f"{name_of(VILLAGE)}/ledger/1"


def types_in_order(ledger: Ledger) -> list[str]:
    with ledger.database.reading() as session:
        return [entry.type for entry in sequenced_entries(session, ledger.logs(session), 0, 1000)]


def open_alerts(ledger: Ledger) -> list[tuple[str, str, int]]:
    with ledger.database.reading() as session:
        alerts = ledger.stores.within(session).open_alerts()
        return [(alert.code, str(alert.detail.get("why")), alert.count) for alert in alerts]


def test_facts_get_their_places_in_the_order_recorded(ledger: Ledger) -> None:
    ids = [ledger.record(number=str(n)) for n in range(5)]
    assert ledger.sequencer().run() == 5
    with ledger.database.reading() as session:
        entries = [find_entry(session, ledger.logs(session), fact_id) for fact_id in ids]
        assert session.scalars(select(FactRow).where(FactRow.line.is_not(None))).all() == []
    assert [(entry.origin, entry.index, entry.ordinal) for entry in entries] == [
        (ORIGIN, n, n) for n in range(5)
    ]
    assert [entry.fact.number for entry in entries if entry.fact is not None] == ["0", "1", "2", "3", "4"]


def test_the_head_is_signed_over_exactly_these_lines_and_kept_outside_the_database(ledger: Ledger) -> None:
    for n in range(3):
        ledger.record(number=str(n))
    ledger.sequencer().run(2)
    ledger.sequencer().run()
    with ledger.database.reading() as session:
        stored = ledger.logs(session).entries(ORIGIN, 0, 10)
    head = open_checkpoint(ledger.heads.load()[ORIGIN], ORIGIN, [keys_of(VILLAGE).public.node])
    lines = [entry.line for entry in stored if entry.line is not None]
    assert (head.size, head.root) == (3, merkle.tree_root([merkle.leaf_hash(line) for line in lines]))
    assert [entry.stored_at for entry in stored] == [ledger.clock.now()] * 3


def test_a_fact_keeps_the_leaf_hash_it_was_printed_with(ledger: Ledger) -> None:
    fact_id = ledger.record(actor="p-4711")
    with ledger.database.reading() as session:
        before = find_entry(session, ledger.logs(session), fact_id)
    ledger.sequencer().run()
    with ledger.database.reading() as session:
        after = find_entry(session, ledger.logs(session), fact_id)
    assert (before.index, after.index) == (None, 0)
    assert (before.leaf, before.line, before.fact) == (after.leaf, after.line, after.fact)


def test_nothing_waits_nothing_is_signed(ledger: Ledger) -> None:
    assert ledger.sequencer().run() == 0
    assert ledger.heads.load() == {}
    ledger.record()
    ledger.sequencer().run()
    before = ledger.heads.load()
    assert ledger.sequencer().run() == 0
    assert ledger.heads.load() == before


def test_at_most_so_many_as_asked_for(ledger: Ledger) -> None:
    for _ in range(5):
        ledger.record()
    sequencer = ledger.sequencer()
    assert [sequencer.run(2) for _ in range(4)] == [2, 2, 1, 0]
    assert sequencer.run(0) == 0


def test_a_fact_of_a_transaction_that_failed_takes_no_place(ledger: Ledger) -> None:
    def act_and_fail() -> None:
        with ledger.database.transaction() as session:
            record(session, FactDraft("case.accept", ledger.clock.now(), "machine"))
            raise LookupError

    ledger.record("case.one")
    with pytest.raises(LookupError):
        act_and_fail()
    ledger.record("case.two")
    ledger.sequencer().run()
    assert types_in_order(ledger) == ["case.one", "case.two"]


def test_a_clock_set_back_is_a_fact_of_its_own(ledger: Ledger) -> None:
    ledger.record("case.one")
    ledger.clock.advance(seconds=-60)
    ledger.record("case.two")
    ledger.clock.advance(seconds=-61)
    ledger.record("case.three")
    ledger.clock.advance(seconds=-3600)
    ledger.record("case.four")
    assert ledger.sequencer().run() == 6
    assert types_in_order(ledger) == [
        "case.one",
        "case.two",
        "clock.set_back",
        "case.three",
        "clock.set_back",
        "case.four",
    ]
    with ledger.database.reading() as session:
        entries = sequenced_entries(session, ledger.logs(session), 0, 10)
        facts = [read_fact(entry.line) for entry in entries if entry.line is not None]
    assert facts[2].data == {"from": "2026-11-24T01:01:03Z", "to": "2026-11-24T01:00:02Z"}
    assert facts[2].actor == "machine"


def test_a_clock_set_back_between_two_runs_is_noticed(ledger: Ledger) -> None:
    sequencer = ledger.sequencer()
    ledger.record("case.one")
    sequencer.run()
    ledger.clock.advance(timedelta(days=-1))
    ledger.record("case.two")
    assert sequencer.run() == 2
    assert types_in_order(ledger) == ["case.one", "clock.set_back", "case.two"]


def test_a_restored_database_signs_nothing_and_says_so_once(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.record()
    ledger.sequencer().run()
    head = ledger.heads.load()[ORIGIN]
    with ledger.database.transaction() as session:
        session.execute(delete(FactRow).where(FactRow.ordinal == 2))
        tx = ledger.stores.within(session)
        state = tx.logs.get(ORIGIN)
        assert state is not None
        leaves = tx.logs.leaf_hashes(ORIGIN, 0, 2)
        compact, _ = merkle.append_leaves(0, (), leaves)
        tx.logs.put(replace(state, size=2, compact=compact, note=""))
    waiting = ledger.record("case.later")
    sequencer = ledger.sequencer()
    assert [sequencer.run() for _ in range(3)] == [0, 0, 0]
    assert ledger.heads.load()[ORIGIN] == head
    assert open_alerts(ledger) == [("ledger-halted", "behind", 1)]
    with pytest.raises(Problem) as caught:
        sequencer.require_running()
    assert caught.value.code == "ledger-halted"
    assert "旧备份" in caught.value.zh
    with ledger.database.reading() as session:
        assert find_entry(session, ledger.logs(session), waiting).line is not None


def test_without_its_head_file_a_ledger_waits_until_it_is_said_to_be_whole(ledger: Ledger) -> None:
    ledger.record()
    ledger.sequencer().run()
    ledger.heads.forget([ORIGIN])
    ledger.record()
    assert ledger.sequencer().run() == 0
    assert open_alerts(ledger) == [("ledger-halted", "no-head-file", 1)]
    assert ledger.sequencer(lambda: False).run() == 0
    assert ledger.sequencer(lambda: True).run() == 1
    assert ORIGIN in ledger.heads.load()


def test_another_head_of_the_same_size_halts_the_ledger(ledger: Ledger) -> None:
    ledger.record("case.one")
    ledger.sequencer().run()
    with ledger.database.transaction() as session:
        tx = ledger.stores.within(session)
        state = new_log(ORIGIN, "own-ledger", "")
        grown = extend(state, [b'{"another":"line"}'], ledger.identity.keys.node, Limits()).state
        found = tx.logs.get(ORIGIN)
        assert found is not None
        tx.logs.put(replace(found, note=grown.note))
    ledger.record("case.two")
    assert ledger.sequencer().run() == 0
    assert open_alerts(ledger) == [("ledger-halted", "diverged", 1)]


def test_a_halted_log_is_not_written(ledger: Ledger) -> None:
    ledger.record()
    sequencer = ledger.sequencer()
    sequencer.run()
    with ledger.database.transaction() as session:
        tx = ledger.stores.within(session)
        tx.logs.put(replace(open_log(tx, ledger.identity, "own-ledger", ""), halted="lost"))
    ledger.record()
    assert sequencer.run() == 0
    status = sequencer.status()
    assert (status.size, status.waiting, status.halted) == (1, 1, "lost")


def test_a_head_that_was_not_saved_before_the_crash_is_saved_at_the_next_start(ledger: Ledger) -> None:
    ledger.record("case.one")
    ledger.sequencer().run()
    old = ledger.heads.load()
    ledger.record("case.two")
    ledger.sequencer().run()
    ledger.heads.forget([ORIGIN])
    ledger.heads.save(old)  # the crash fell between commit and head file
    assert ledger.sequencer().run() == 0
    head = open_checkpoint(ledger.heads.load()[ORIGIN], ORIGIN, [keys_of(VILLAGE).public.node])
    assert head.size == 2


def test_ordinals_go_on_in_a_new_epoch(ledger: Ledger) -> None:
    ledger.record("case.one")
    ledger.sequencer().run()
    with ledger.database.transaction() as session:
        tx = ledger.stores.within(session)
        tx.logs.put(replace(open_log(tx, ledger.identity, "own-ledger", ""), frozen=True))
        tx.logs.put(new_log(f"{name_of(VILLAGE)}/ledger/2", "own-ledger", "", 2))
    ledger.record("case.two")
    assert ledger.sequencer().run() == 1
    with ledger.database.reading() as session:
        entries = sequenced_entries(session, ledger.logs(session), 0, 10)
    assert [(entry.origin[-1], entry.index, entry.ordinal) for entry in entries] == [("1", 0, 0), ("2", 0, 1)]


def test_many_writers_and_two_sequencers_lose_and_double_nothing(ledger: Ledger) -> None:
    failures: list[BaseException] = []

    def guarded(work: object) -> None:
        try:
            assert callable(work)
            work()
        except BaseException as error:
            failures.append(error)

    def act() -> None:
        for _ in range(15):
            ledger.record()

    def sequence() -> None:
        sequencer = ledger.sequencer()
        for _ in range(40):
            sequencer.run(7)

    ledger.record()
    ledger.sequencer().run()
    threads = [threading.Thread(target=guarded, args=(work,)) for work in (act, act, act, sequence, sequence)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    sequencer = ledger.sequencer()
    while sequencer.run() > 0:
        pass
    with ledger.database.reading() as session:
        rows = session.execute(select(FactRow.idx, FactRow.ordinal).order_by(FactRow.idx)).all()
    assert [tuple(row) for row in rows] == [(n, n) for n in range(46)]
