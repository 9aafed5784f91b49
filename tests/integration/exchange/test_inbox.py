"""The inbox on the node's own database: refusals roll back, relays are passed on, what waits goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from federation import canonical
from federation.chain import verify_chain
from federation.event import write_entry
from federation.history import record_statement
from federation.inbox import EntryRefused, Inbox, Received
from federation.keys import Identity
from federation.names import origin_up
from federation.ports import Limits, Tx
from federation.roster import adopt_chain
from federation.standing import standing_handlers
from federation.stream import accept, countersign, extend, new_log
from federation.writer import store_extended
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.clock import FixedClock
from node.kernel.database import Database
from tests.unit.federation.members import (
    COUNTY,
    NETWORK,
    NOW,
    TOWNSHIP,
    VILLAGE,
    anchor_of,
    keys_of,
    line_to,
    name_of,
)

ORIGIN = origin_up(name_of(VILLAGE))
IDENTITY = Identity(NETWORK, TOWNSHIP, "township", keys_of(TOWNSHIP), COUNTY)
LIMITS = Limits()
TOLD = "test.told.v1"
MARK = "ab" * 32


def line(number: int, seq: int, destination: str = TOWNSHIP) -> bytes:
    return write_entry(
        id=f"6f1f1d0e-8f0e-4f57-9a0f-0d6d3f6c8a{number:02d}",
        source=name_of(VILLAGE),
        type=TOLD,
        subject="0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11",
        time="2026-11-24T06:30:00Z",
        destination=destination,
        seq=seq,
        data={"n": number},
    )


@pytest.fixture
def stores(database: Database, tmp_path: Path) -> SqlDatabase:
    """The township's database, with its chain and its village."""
    found = SqlDatabase(database, Surroundings(IDENTITY.name, FixedClock(NOW), tmp_path / "blobs"))
    with found.transaction() as tx:
        adopt_chain(tx, IDENTITY, verify_chain(line_to(TOWNSHIP).statements, anchor_of(), NOW), NOW, "join")
        record_statement(tx.members, line_to(VILLAGE).last, NOW, "join", "child")
    return found


def store(stores: SqlDatabase, lines: Sequence[bytes]) -> None:
    """What the village pushed, stored and receipted."""
    keys = keys_of(VILLAGE)
    note = extend(new_log(ORIGIN, "own-up", TOWNSHIP), lines, keys.node, LIMITS).state.note
    with stores.transaction() as tx:
        empty = new_log(ORIGIN, "peer-up", VILLAGE)
        grown = accept(empty, 0, note, lines, [keys.public.node], LIMITS)
        state, _ = countersign(grown.state, IDENTITY.receipt_name, IDENTITY.keys.receipt, NOW)
        store_extended(tx, grown, state, NOW)


class Told:
    """A handler that writes to the database and may refuse."""

    def __init__(self, *refused: int) -> None:
        self.refused = set(refused)

    def __call__(self, tx: Tx, received: Received) -> None:
        number = received.data["n"]
        tx.blobs.name(MARK, f"{number:012d}")
        if number in self.refused:
            raise EntryRefused("sender", "not the custodian")


def inbox_of(stores: SqlDatabase, told: Told) -> Inbox:
    clock = FixedClock(NOW)
    handlers = {**standing_handlers(lambda: IDENTITY, clock), TOLD: told}
    return Inbox(lambda: IDENTITY, stores, clock, LIMITS, handlers)


def effects(stores: SqlDatabase) -> list[int]:
    with stores.transaction() as tx:
        return [number for number in range(20) if tx.blobs.named_to(MARK, f"{number:012d}")]


def test_a_refused_entry_leaves_nothing_and_goes_on_after_its_release(stores: SqlDatabase) -> None:
    store(stores, [line(1, 1), line(2, 2), line(3, 3)])
    told = Told(2)
    inbox = inbox_of(stores, told)
    counts = inbox.apply()
    assert (counts.applied, counts.set_aside, counts.held) == (1, 1, 1)
    assert effects(stores) == [1]
    told.refused.clear()
    assert inbox.release(ORIGIN, 1, "retry", "the case has come") == "applied"
    assert effects(stores) == [1, 2, 3]
    with stores.transaction() as tx:
        assert tx.inbox.cursor(ORIGIN) == 3
        assert tx.inbox.list_held() == []
        [refusal] = tx.outbox.take("own-down", VILLAGE, 10)
    assert canonical.load_object(refusal.data)["refused"] == [{"index": 1, "reason": "sender"}]


def test_a_hole_waits_and_is_passed_by_an_operator(stores: SqlDatabase) -> None:
    store(stores, [line(1, 1), line(3, 3)])
    inbox = inbox_of(stores, Told())
    assert inbox.apply().held == 1
    assert inbox.release(ORIGIN, 1, "retry", "lost for good") == "applied"
    assert effects(stores) == [1, 3]


def test_what_is_for_another_node_is_queued_as_a_relay(stores: SqlDatabase) -> None:
    store(stores, [line(number, number, COUNTY) for number in range(1, 10)])
    assert inbox_of(stores, Told()).apply().forwarded == 9
    with stores.transaction() as tx:
        queued = tx.outbox.take("own-up", COUNTY, 20)
    assert [row.type for row in queued] == ["relay.v1"] * 9
    assert len({canonical.load_object(row.data)["proof"] for row in queued}) == 9


def test_nothing_is_applied_from_a_halted_log(stores: SqlDatabase) -> None:
    store(stores, [line(1, 1)])
    with stores.transaction() as tx:
        state = tx.logs.get(ORIGIN)
        assert state is not None
        tx.logs.put(replace(state, halted="diverged"))
    assert inbox_of(stores, Told()).apply().entries == 0
