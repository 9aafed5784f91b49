"""One contract, every implementation of `federation.ports.Database`: logs, outbox, inbox (see `conftest.stores`)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest
from sqlalchemy.exc import DBAPIError

from federation.ports import (
    Database,
    Held,
    LogState,
    SetAside,
    StoredEntry,
)

NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
NETWORK = "nantong.example"
OWN = f"{NETWORK}/320623101000"
CHILD = "320623101001"
UP = f"{OWN}/up/1"
PEER_UP = f"{NETWORK}/{CHILD}/up/1"
SUBJECT = "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11"


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + content).digest()


def line(number: int, subject: str = SUBJECT) -> bytes:
    return f'{{"subject":"{subject}","n":{number}}}'.encode()


def test_a_log_that_was_never_put_is_none(stores: Database) -> None:
    with stores.transaction() as tx:
        assert tx.logs.get(UP) is None
        assert tx.logs.find("own-up", "320623000000") is None
        assert tx.logs.entries(UP, 0, 10) == []
        assert tx.logs.leaf_hashes(UP, 0, 10) == []
        assert tx.logs.nodes(UP, 8, 0, 4) == []
        assert tx.logs.all() == []


def test_a_state_comes_back_as_it_was_put(stores: Database) -> None:
    state = LogState(
        origin=UP,
        role="own-up",
        peer="320623000000",
        epoch=1,
        size=3,
        compact=(leaf(b"a"), leaf(b"b")),
        note="note\n",
        receipted_size=2,
        receipted_note="receipted\n",
        frozen=True,
        halted="behind",
    )
    with stores.transaction() as tx:
        tx.logs.put(state)
    with stores.transaction() as tx:
        assert tx.logs.get(UP) == state
        tx.logs.put(replace(state, size=4, halted=""))
    with stores.transaction() as tx:
        assert tx.logs.get(UP) == replace(state, size=4, halted="")
        assert tx.logs.all() == [replace(state, size=4, halted="")]


def test_the_open_epoch_is_the_highest(stores: Database) -> None:
    with stores.transaction() as tx:
        for epoch in (1, 2, 10):
            tx.logs.put(LogState(f"{OWN}/up/{epoch}", "own-up", "320623000000", epoch))
        tx.logs.put(LogState(f"{OWN}/down/{CHILD}/1", "own-down", CHILD, 1))
        found = tx.logs.find("own-up", "320623000000")
        assert found is not None
        assert found.epoch == 10
        second = tx.logs.find("own-up", "320623000000", 2)
        assert second is not None
        assert second.origin == f"{OWN}/up/2"
        assert tx.logs.find("own-up", "320623000000", 3) is None
        assert [state.peer for state in tx.logs.all("own-down")] == [CHILD]


def test_entries_come_back_byte_for_byte_in_order(stores: Database) -> None:
    lines = [line(number) for number in range(5)]
    leaves = [leaf(content) for content in lines]
    with stores.transaction() as tx:
        tx.logs.put(LogState(UP, "own-up", "320623000000", 1))
        tx.logs.append(UP, 0, lines[:3], leaves[:3], NOW)
        tx.logs.append(UP, 3, lines[3:], leaves[3:], NOW)
    with stores.transaction() as tx:
        assert tx.logs.entries(UP, 1, 2) == [StoredEntry(n, lines[n], leaves[n], NOW) for n in (1, 2)]
        assert tx.logs.entries(UP, 4, 100) == [StoredEntry(4, lines[4], leaves[4], NOW)]
        assert tx.logs.entries(UP, 5, 100) == []
        assert tx.logs.leaf_hashes(UP, 2, 4) == leaves[2:4]


def test_an_index_is_never_written_twice(stores: Database) -> None:
    with stores.transaction() as tx:
        tx.logs.put(LogState(UP, "own-up", "320623000000", 1))
        tx.logs.append(UP, 0, [line(0)], [leaf(line(0))], NOW)
    with pytest.raises(Exception, match=r".+"), stores.transaction() as tx:
        tx.logs.append(UP, 0, [line(9)], [leaf(line(9))], NOW)
    with stores.transaction() as tx:
        assert tx.logs.entries(UP, 0, 9) == [StoredEntry(0, line(0), leaf(line(0)), NOW)]


def test_an_exception_rolls_everything_back(stores: Database) -> None:
    class Stop(Exception):
        pass

    def work() -> None:
        with stores.transaction() as tx:
            tx.logs.put(LogState(UP, "own-up", "320623000000", 1, size=1))
            tx.logs.append(UP, 0, [line(0)], [leaf(line(0))], NOW)
            tx.inbox.advance(PEER_UP, 7)
            tx.members.put_chain(["a", "b"])
            assert tx.nonces.spend("kid", "nonce", NOW)
            raise Stop

    with pytest.raises(Stop):
        work()
    with stores.transaction() as tx:
        assert tx.logs.get(UP) is None
        assert tx.logs.entries(UP, 0, 9) == []
        assert tx.inbox.cursor(PEER_UP) == 0
        assert tx.members.chain() == []
        assert tx.nonces.spend("kid", "nonce", NOW)


def test_an_erased_line_leaves_its_leaf(stores: Database) -> None:
    with stores.transaction() as tx:
        tx.logs.put(LogState(UP, "own-up", "320623000000", 1))
        tx.logs.append(UP, 0, [line(0), line(1)], [leaf(line(0)), leaf(line(1))], NOW)
        tx.logs.erase(UP, 0)
        assert tx.logs.entries(UP, 0, 1) == [StoredEntry(0, None, leaf(line(0)), NOW)]
        assert tx.logs.leaf_hashes(UP, 0, 2) == [leaf(line(0)), leaf(line(1))]


def test_stored_nodes_are_read_by_level_and_range(stores: Database) -> None:
    with stores.transaction() as tx:
        tx.logs.put(LogState(UP, "own-up", "320623000000", 1))
        tx.logs.put_nodes(UP, [(8, index, leaf(bytes([index]))) for index in range(4)])
        tx.logs.put_nodes(UP, [(16, 0, leaf(b"top"))])
        assert tx.logs.nodes(UP, 8, 1, 3) == [leaf(b"\x01"), leaf(b"\x02")]
        assert tx.logs.nodes(UP, 16, 0, 5) == [leaf(b"top")]
        assert tx.logs.nodes(UP, 24, 0, 5) == []


def queue(
    stores: Database, number: int, role: Literal["own-up", "own-down"] = "own-up", peer: str = "p"
) -> None:
    with stores.transaction() as tx:
        tx.outbox.queue(
            role=role,
            peer=peer,
            id=f"id-{number}",
            type="case.status.v1",
            subject=SUBJECT,
            destination="320623000000",
            time=f"2026-11-24T01:02:{number:02d}Z",
            data=b'{"n":%d}' % number,
        )


def test_the_outbox_gives_the_oldest_first_and_keeps_them_until_done(stores: Database) -> None:
    for number in range(4):
        queue(stores, number)
    queue(stores, 9, "own-down", CHILD)
    with stores.transaction() as tx:
        taken = tx.outbox.take("own-up", "p", 3)
        assert [entry.id for entry in taken] == ["id-0", "id-1", "id-2"]
        assert [entry.data for entry in taken] == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
        assert [entry.position for entry in taken] == sorted(entry.position for entry in taken)
        assert tx.outbox.take("own-up", "p", 3) == taken
        assert sorted(tx.outbox.waiting()) == [
            ("own-down", CHILD, 1, "2026-11-24T01:02:09Z"),
            ("own-up", "p", 4, "2026-11-24T01:02:00Z"),
        ]
        tx.outbox.done([entry.position for entry in taken])
    with stores.transaction() as tx:
        assert [entry.id for entry in tx.outbox.take("own-up", "p", 3)] == ["id-3"]


def test_positions_are_never_given_again(stores: Database) -> None:
    queue(stores, 0)
    with stores.transaction() as tx:
        first = tx.outbox.take("own-up", "p", 1)[0].position
        tx.outbox.done([first])
    queue(stores, 1)
    with stores.transaction() as tx:
        assert tx.outbox.take("own-up", "p", 1)[0].position > first


def test_seq_counts_each_log_destination_and_subject_from_one(stores: Database) -> None:
    with stores.transaction() as tx:
        tx.logs.put(LogState(UP, "own-up", "320623000000", 1))
        assert tx.outbox.next_seq(UP, "320623000000", SUBJECT, 1) == 1
        assert tx.outbox.next_seq(UP, "320623000000", SUBJECT, 3) == 2
        assert tx.outbox.next_seq(UP, "320600000000", SUBJECT, 1) == 1
        assert tx.outbox.next_seq(UP, "320623000000", "another", 1) == 1
        assert tx.outbox.next_seq(f"{OWN}/up/2", "320623000000", SUBJECT, 1) == 1
    with stores.transaction() as tx:
        assert tx.outbox.next_seq(UP, "320623000000", SUBJECT, 1) == 5


def test_the_inbox_remembers_cursor_seq_leaf_and_id(stores: Database) -> None:
    with stores.transaction() as tx:
        assert tx.inbox.cursor(PEER_UP) == 0
        tx.inbox.advance(PEER_UP, 3)
        tx.inbox.advance(PEER_UP, 4)
        assert tx.inbox.cursor(PEER_UP) == 4
        assert tx.inbox.seen(PEER_UP, "320623101000", SUBJECT) == 0
        tx.inbox.saw(PEER_UP, "320623101000", SUBJECT, 1, "id-1", leaf(b"1"))
        tx.inbox.saw(PEER_UP, "320623101000", SUBJECT, 2, "id-2", leaf(b"2"))
    with stores.transaction() as tx:
        assert tx.inbox.seen(PEER_UP, "320623101000", SUBJECT) == 2
        assert tx.inbox.leaf_of(PEER_UP, "320623101000", SUBJECT, 1) == leaf(b"1")
        assert tx.inbox.leaf_of(PEER_UP, "320623101000", SUBJECT, 3) is None
        assert tx.inbox.applied_id(f"{NETWORK}/{CHILD}", "id-2")
        assert not tx.inbox.applied_id(f"{NETWORK}/{CHILD}", "id-3")
        assert not tx.inbox.applied_id(OWN, "id-2")


def test_what_is_set_aside_holds_its_subject_until_released(stores: Database) -> None:
    source = f"{NETWORK}/{CHILD}"
    entry = SetAside(PEER_UP, 4, "schema", source, SUBJECT, "a field is missing")
    with stores.transaction() as tx:
        assert not tx.inbox.waiting_behind(PEER_UP, source, SUBJECT)
        tx.inbox.set_aside(entry)
        assert tx.inbox.waiting_behind(PEER_UP, source, SUBJECT)
        assert not tx.inbox.waiting_behind(PEER_UP, source, "another")
        assert tx.inbox.list_set_aside() == [entry]
        assert tx.inbox.list_set_aside(UP) == []
        tx.inbox.release(PEER_UP, 4, "skip", "sent twice")
    with stores.transaction() as tx:
        assert not tx.inbox.waiting_behind(PEER_UP, source, SUBJECT)
        assert tx.inbox.list_set_aside() == []
        assert tx.inbox.list_set_aside(open_only=False) == [replace(entry, released="skip")]


def test_held_entries_are_listed_in_order_until_unheld(stores: Database) -> None:
    source = f"{NETWORK}/{CHILD}"
    with stores.transaction() as tx:
        for index in (9, 7):
            tx.inbox.hold(PEER_UP, index, source, SUBJECT, "hole", "2026-11-24T01:02:03Z")
        assert tx.inbox.held(PEER_UP, source, SUBJECT) == [7, 9]
        waiting = [Held(PEER_UP, index, source, SUBJECT, "hole", "2026-11-24T01:02:03Z") for index in (7, 9)]
        assert tx.inbox.list_held() == tx.inbox.list_held(PEER_UP) == waiting
        assert tx.inbox.list_held(UP) == []
        tx.inbox.unhold(PEER_UP, 7)
        tx.inbox.unhold(PEER_UP, 7)
        assert tx.inbox.held(PEER_UP, source, SUBJECT) == [9]


def test_unknown_types_are_kept_once_until_dropped(stores: Database) -> None:
    with stores.transaction() as tx:
        tx.inbox.unknown(PEER_UP, 3, "weather.told.v1")
        tx.inbox.unknown(PEER_UP, 3, "weather.told.v1")
        assert tx.inbox.list_unknown() == [(PEER_UP, 3, "weather.told.v1")]
        tx.inbox.drop_unknown(PEER_UP, 3)
        assert tx.inbox.list_unknown() == []


def test_reading_sees_what_is_committed_and_changes_nothing(stores: Database) -> None:
    state = LogState(UP, "own-up", "320623000000", 1)
    with stores.transaction() as tx:
        tx.logs.put(state)
    with stores.reading() as tx:
        assert tx.logs.find("own-up", "320623000000") == state
    with pytest.raises((AssertionError, DBAPIError)), stores.reading() as tx:
        tx.logs.put(replace(state, note="changed\n"))
    with stores.transaction() as tx:
        assert tx.logs.get(UP) == state
