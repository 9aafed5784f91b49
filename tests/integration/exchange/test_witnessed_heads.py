"""A parent writes the heads it cosigned into its own ledger, once for each growth, in facts that fit."""

from __future__ import annotations

from dataclasses import replace

from federation.note import parse_checkpoint, split_note
from node.exchange.witnessed_heads import FACT_TYPE
from node.ledger.rules import FactDraft
from node.ledger.service import record, sequenced_entries
from tests.integration.exchange.pair import Pair


def _heads(pair: Pair) -> list[list[str]]:
    pair.township.ledger.run()
    with pair.township.database.reading() as session:
        logs = pair.township.stores.within(session).logs
        entries = sequenced_entries(session, logs, 0, 1000)
    return [
        entry.fact.data["heads"] for entry in entries if entry.type == FACT_TYPE and entry.fact is not None
    ]


def _grow(pair: Pair) -> None:
    with pair.village.database.transaction() as session:
        record(session, FactDraft(type="test.done", at=pair.clock.now(), actor="machine"))
    pair.later(900)
    pair.turn()


def test_a_childs_cosigned_head_stands_in_the_parents_ledger_once(pair: Pair) -> None:
    assert pair.township.witnessed_heads.run() == 0
    _grow(pair)
    assert pair.township.witnessed_heads.run() == 1
    assert pair.township.witnessed_heads.run() == 0
    _grow(pair)
    assert pair.township.witnessed_heads.run() == 1
    sizes = [parse_checkpoint(split_note(head)[0]).size for heads in _heads(pair) for head in heads]
    assert sizes == [1, 2]


def test_many_heads_are_written_in_as_many_facts_as_fit(pair: Pair) -> None:
    _grow(pair)
    with pair.township.database.transaction() as session:
        logs = pair.township.stores.within(session).logs
        state = logs.all("peer-ledger")[0]
        for number in range(60):
            code = f"3206231011{number:02d}"
            origin = f"nantong.example/{code}/ledger/1"
            logs.put(replace(state, origin=origin, peer=code))
    assert pair.township.witnessed_heads.run() == 61
    written = _heads(pair)
    assert len(written) > 1
    assert sum(len(heads) for heads in written) == 61
