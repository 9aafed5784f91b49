"""Renewal and rotation of a child's keys by its parent (federation.md §3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.enrolment import KeyRequest
from federation.issuing import (
    renew,
    revoke,
    rotate,
)
from federation.keys import prove_possession
from federation.memory_stores import MemoryTx
from federation.statements import read_statement
from tests.unit.federation.members import (
    COUNTY,
    DAY,
    NOW,
    TOWNSHIP,
    VILLAGE,
    keys_of,
    line_to,
    name_of,
)
from tests.unit.federation.parents import (
    MIDDLE,
    county,
    joined,
    reasons,
    refused,
    rotation,
    verdict,
)


@pytest.fixture
def tx() -> Iterator[MemoryTx]:
    """The county's storage: it belongs to the city and has no children."""
    with county() as opened:
        yield opened


def test_a_renewal_states_the_same_keys_for_longer(tx: MemoryTx) -> None:
    joined(tx)
    long_after = NOW + 60 * DAY
    tx.members.put_chain(line_to(COUNTY, long_after).statements)
    chain = renew(tx, MIDDLE, TOWNSHIP, long_after)
    stated = read_statement(chain[-1])
    assert stated.keys == keys_of(TOWNSHIP).public
    assert stated.expires_at == long_after + 90 * DAY
    assert reasons(tx) == ["join", "renewal"]
    member = tx.members.get(TOWNSHIP)
    assert member is not None
    assert member.expires == stated.expires_at


def test_a_renewal_never_outlives_the_issuers_own_statement(tx: MemoryTx) -> None:
    joined(tx)
    chain = renew(tx, MIDDLE, TOWNSHIP, NOW + 80 * DAY)
    assert read_statement(chain[-1]).expires_at == NOW + 90 * DAY


def test_an_expired_child_is_renewed_and_a_revoked_one_is_not(tx: MemoryTx) -> None:
    joined(tx)
    over = NOW + 100 * DAY
    tx.members.put_chain(line_to(COUNTY, over).statements)
    assert read_statement(renew(tx, MIDDLE, TOWNSHIP, over)[-1]).expires_at > over
    revoke(tx, MIDDLE, TOWNSHIP, "closed", over)
    assert refused(lambda: renew(tx, MIDDLE, TOWNSHIP, over)) == "revoked"
    assert refused(lambda: rotate(tx, MIDDLE, TOWNSHIP, rotation(TOWNSHIP, 1), over)) == "revoked"
    assert refused(lambda: renew(tx, MIDDLE, VILLAGE, over)) == "unknown-key"


def test_a_renewal_asked_for_twice_is_issued_once(tx: MemoryTx) -> None:
    joined(tx)
    first = renew(tx, MIDDLE, TOWNSHIP, NOW + DAY)
    assert renew(tx, MIDDLE, TOWNSHIP, NOW + DAY + timedelta(minutes=4)) == first
    assert renew(tx, MIDDLE, TOWNSHIP, NOW + DAY + timedelta(minutes=6)) != first
    assert reasons(tx) == ["join", "renewal", "renewal"]


def test_a_renewal_goes_on_when_the_parents_clock_was_set_back(tx: MemoryTx) -> None:
    joined(tx)
    before = NOW - timedelta(hours=1)
    chain = renew(tx, MIDDLE, TOWNSHIP, before)
    member = tx.members.get(TOWNSHIP)
    assert member is not None
    assert member.statement == chain[-1]


def test_a_rotation_names_the_replaced_keys_for_thirty_days(tx: MemoryTx) -> None:
    joined(tx)
    chain = rotate(tx, MIDDLE, TOWNSHIP, rotation(TOWNSHIP, 1), NOW + DAY)
    stated = read_statement(chain[-1])
    assert stated.keys == keys_of(TOWNSHIP, 1).public
    assert dict(stated.previous) == dict(keys_of(TOWNSHIP).public.items())
    for role in ("node", "receipt", "witness", "seal"):
        assert verdict(tx, TOWNSHIP, 0, role, NOW + 31 * DAY - timedelta(seconds=1)) == "good"
        assert verdict(tx, TOWNSHIP, 0, role, NOW + 31 * DAY) == "replaced"
    assert dict(read_statement(renew(tx, MIDDLE, TOWNSHIP, NOW + 20 * DAY)[-1]).previous) == dict(
        stated.previous
    )
    assert verdict(tx, TOWNSHIP, 0, "node", NOW + 31 * DAY) == "replaced"
    assert dict(read_statement(renew(tx, MIDDLE, TOWNSHIP, NOW + 32 * DAY)[-1]).previous) == {}
    assert reasons(tx) == ["join", "rotation", "renewal", "renewal"]


def test_a_rotation_asked_for_again_is_answered_and_not_repeated(tx: MemoryTx) -> None:
    joined(tx)
    chain = rotate(tx, MIDDLE, TOWNSHIP, rotation(TOWNSHIP, 1), NOW + DAY)
    assert rotate(tx, MIDDLE, TOWNSHIP, rotation(TOWNSHIP, 1), NOW + 2 * DAY) == chain
    assert reasons(tx) == ["join", "rotation"]


def test_a_rotation_back_to_old_keys_or_without_proof_is_refused(tx: MemoryTx) -> None:
    joined(tx)
    rotate(tx, MIDDLE, TOWNSHIP, rotation(TOWNSHIP, 1), NOW + DAY)
    assert refused(lambda: rotate(tx, MIDDLE, TOWNSHIP, rotation(TOWNSHIP, 0), NOW + 2 * DAY)) == "malformed"
    unproven = replace(rotation(TOWNSHIP, 2), proofs=rotation(TOWNSHIP, 1).proofs)
    assert refused(lambda: rotate(tx, MIDDLE, TOWNSHIP, unproven, NOW + 2 * DAY)) == "signature"


def test_rotating_one_role_names_only_that_one(tx: MemoryTx) -> None:
    joined(tx)
    keys = replace(keys_of(TOWNSHIP), seal=keys_of(TOWNSHIP, 1).seal)
    request = KeyRequest(keys.public, prove_possession(keys, name_of(TOWNSHIP)))
    stated = read_statement(rotate(tx, MIDDLE, TOWNSHIP, request, NOW + DAY)[-1])
    assert dict(stated.previous) == {"seal": keys_of(TOWNSHIP).public.seal}
    more = replace(keys, node=keys_of(TOWNSHIP, 1).node)
    request = KeyRequest(more.public, prove_possession(more, name_of(TOWNSHIP)))
    stated = read_statement(rotate(tx, MIDDLE, TOWNSHIP, request, NOW + 2 * DAY)[-1])
    assert set(stated.previous) == {"seal", "node"}
