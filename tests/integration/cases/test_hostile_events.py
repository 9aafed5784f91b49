"""What a node does with events that are repeated, late, or not their sender's to send."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from federation.received import EntryEarly, EntryRefused
from node.cases.deciding import accept, settle
from node.cases.handover import offer
from node.cases.supplements import give_notice, resupply
from node.catalogue.rules import Handling
from node.kernel.problems import Problem
from tests.integration.cases.invariants import check_network
from tests.integration.cases.network import COUNTY, TOWNSHIP, VILLAGE, Network, Sent
from tests.integration.cases.stories import hand_in, proxied

PROMISED = proxied("county", Handling.PROMISED)


def offered(network: Network) -> tuple[str, Sent]:
    """A matter offered to the county, and the offer on its way."""
    village = network[VILLAGE]
    number = hand_in(village, PROMISED).case.number
    village.act(number, offer, village.worker("agent"), entrustment_signed=True)
    return number, village.outbox[0]


@pytest.mark.parametrize("seed", range(6))
def test_repeats_of_anything_at_any_time_change_nothing(network: Network, seed: int) -> None:
    """Streams repeat nothing, but what was re-imported after a loss is said again."""
    dice = random.Random(seed)
    village, county = network[VILLAGE], network[COUNTY]
    number = hand_in(village, proxied("county", Handling.IMMEDIATE)).case.number
    village.act(number, offer, village.worker("agent"), entrustment_signed=True)

    def carry_with_repeats() -> None:
        network.carry()
        for sent in dice.sample(network.carried, min(3, len(network.carried))):
            network.deliver(sent)
        network.carry()

    carry_with_repeats()
    lacking = PROMISED.required_materials[0].id
    county.act(number, give_notice, county.worker("clerk"), [county_material(network, number, lacking)])
    carry_with_repeats()
    village.act(number, resupply, village.worker("agent"), [county_material(network, number, lacking)])
    carry_with_repeats()
    county.act(number, settle, county.worker("window_head"))
    carry_with_repeats()
    assert (village.case(number).status, village.case(number).custodian) == ("ISSUED", VILLAGE)
    assert county.case(number).custodian == VILLAGE
    check_network(network)


def county_material(network: Network, number: str, otherwise: str) -> str:
    """A material on the case's own list."""
    version = network[COUNTY].context.version
    with network[COUNTY].database.reading() as session:
        from node.cases.change import find_case

        found = version(session, find_case(session, number).item_version)
    assert found is not None
    return found.materials[0].id if found.materials else otherwise


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"number": "3206231010022026112400001"}, "schema"),
        ({"number": "not a number"}, "schema"),
        ({"status": "CLOSED"}, "schema"),
        ({"status": "NONSENSE"}, "schema"),
        ({"home": TOWNSHIP}, "schema"),
    ],
)
def test_an_offer_that_contradicts_itself_is_set_aside(
    network: Network, change: dict[str, Any], reason: str
) -> None:
    number, sent = offered(network)
    with pytest.raises(EntryRefused) as refused:
        network.deliver(replace(sent, data={**sent.data, **change}))
    assert refused.value.reason == reason
    assert not network[COUNTY].knows(number)
    assert network[COUNTY].waiting() == []


def test_only_the_home_makes_the_first_offer(network: Network) -> None:
    _, sent = offered(network)
    with pytest.raises(EntryRefused) as refused:
        network.deliver(replace(sent, source=TOWNSHIP))
    assert refused.value.reason == "sender"


def test_a_taking_by_anybody_but_the_addressee_is_set_aside(network: Network) -> None:
    number, sent = offered(network)
    village = network[VILLAGE]
    taken = {
        "offer": sent.data["offer"],
        "custody": 1,
        "case": sent.subject,
        "by": "machine",
        "post": "",
        "taken_at": "2026-11-24T01:30:00Z",
    }
    stolen = Sent("x", TOWNSHIP, VILLAGE, sent.subject, "case.taken.v1", taken, None, 0)
    with pytest.raises(EntryRefused):
        network.deliver(stolen)
    assert (village.case(number).custodian, village.case(number).custody_state) == (VILLAGE, "OFFERED")


def test_a_status_of_a_custody_not_yet_seen_waits_and_one_of_a_stranger_is_refused(network: Network) -> None:
    number, _ = offered(network)
    village, county = network[VILLAGE], network[COUNTY]
    network.deliver(village.outbox.popleft())
    county.act(number, accept, county.worker("clerk"))
    taken, status = county.outbox
    assert (taken.type, status.type) == ("case.taken.v1", "case.status.v1")
    with pytest.raises(EntryEarly):
        network.deliver(status)
    network.deliver(taken)
    with pytest.raises(EntryRefused):
        network.deliver(replace(status, source=TOWNSHIP))
    with pytest.raises(EntryRefused):
        network.deliver(replace(status, data={**status.data, "to": "GRANTED"}))
    network.deliver(status)
    assert village.case(number).status == "ACCEPTED"


def test_while_a_case_is_offered_nothing_changes_it_and_above_only_the_custodian_does(
    network: Network,
) -> None:
    number, _ = offered(network)
    village = network[VILLAGE]
    with pytest.raises(Problem, match="case-offered"):
        village.act(number, give_notice, village.worker("agent"), [PROMISED.materials[0].id])
    network.carry()
    with pytest.raises(Problem, match="case-not-here"):
        village.act(number, give_notice, village.worker("agent"), [PROMISED.materials[0].id])


def test_an_offer_whose_seal_key_was_unknown_waits_for_what_was_sealed(network: Network) -> None:
    number, sent = offered(network)
    county = network[COUNTY]
    network.deliver(replace(sent, sealed=None))
    assert [row.doubt for row in county.waiting()] == ["sealed"]
    network.deliver(sent)
    assert county.waiting() == []
    assert county.case(number).custodian == COUNTY
