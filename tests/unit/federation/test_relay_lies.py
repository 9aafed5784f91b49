"""What a node in the middle drops, repeats, reorders, alters or invents is found, or does no harm."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from federation import canonical
from federation.dating import Revocation
from federation.event import write_entry
from federation.history import record_revocation, record_statement
from federation.note import cosign, parse_checkpoint, sign_checkpoint, split_note
from federation.proof import format_proof, parse_proof
from federation.records import QueuedEntry
from federation.statements import issue_own_statement, issue_statement, read_statement
from federation.stream import extend, new_log
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    NOW,
    TOWNSHIP,
    VILLAGE,
    keys_of,
    line_to,
    name_of,
    subject_of,
)
from tests.unit.federation.posts import (
    LIMITS,
    SUBJECT,
    TOLD,
    Post,
    Posts,
    up_origin,
    with_data,
)
from tests.unit.federation.relaying import escalate, inner, lie, numbers


@pytest.fixture
def net() -> Posts:
    return Posts()


def test_what_a_relay_drops_is_a_hole_and_is_alerted(net: Posts) -> None:
    escalate(net)
    lie(net, lambda rows: [row for row in rows if inner(row)["seq"] != 2])
    assert numbers(net.county) == [1]
    assert net.county.held() == [(1, "hole")]
    net.advance(timedelta(hours=1))
    net.county.inbox.apply()
    assert net.county.alerts() == ["entry-missing"]


def test_what_a_relay_repeats_takes_effect_once(net: Posts) -> None:
    escalate(net)
    lie(net, lambda rows: [*rows, *rows, rows[0]])
    assert numbers(net.county) == [1, 2, 3]
    assert net.county.alerts() == []


def test_what_a_relay_reorders_takes_effect_in_order(net: Posts) -> None:
    escalate(net)
    lie(net, lambda rows: list(reversed(rows)))
    assert numbers(net.county) == [1, 2, 3]
    assert (net.county.held(), net.county.alerts()) == ([], [])


def altered_entry(row: QueuedEntry) -> QueuedEntry:
    line = canonical.dump({**inner(row), "data": {"n": 99}})
    return with_data(row, entry=base64.b64encode(line).decode())


def of_another_index(row: QueuedEntry) -> QueuedEntry:
    proof = parse_proof(canonical.load_object(row.data)["proof"])
    return with_data(row, proof=format_proof(replace(proof, index=proof.index + 1)))


def without_receipt(row: QueuedEntry) -> QueuedEntry:
    proof = parse_proof(canonical.load_object(row.data)["proof"])
    note = "\n".join(proof.note.split("\n")[:-2]) + "\n"
    return with_data(row, proof=format_proof(replace(proof, note=note)))


def of_a_log_made_up(row: QueuedEntry) -> QueuedEntry:
    """A log in the village's name, signed and receipted by the relay itself."""
    line = canonical.dump({**inner(row), "data": {"n": 99}})
    state = extend(
        new_log(up_origin(VILLAGE), "own-up", TOWNSHIP), [line], keys_of(TOWNSHIP).node, LIMITS
    ).state
    note = state.note + cosign(state.note, f"{name_of(TOWNSHIP)}/receipt", keys_of(TOWNSHIP).receipt, NOW)
    proof = parse_proof(canonical.load_object(row.data)["proof"])
    made = format_proof(replace(proof, index=0, hashes=(), note=note))
    return with_data(row, proof=made, entry=base64.b64encode(line).decode())


def signed_by_the_relay(row: QueuedEntry) -> QueuedEntry:
    """The village's true checkpoint, under the relay's own signature."""
    proof = parse_proof(canonical.load_object(row.data)["proof"])
    text, lines = split_note(proof.note)
    signed = sign_checkpoint(parse_checkpoint(text), keys_of(TOWNSHIP).node)
    note = signed + "".join(line for line in lines.splitlines(keepends=True) if "/receipt " in line)
    return with_data(row, proof=format_proof(replace(proof, note=note)))


def with_another_chain(row: QueuedEntry) -> QueuedEntry:
    return with_data(row, chain=list(line_to(TOWNSHIP).statements))


def to_another_subject(row: QueuedEntry) -> QueuedEntry:
    return replace(row, subject="another")


def a_relay_in_a_relay(row: QueuedEntry) -> QueuedEntry:
    line = canonical.dump(
        {name: value for name, value in inner(row).items() if name != "seq"} | {"type": "relay.v1"}
    )
    return with_data(row, entry=base64.b64encode(line).decode())


def from_another_source(row: QueuedEntry) -> QueuedEntry:
    line = canonical.dump({**inner(row), "source": name_of(TOWNSHIP)})
    return with_data(row, entry=base64.b64encode(line).decode())


def no_proof(row: QueuedEntry) -> QueuedEntry:
    return with_data(row, proof="nonsense")


def no_base64(row: QueuedEntry) -> QueuedEntry:
    return with_data(row, entry="e30=e30=")


def no_chain(row: QueuedEntry) -> QueuedEntry:
    return with_data(row, chain=[])


LIES = [
    altered_entry,
    of_another_index,
    without_receipt,
    of_a_log_made_up,
    signed_by_the_relay,
    with_another_chain,
    to_another_subject,
    a_relay_in_a_relay,
    from_another_source,
    no_proof,
    no_base64,
    no_chain,
]


@pytest.mark.parametrize("change", LIES)
def test_what_a_relay_alters_or_invents_is_set_aside_and_told_to_it(
    net: Posts, change: Callable[[QueuedEntry], QueuedEntry]
) -> None:
    escalate(net, 1)
    lie(net, lambda rows: [change(row) for row in rows])
    assert net.county.told() == []
    assert net.county.set_aside() == [(0, "relay")]
    assert net.county.alerts() == ["entry-set-aside"]
    net.carry()
    assert [(notice.index, notice.reason) for notice in net.township.refused] == [(0, "relay")]
    assert net.village.acknowledged == []


def test_the_true_entry_takes_effect_once_the_false_one_is_passed_over(net: Posts) -> None:
    escalate(net, 2)
    lie(net, lambda rows: [altered_entry(rows[0]), *rows])
    assert net.county.told() == []
    assert net.county.inbox.release(up_origin(TOWNSHIP), 0, "skip", "altered on the way") == "skipped"
    assert numbers(net.county) == [1, 2]


def test_a_relay_cannot_speak_to_everyone_in_the_name_of_a_node_above(net: Posts) -> None:
    """The county has an entry of the city for itself, and passes it on as if it were for everyone."""
    net.village.send(COUNTY, data={"n": 1})
    net.carry_between(net.township, net.village)
    net.township.inbox.apply()

    def down_to_all(rows: list[QueuedEntry]) -> list[QueuedEntry]:
        line = canonical.dump({**inner(rows[0]), "destination": "*"})
        row = with_data(rows[0], entry=base64.b64encode(line).decode())
        return [replace(row, destination="*", log_role="own-down", peer=VILLAGE)]

    net.township.outbox(down_to_all)
    net.step(net.village)
    assert net.village.told() == []
    assert net.village.set_aside() == [(0, "relay")]


# --- keys as of the receipt --------------------------------------------------------------------------------------


def revoke(post: Post, code: str, kid: str, until: Any) -> None:
    with post.tx() as tx:
        record_revocation(tx.members, Revocation(name_of(code), (kid,), until, "lost"))


def test_what_was_receipted_before_a_revocation_stands_though_relayed_later(net: Posts) -> None:
    escalate(net, 1)
    net.advance(timedelta(hours=2))
    revoke(net.county, VILLAGE, keys_of(VILLAGE).public.node.kid, NOW + timedelta(hours=1))
    net.step(net.county)
    assert numbers(net.county) == [1]


def test_what_was_receipted_after_a_revocation_is_refused(net: Posts) -> None:
    net.advance(timedelta(hours=2))
    escalate(net, 1)
    revoke(net.county, VILLAGE, keys_of(VILLAGE).public.node.kid, NOW + timedelta(hours=1))
    net.step(net.county)
    assert net.county.set_aside() == [(0, "relay")]


def test_a_receipt_of_a_revoked_party_dates_nothing_back(net: Posts) -> None:
    """The township's keys are stolen: with them a receipt of any time can be made."""
    escalate(net, 1)
    net.advance(timedelta(hours=2))
    for kid in (keys_of(TOWNSHIP).public.receipt.kid, keys_of(VILLAGE).public.node.kid):
        revoke(net.county, TOWNSHIP, kid, NOW + timedelta(hours=1))
    net.step(net.county)
    assert net.county.set_aside() == [(0, "relay")]


def test_what_was_receipted_before_a_statement_expired_stands(net: Posts) -> None:
    escalate(net, 1)
    net.advance(timedelta(days=200))
    net.step(net.county)
    assert numbers(net.county) == [1]


def test_what_is_receipted_under_an_expired_chain_is_refused(net: Posts) -> None:
    net.advance(timedelta(days=200))
    escalate(net, 1)
    net.step(net.county)
    assert net.county.set_aside() == [(0, "relay")]


def test_a_key_just_replaced_is_good_for_what_it_signed(net: Posts) -> None:
    """The village rotates between writing and the relay: the newest statement names the old key as `previous`."""
    net.village.send(COUNTY, data={"n": 1})
    net.carry_between(net.township, net.village)
    new = keys_of(VILLAGE, 1)
    subject = replace(subject_of(VILLAGE, keys=new.public), previous=dict(keys_of(VILLAGE).public.items()))
    jws = issue_statement(keys_of(TOWNSHIP).node, line_to(TOWNSHIP).last, subject, NOW)
    with net.township.tx() as tx:
        record_statement(tx.members, read_statement(jws), NOW, "rotation", "child")
    net.township.inbox.apply()
    net.step(net.county)
    assert numbers(net.county) == [1]


def succeed_anchor(net: Posts) -> None:
    """The city's anchor has a successor; the county has its new chain, those below have not yet."""
    new = keys_of(CITY, 1)
    succession = issue_own_statement(keys_of(CITY).node, subject_of(CITY, keys=new.public), net.clock.at)
    own = issue_own_statement(new.node, subject_of(CITY, keys=new.public), net.clock.at)
    county = issue_statement(new.node, read_statement(own), subject_of(COUNTY), net.clock.at)
    with net.county.tx() as tx:
        tx.members.put_chain([succession, own, county])


def test_what_was_receipted_under_the_anchor_before_is_good_for_thirty_days(net: Posts) -> None:
    escalate(net, 1)
    succeed_anchor(net)
    net.step(net.county)
    net.advance(timedelta(days=29))
    escalate(net, 1)
    net.step(net.county)
    assert numbers(net.county) == [1, 1]


def test_what_is_receipted_under_an_anchor_long_replaced_is_refused(net: Posts) -> None:
    succeed_anchor(net)
    net.advance(timedelta(days=31))
    escalate(net, 1)
    net.step(net.county)
    assert net.county.set_aside() == [(0, "relay")]


def test_a_node_cannot_be_stated_by_a_second_parent(net: Posts) -> None:
    """Scopes nest, so the township could state a code that another node below the county has already."""
    escalate(net, 1)
    mine = issue_statement(keys_of(COUNTY).node, line_to(COUNTY).last, subject_of(VILLAGE), NOW)
    with net.county.tx() as tx:
        record_statement(tx.members, read_statement(mine), NOW, "join", "child")
    net.step(net.county)
    assert net.county.set_aside() == [(0, "relay")]


def test_an_entry_too_long_to_be_wrapped_is_undeliverable(net: Posts) -> None:
    net.village.send(CITY, data={"n": "x" * 32_000})
    net.village.send(CITY, data={"n": 2}, subject="other")
    net.township.inbox = net.township.new_inbox({}, replace(LIMITS, any_entry_bytes=40_000))
    net.carry()
    assert numbers(net.city) == [2]
    assert [notice.sender for notice in net.village.undeliverable] == [TOWNSHIP]


def test_the_longest_own_entry_can_be_relayed(net: Posts) -> None:
    room = (
        32_768
        - 16
        - len(
            write_entry(
                id="6f1f1d0e-8f0e-4f57-9a0f-0d6d3f6c8a11",
                source=name_of(VILLAGE),
                type=TOLD,
                subject=SUBJECT,
                time="2026-11-24T06:30:00Z",
                destination=CITY,
                seq=1,
                data={"n": ""},
            )
        )
    )
    net.village.send(CITY, data={"n": "x" * room})
    net.carry()
    assert [len(data["n"]) for data in net.city.told()] == [room]
