"""Revocation and successors (federation.md §3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from federation.errors import TrustError
from federation.issuing import (
    renew,
    revoke,
    rotate,
    state_successor,
)
from federation.memory_stores import MemoryTx
from federation.statements import read_statement
from tests.unit.federation.members import (
    CITY,
    DAY,
    NOW,
    OTHER_COUNTY,
    TOWNSHIP,
    VILLAGE,
    keys_of,
)
from tests.unit.federation.parents import (
    MIDDLE,
    county,
    joined,
    queued,
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


def test_a_revocation_is_immediate_and_told_above_and_below(tx: MemoryTx) -> None:
    joined(tx)
    joined(tx, VILLAGE)  # of the county directly: levels may be skipped
    at = NOW + timedelta(minutes=5)
    revocation = revoke(tx, MIDDLE, TOWNSHIP, "keys lost", at)
    assert revocation is not None
    assert set(revocation.kids) == set(keys_of(TOWNSHIP).public.kids.values())
    member = tx.members.get(TOWNSHIP)
    assert member is not None
    assert member.revoked
    assert verdict(tx, TOWNSHIP, 0, "receipt", at) == "revoked"
    assert verdict(tx, TOWNSHIP, 0, "receipt", at - timedelta(seconds=1)) == "good"
    told = ("membership.revoked.v1", TOWNSHIP, CITY, revocation.to_data())
    assert queued(tx)[-1] == told
    assert queued(tx, "own-down", VILLAGE) == [(told[0], TOWNSHIP, "*", told[3])]
    assert queued(tx, "own-down", TOWNSHIP) == []
    assert revoke(tx, MIDDLE, TOWNSHIP, "again", at + DAY) is None
    assert refused(lambda: revoke(tx, MIDDLE, OTHER_COUNTY, "?", at)) == "unknown-node"


def test_a_revocation_after_a_rotation_names_the_old_keys_too(tx: MemoryTx) -> None:
    joined(tx)
    rotate(tx, MIDDLE, TOWNSHIP, rotation(TOWNSHIP, 1), NOW + DAY)
    revocation = revoke(tx, MIDDLE, TOWNSHIP, "lost", NOW + 2 * DAY)
    assert revocation is not None
    assert len(revocation.kids) == 8


def test_a_successor_is_stated_once_its_predecessor_has_ended(tx: MemoryTx) -> None:
    joined(tx)
    joined(tx, VILLAGE)
    later = NOW + timedelta(hours=1)
    assert refused(lambda: state_successor(tx, MIDDLE, TOWNSHIP, [VILLAGE], later)) == "predecessor"
    revoke(tx, MIDDLE, VILLAGE, "merged", later)
    chain = state_successor(tx, MIDDLE, TOWNSHIP, [VILLAGE], later)
    assert read_statement(chain[-1]).successor_of == (VILLAGE,)
    assert read_statement(renew(tx, MIDDLE, TOWNSHIP, later + DAY)[-1]).successor_of == (VILLAGE,)
    assert reasons(tx)[-2:] == ["successor", "renewal"]
    with pytest.raises(TrustError):
        state_successor(tx, MIDDLE, TOWNSHIP, [TOWNSHIP], later)
