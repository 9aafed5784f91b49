"""A top's statements about itself; succession of the anchor (federation.md §3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from federation.chain import verify_chain
from federation.issuing import (
    found_top,
    renew,
    renew_own,
    rotate_own,
)
from federation.keys import NodeKeys
from federation.memory_stores import MemoryTx
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    DAY,
    NOW,
    keys_of,
    name_of,
)
from tests.unit.federation.parents import (
    ANCHOR,
    MIDDLE,
    TOP,
    city,
    county,
    joined,
    refused,
    verdict,
)


@pytest.fixture
def tx() -> Iterator[MemoryTx]:
    """The county's storage: it belongs to the city and has no children."""
    with county() as opened:
        yield opened


@pytest.fixture
def top() -> Iterator[MemoryTx]:
    """The city's storage, founded."""
    with city() as opened:
        yield opened


# --- founding ------------------------------------------------------------------------------------------------


def test_a_top_founds_its_network_once(top: MemoryTx) -> None:
    held = verify_chain(top.members.chain(), ANCHOR, NOW, subject=name_of(CITY))
    assert held.anchor == ANCHOR
    member = top.members.get(CITY)
    assert member is not None
    assert (member.direct, member.scope, member.level) == ("self", ("3206",), "city")
    assert refused(lambda: found_top(top, TOP, "again", ["3206"], NOW)) == "founded"


def test_a_tops_children_are_nobody_elses_news(top: MemoryTx) -> None:
    joined(top, COUNTY, by=TOP)
    assert top.outbox.waiting() == []


# --- the top's own -------------------------------------------------------------------------------------------


def test_a_top_renews_itself(top: MemoryTx) -> None:
    chain = renew_own(top, TOP, NOW + 60 * DAY)
    assert verify_chain(chain, ANCHOR, NOW + 120 * DAY).node.expires_at == NOW + 150 * DAY
    assert top.members.chain() == chain


def test_the_anchor_states_its_successor_at_the_front_of_every_chain(top: MemoryTx) -> None:
    joined(top, COUNTY, by=TOP)
    chain = rotate_own(top, TOP, keys_of(CITY, 1), NOW + DAY)
    assert len(chain) == 2
    rotated = replace(TOP, keys=keys_of(CITY, 1))
    renewed = renew(top, rotated, COUNTY, NOW + DAY)
    assert renewed[:2] == chain
    new_anchor = keys_of(CITY, 1).public.node.kid
    for pin in (ANCHOR, new_anchor):
        assert verify_chain(renewed, pin, NOW + DAY, subject=name_of(COUNTY)).anchor == new_anchor
    assert verdict(top, CITY, 0, "receipt", NOW + 30 * DAY) == "good"
    assert verdict(top, CITY, 0, "receipt", NOW + 31 * DAY) == "replaced"
    again = rotate_own(top, rotated, keys_of(CITY, 2), NOW + 40 * DAY)
    assert len(again) == 3
    assert verify_chain(again, ANCHOR, NOW + 40 * DAY).anchor == keys_of(CITY, 2).public.node.kid
    assert rotate_own(top, rotated, keys_of(CITY, 2), NOW + 41 * DAY) == again


def test_a_top_that_keeps_its_node_key_needs_no_successor(top: MemoryTx) -> None:
    keys: NodeKeys = replace(keys_of(CITY), receipt=keys_of(CITY, 1).receipt)
    chain = rotate_own(top, TOP, keys, NOW + DAY)
    assert len(chain) == 1
    assert verify_chain(chain, ANCHOR, NOW + DAY).node.keys == keys.public


def test_only_a_top_speaks_of_itself(tx: MemoryTx) -> None:
    assert refused(lambda: renew_own(tx, MIDDLE, NOW)) == "issuer"
    assert refused(lambda: rotate_own(tx, MIDDLE, keys_of(COUNTY, 1), NOW)) == "issuer"
