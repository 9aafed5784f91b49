"""Expired clocks act by themselves: silence is acceptance, no supplement is a lapse."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from node.cases.deadlines import timer_handlers
from node.cases.deciding import accept
from node.cases.facts import clocks_of
from node.cases.handover import offer
from node.cases.supplements import give_notice, resupply
from node.cases.tables import CasePaperRow
from node.catalogue.rules import Handling
from node.kernel.timers import TimerRunner
from tests.integration.cases.invariants import check_network
from tests.integration.cases.network import COUNTY, VILLAGE, Network, Node
from tests.integration.cases.stories import VILLAGE_PROMISED, hand_in, proxied


def ring(network: Network, node: Node) -> int:
    """Fires what is due at a node; returns how many."""
    run = TimerRunner(node.database, network.clock, timer_handlers(node.context)).run_due()
    assert run.failed == 0
    return run.fired


def test_five_working_days_of_silence_are_an_acceptance_dated_back_to_the_receipt(network: Network) -> None:
    village = network[VILLAGE]
    number = hand_in(village, VILLAGE_PROMISED).case.number
    received_on = village.context.today()
    network.days(7)
    assert ring(network, village) == 0, "the due day itself is in time"
    network.days(1)
    assert ring(network, village) == 1
    case = village.case(number)
    assert (case.status, case.acceptance) == ("ACCEPTED", "DEEMED")
    with village.database.reading() as session:
        clocks = {clock.id: clock for clock in clocks_of(session, case.id)}
        papers = list(session.scalars(select(CasePaperRow.kind).where(CasePaperRow.case_id == case.id)))
    assert clocks["T2p"].started_on == received_on
    assert clocks["T1"].used_days == 6
    assert papers == ["deemed_acceptance"]


def test_what_was_accepted_in_time_fires_nothing(network: Network) -> None:
    village = network[VILLAGE]
    number = hand_in(village, VILLAGE_PROMISED).case.number
    village.act(number, accept, village.worker("agent"))
    network.days(30)
    assert ring(network, village) == 0
    assert village.case(number).acceptance == "EXPLICIT"


def test_a_notice_nobody_answers_lapses_and_an_answered_one_does_not(network: Network) -> None:
    village = network[VILLAGE]
    lacking = VILLAGE_PROMISED.materials[0].id
    numbers = [hand_in(village, VILLAGE_PROMISED).case.number for _ in range(2)]
    for number in numbers:
        village.act(number, give_notice, village.worker("agent"), [lacking])
    network.clock.advance(timedelta(days=20))
    village.act(numbers[1], resupply, village.worker("agent"), [lacking])
    network.clock.advance(timedelta(days=9))
    ring(network, village)
    assert village.case(numbers[0]).status == "LAPSED"
    assert village.case(numbers[1]).status == "ACCEPTED", "T1 ran anew from the supplement"


def test_the_upper_levels_silence_counts_from_the_day_it_stored_the_offer(network: Network) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    number = hand_in(village, proxied("county", Handling.PROMISED)).case.number
    village.act(number, offer, village.worker("agent"), entrustment_signed=True)
    network.days(30)  # the line was down for a month
    assert ring(network, village) == 0, "a village that only carries a matter accepts nothing by silence"
    network.carry()
    assert ring(network, county) == 0
    network.days(8)
    assert ring(network, county) == 1
    network.carry()
    assert village.case(number).status == county.case(number).status == "ACCEPTED"
    check_network(network)
