"""One contract, every implementation of `federation.ports.Database`: SQLite, PostgreSQL, and the one in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from federation.errors import ProtocolError
from federation.memory_stores import MemoryDatabase
from federation.ports import (
    Alert,
    BlobState,
    Database,
    Held,
    Invitation,
    LogState,
    Member,
    MemberKey,
    SetAside,
    StoredEntry,
)
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.clock import FixedClock
from node.kernel.database import Base, build_engine
from node.kernel.database import Database as NodeDatabase
from node.kernel.field_keys import FieldKeys

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


@pytest.fixture(params=("memory", "sqlite", "postgresql"))
def stores(request: pytest.FixtureRequest, field_keys: FieldKeys, tmp_path: Path) -> Iterator[Database]:
    if request.param == "memory":
        yield MemoryDatabase()
        return
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    database = NodeDatabase(build_engine(url, field_keys))
    Base.metadata.create_all(database.engine)
    yield SqlDatabase(database, Surroundings(OWN, FixedClock(NOW), tmp_path / "blobs"))
    database.close()


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


MEMBER = Member(
    code=CHILD,
    direct="child",
    statement="a.b.c",
    scope=("320623101001",),
    level="village",
    name="示例村便民服务室",
    expires=NOW + timedelta(days=90),
)


def test_members_come_back_as_they_were_put(stores: Database) -> None:
    parent = replace(MEMBER, code="320623000000", direct="parent", level="county", scope=("320623",))
    heard = replace(MEMBER, last_heard=NOW, revoked=True)
    with stores.transaction() as tx:
        tx.members.put(MEMBER)
        tx.members.put(parent)
        assert tx.members.get(CHILD) == MEMBER
        tx.members.put(heard)
    with stores.transaction() as tx:
        assert tx.members.get(CHILD) == heard
        assert tx.members.children() == [heard]
        assert sorted(member.code for member in tx.members.all()) == ["320623000000", CHILD]
        assert tx.members.get("999999999999") is None


def test_keys_are_kept_with_their_history_newest_first(stores: Database) -> None:
    old = MemberKey(CHILD, "node", "kid-old", {"kty": "OKP"}, NOW - timedelta(days=9), NOW, "rotation")
    new = MemberKey(CHILD, "node", "kid-new", {"kty": "OKP"}, NOW)
    seal = MemberKey(CHILD, "seal", "kid-seal", {"kty": "OKP"}, NOW - timedelta(days=1))
    with stores.transaction() as tx:
        for key in (old, new, seal):
            tx.members.put_key(key)
        assert tx.members.keys(CHILD, "node") == [new, old]
        assert {key.kid for key in tx.members.keys(CHILD)} == {"kid-old", "kid-new", "kid-seal"}
        revoked = replace(old, revoked_at=NOW)
        tx.members.put_key(revoked)
        assert tx.members.key("kid-old") == revoked
        assert tx.members.key("kid-none") is None


def test_the_chain_is_replaced_as_a_whole(stores: Database) -> None:
    with stores.transaction() as tx:
        tx.members.put_chain(["top", "county", "own"])
        tx.members.put_chain(["top", "own"])
        assert tx.members.chain() == ["top", "own"]


def test_invitations_are_found_by_the_hash_of_their_token(stores: Database) -> None:
    invitation = Invitation(
        "ab" * 32, CHILD, "village", "示例村", ("320623101001",), NOW + timedelta(hours=72)
    )
    with stores.transaction() as tx:
        tx.members.put_invitation(invitation)
        tx.members.put_invitation(replace(invitation, used_by="kid", enrolment="{}", confirmed=True))
        assert tx.members.invitation("ab" * 32) == replace(
            invitation, used_by="kid", enrolment="{}", confirmed=True
        )
        assert tx.members.invitation("cd" * 32) is None
        assert len(tx.members.invitations()) == 1


def test_wrong_tokens_are_counted_over_one_hour(stores: Database) -> None:
    with stores.transaction() as tx:
        counts = [tx.members.wrong_token(NOW + timedelta(minutes=minute)) for minute in (0, 10, 20)]
        later = tx.members.wrong_token(NOW + timedelta(minutes=75))
    assert counts[2] == counts[0] + 2
    assert later == counts[0] + 1


def test_a_nonce_is_spent_once_for_each_key(stores: Database) -> None:
    with stores.transaction() as tx:
        assert tx.nonces.spend("kid-a", "n" * 22, NOW)
        assert tx.nonces.spend("kid-b", "n" * 22, NOW)
    with stores.transaction() as tx:
        assert not tx.nonces.spend("kid-a", "n" * 22, NOW)
        assert tx.nonces.spend("kid-a", "m" * 22, NOW)


BLOB = bytes(range(256)) * 40
BLOB_NAME = hashlib.sha256(BLOB).hexdigest()


def test_a_blob_arrives_in_pieces_and_is_complete_when_its_hash_fits(stores: Database) -> None:
    with stores.transaction() as tx:
        assert tx.blobs.get(BLOB_NAME) is None
        assert tx.blobs.begin(BLOB_NAME, len(BLOB), CHILD) == BlobState(BLOB_NAME, len(BLOB), 0, False, CHILD)
        assert tx.blobs.write(BLOB_NAME, 0, BLOB[:1000]).offset == 1000
    with stores.transaction() as tx:
        found = tx.blobs.get(BLOB_NAME)
        assert found == BlobState(BLOB_NAME, len(BLOB), 1000, False, CHILD)
        assert tx.blobs.write(BLOB_NAME, 1000, BLOB[1000:]).complete
    with stores.transaction() as tx:
        assert tx.blobs.read(BLOB_NAME, 0, len(BLOB)) == BLOB
        assert tx.blobs.read(BLOB_NAME, 255, 258) == b"\xff\x00\x01"


def test_a_piece_written_by_a_transaction_that_failed_is_written_again(stores: Database) -> None:
    def write_and_fail() -> None:
        with stores.transaction() as tx:
            tx.blobs.write(BLOB_NAME, 0, b"x" * 3000)
            raise RuntimeError("cut")

    with stores.transaction() as tx:
        tx.blobs.begin(BLOB_NAME, len(BLOB), CHILD)
    with pytest.raises(RuntimeError, match="cut"):
        write_and_fail()
    with stores.transaction() as tx:
        found = tx.blobs.get(BLOB_NAME)
        assert found is not None
        assert found.offset == 0
        assert tx.blobs.write(BLOB_NAME, 0, BLOB).complete
        assert tx.blobs.read(BLOB_NAME, 0, len(BLOB)) == BLOB


def test_a_blob_with_another_hash_is_dropped(stores: Database) -> None:
    with stores.transaction() as tx:
        tx.blobs.begin(BLOB_NAME, 3, CHILD)
        with pytest.raises(ProtocolError) as caught:
            tx.blobs.write(BLOB_NAME, 0, b"abc")
        assert (caught.value.code, caught.value.status) == ("blob", 422)
        assert tx.blobs.get(BLOB_NAME) is None


def test_a_blob_is_shown_to_whom_an_entry_named_it(stores: Database) -> None:
    with stores.transaction() as tx:
        assert not tx.blobs.named_to(BLOB_NAME, CHILD)
        tx.blobs.name(BLOB_NAME, CHILD)
        tx.blobs.name(BLOB_NAME, CHILD)
        assert tx.blobs.named_to(BLOB_NAME, CHILD)
        assert not tx.blobs.named_to(BLOB_NAME, "320623101002")


def test_bytes_are_counted_by_caller_and_day(stores: Database) -> None:
    with stores.transaction() as tx:
        assert tx.blobs.bytes_today(CHILD, "2026-11-24") == 0
        tx.blobs.count_bytes(CHILD, "2026-11-24", 5)
        tx.blobs.count_bytes(CHILD, "2026-11-24", 7)
        assert tx.blobs.bytes_today(CHILD, "2026-11-24") == 12
        assert tx.blobs.bytes_today(CHILD, "2026-11-25") == 0


def test_alerts_and_evidence_are_taken_in_any_number(stores: Database) -> None:
    with stores.transaction() as tx:
        for _ in range(2):
            tx.alert(Alert("fork", "critical", CHILD, {"origin": PEER_UP, "size": 3}), NOW)
            tx.logs.evidence(PEER_UP, "fork", "note\n", NOW, "other root at 3")
    with stores.transaction() as tx:
        tx.alert(Alert("fork", "critical", CHILD, {"origin": PEER_UP, "size": 3}), NOW)
