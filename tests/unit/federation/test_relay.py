"""Relays: what they pass on arrives once, in order, believed; what they drop, repeat, reorder, alter or invent is found
or harmless."""

from __future__ import annotations

from dataclasses import replace

import pytest

from federation import canonical
from federation.event import parse_entry
from federation.forwarding import NotReceiptedError
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    OTHER_COUNTY,
    TOWNSHIP,
    VILLAGE,
    keys_of,
    name_of,
)
from tests.unit.federation.posts import (
    SUBJECT,
    TOLD,
    Posts,
    down_origin,
    up_origin,
)
from tests.unit.federation.relaying import escalate, numbers


@pytest.fixture
def net() -> Posts:
    return Posts()


def test_an_entry_travels_three_hops_up_and_is_acknowledged_to_its_origin(net: Posts) -> None:
    net.village.send(CITY, data={"n": 1})
    net.village.send(CITY, data={"n": 2})
    net.carry()
    assert numbers(net.city) == [1, 2]
    assert (net.county.told(), net.township.told()) == ([], [])
    [first, second] = net.city.effects
    assert (first.sender, first.relayed, first.came_from) == (VILLAGE, True, COUNTY)
    assert (first.origin_log, first.index, second.index) == (up_origin(VILLAGE), 0, 1)
    acknowledged = [(notice.sender, notice.origin, notice.index) for notice in net.village.acknowledged]
    assert acknowledged == [(CITY, up_origin(VILLAGE), 0), (CITY, up_origin(VILLAGE), 1)]
    assert [post.alerts() for post in net.line] == [[]] * 4


def test_an_entry_travels_down_and_a_neighbours_entry_is_not_acknowledged(net: Posts) -> None:
    net.city.send(VILLAGE, data={"n": 1})
    net.city.send(COUNTY, data={"n": 2})
    net.carry()
    assert numbers(net.village) == [1]
    assert numbers(net.county) == [2]
    assert [notice.origin for notice in net.city.acknowledged] == [down_origin(CITY, COUNTY)]
    assert [notice.sender for notice in net.city.acknowledged] == [VILLAGE]


def test_what_one_batch_holds_is_acknowledged_in_one_entry(net: Posts) -> None:
    escalate(net, 5)
    net.step(net.county)
    [row] = net.county.outbox()
    assert row.type == "relay.received.v1"
    assert [entry["index"] for entry in canonical.load_object(row.data)["entries"]] == [0, 1, 2, 3, 4]


def test_a_relay_has_the_destination_and_subject_of_its_entry_and_no_seq(net: Posts) -> None:
    escalate(net, 1)
    net.carry_between(net.county, net.township)
    with net.county.tx() as tx:
        [stored] = tx.logs.entries(up_origin(TOWNSHIP), 0, 1)
    entry = parse_entry(stored.line)
    assert (entry.type, entry.destination, entry.subject, entry.seq) == ("relay.v1", COUNTY, SUBJECT, None)
    assert entry.source == name_of(TOWNSHIP)


def test_every_further_node_passes_data_on_unchanged(net: Posts) -> None:
    net.village.send(CITY, data={"n": 1})
    net.carry_between(net.township, net.village)
    net.township.inbox.apply()
    [first] = net.township.outbox()
    net.carry_between(net.county, net.township)
    net.county.inbox.apply()
    [second] = net.county.outbox()
    assert second.data == first.data
    assert (second.destination, second.subject) == (first.destination, first.subject)


def test_an_entry_to_everyone_takes_effect_at_each_node_below_and_is_not_acknowledged(net: Posts) -> None:
    net.city.send("*", data={"n": 1})
    net.carry()
    assert [numbers(post) for post in net.line] == [[], [1], [1], [1]]
    assert [received.sender for received in net.village.effects] == [CITY]
    assert net.city.acknowledged == []


def test_an_entry_to_everyone_is_passed_on_though_it_cannot_be_applied_here(net: Posts) -> None:
    net.county.inbox = net.county.new_inbox({})
    net.city.send("*", data={"n": 1})
    net.carry()
    assert [numbers(post) for post in net.line] == [[], [], [1], [1]]


def test_the_first_receiver_waits_for_its_receipt(net: Posts) -> None:
    net.village.send(COUNTY, data={"n": 1})
    net.carry_between(net.township, net.village)
    state = net.township.log("peer-up", VILLAGE)
    with net.township.tx() as tx:
        tx.logs.put(replace(state, receipted_size=0, receipted_note=""))
    assert net.township.inbox.apply().entries == 0
    with net.township.tx() as tx:
        tx.logs.put(state)
    assert net.township.inbox.apply().forwarded == 1
    assert NotReceiptedError.retryable


def test_attachments_are_named_to_the_next_node(net: Posts) -> None:
    sha256 = "cd" * 32
    net.village.send(COUNTY, data={"blobs": [{"sha256": sha256, "size": 1, "media": "image/png"}]})
    net.carry_between(net.township, net.village)
    net.township.inbox.apply()
    with net.township.tx() as tx:
        assert tx.blobs.named_to(sha256, COUNTY)
        assert not tx.blobs.named_to(sha256, VILLAGE)


def test_the_seal_keys_of_those_on_the_way_are_learned(net: Posts) -> None:
    with net.city.tx() as tx:
        assert tx.members.get(VILLAGE) is None
    net.village.send(CITY, data={"n": 1})
    net.carry()
    with net.city.tx() as tx:
        [key] = tx.members.keys(VILLAGE, "seal")
        assert key.kid == keys_of(VILLAGE).public.seal.kid
        assert tx.members.get(COUNTY).direct == "child"
        assert tx.members.get(TOWNSHIP).direct == ""


@pytest.mark.parametrize("destination", [OTHER_COUNTY, "110000000000", "320623101099"])
def test_what_nobody_covers_is_undeliverable_and_moves_nothing(net: Posts, destination: str) -> None:
    net.village.send(destination, data={"n": 1}, ways=[("own-up", TOWNSHIP)])
    net.village.send(TOWNSHIP, data={"n": 2})
    net.carry()
    assert [(notice.origin, notice.index) for notice in net.village.undeliverable] == [
        (up_origin(VILLAGE), 0)
    ]
    assert numbers(net.township) == [2]


def test_nothing_goes_out_by_the_link_it_came_by(net: Posts) -> None:
    net.county.send(OTHER_COUNTY, data={"n": 1}, ways=[("own-down", TOWNSHIP)])
    net.carry()
    assert [notice.sender for notice in net.county.undeliverable] == [TOWNSHIP]


def test_the_three_notices_are_never_answered(net: Posts) -> None:
    net.village.send(COUNTY, "relay.received.v1", {"entries": [{"origin": up_origin(VILLAGE), "index": 9}]})
    net.village.send(OTHER_COUNTY, "relay.received.v1", {"entries": []}, ways=[("own-up", TOWNSHIP)])
    net.carry()
    assert net.county.set_aside() == [(0, "schema")]
    assert [post.outbox() for post in net.line] == [[]] * 4
    assert (net.village.acknowledged, net.village.refused, net.village.undeliverable) == ([], [], [])


def test_what_the_destination_refuses_is_told_to_the_origin(net: Posts) -> None:
    net.village.send(CITY, "audit.challenge.v1", {})
    net.village.send(CITY, data={"n": 1}, subject="other")
    net.city.inbox = net.city.new_inbox({TOLD: net.city.remember, "audit.challenge.v1": net.city.remember})
    net.carry()
    assert [(notice.sender, notice.index, notice.reason) for notice in net.village.refused] == [
        (CITY, 0, "schema")
    ]
    assert [notice.index for notice in net.village.acknowledged] == [1]
    assert numbers(net.city) == [1]


# --- a relay that lies -------------------------------------------------------------------------------------------
