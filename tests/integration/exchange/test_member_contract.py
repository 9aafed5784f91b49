"""One contract, every implementation of `federation.ports.Database`: members, nonces, blobs, alerts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from federation.errors import ProtocolError
from federation.ports import Alert, BlobState, Database, Invitation, Member, MemberKey

NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
NETWORK = "nantong.example"
CHILD = "320623101001"
PEER_UP = f"{NETWORK}/{CHILD}/up/1"


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
        assert tx.logs.get(PEER_UP) is None  # evidence of a log makes no log
