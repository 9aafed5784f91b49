"""Matters from registration to the citizen's hands, over one to four nodes."""

from __future__ import annotations

import pytest

from node.cases.change import perform
from node.cases.custody import Reason
from node.cases.deciding import (
    accept,
    confirm_negative,
    grant,
    pre_review,
    propose_negative,
    settle,
)
from node.cases.handover import offer, return_result
from node.cases.states import Act
from node.cases.supplements import give_notice, resupply, withdraw
from node.cases.taking import decline_by_person, take_by_person
from node.catalogue.rules import Handling
from node.kernel.problems import Problem
from tests.integration.cases.invariants import check_network
from tests.integration.cases.network import CITY, COUNTY, TOWNSHIP, VILLAGE, Network, Node
from tests.integration.cases.stories import REFERRED, VILLAGE_OWN, VILLAGE_PROMISED, hand_in, proxied

ABOVE = [("township", TOWNSHIP), ("county", COUNTY), ("city", CITY)]


def send_up(node: Node, number: str, role: str = "agent") -> None:
    node.act(number, offer, node.worker(role), entrustment_signed=True)


def decide(node: Node, number: str) -> None:
    """Grants and issues a case that was accepted or taken under review."""
    if node.case(number).status == "RECEIVED":
        node.act(number, accept, node.worker("clerk"))
    if node.case(number).status == "ACCEPTED":
        node.act(number, perform, Act.START_REVIEW, node.worker("clerk"))
    node.act(number, grant, node.worker("section"), text="符合条件,准予。")
    node.act(number, perform, Act.ISSUE, node.worker("clerk"))


def hand_out(node: Node, number: str) -> None:
    node.act(number, perform, Act.DELIVER, node.worker("agent"))
    node.act(number, perform, Act.CLOSE, node.worker("agent"))


def test_a_villages_own_matter_is_settled_in_one_transaction_and_leaves_no_trace_above(
    network: Network,
) -> None:
    village = network[VILLAGE]
    number = hand_in(village, VILLAGE_OWN).case.number
    village.act(number, settle, village.worker("agent"))
    case = village.case(number)
    assert (case.status, case.custodian, case.seq) == ("CLOSED", VILLAGE, 7)
    assert network.carry() == 0
    assert not any(network[code].knows(number) for code in (TOWNSHIP, COUNTY, CITY))
    check_network(network)


def test_a_promised_matter_of_the_village_goes_step_by_step(network: Network) -> None:
    village = network[VILLAGE]
    number = hand_in(village, VILLAGE_PROMISED).case.number
    village.act(number, accept, village.worker("agent"))
    assert village.case(number).due_on is not None
    village.act(number, perform, Act.START_REVIEW, village.worker("agent"))
    village.act(number, grant, village.worker("agent"))
    village.act(number, perform, Act.ISSUE, village.worker("agent"))
    hand_out(village, number)
    assert village.case(number).status == "CLOSED"
    assert network.carry() == 0


@pytest.mark.parametrize(("level", "above"), ABOVE)
def test_a_proxied_immediate_matter_is_decided_above_the_same_day_and_handed_out_at_home(
    network: Network, level: str, above: str
) -> None:
    village, decider = network[VILLAGE], network[above]
    number = hand_in(village, proxied(level, Handling.IMMEDIATE)).case.number
    send_up(village, number)
    network.carry()
    assert decider.case(number).custodian == above
    assert village.case(number).custodian == above
    decider.act(number, settle, decider.worker("window_head"))
    network.carry()
    home = village.case(number)
    assert (home.status, home.custodian, home.custody_state, home.entrustment) == (
        "ISSUED",
        VILLAGE,
        "HERE",
        "RESULT_IN",
    )
    assert home.decided_by == above
    hand_out(village, number)
    network.carry()
    assert {network[code].case(number).status for code in (VILLAGE, above)} == {"CLOSED"}
    assert village.case(number).entrustment == "CLOSED"
    others = {code for code, node in network.nodes.items() if node.knows(number)}
    assert others == {VILLAGE, above}, "a relay holds nothing of the matter"
    check_network(network)


def test_a_proxied_promised_matter_starts_its_clocks_above_from_the_day_it_was_stored(
    network: Network,
) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    version = proxied("county", Handling.PROMISED)
    number = hand_in(village, version).case.number
    send_up(village, number)
    network.days(1)
    network.carry()
    with county.database.reading() as session:
        from node.cases.facts import clocks_of

        clocks = {clock.id: clock for clock in clocks_of(session, county.case(number).id)}
    assert clocks["T1"].started_on == county.context.today()
    decide(county, number)
    county.act(number, return_result, county.worker("clerk"))
    network.carry()
    hand_out(village, number)
    network.carry()
    assert county.case(number).status == village.case(number).status == "CLOSED"
    assert (village.case(number).personal or {})["result"]["text"] == "符合条件,准予。"
    check_network(network)


def test_a_referral_goes_up_with_its_first_review_and_comes_back_to_the_village(network: Network) -> None:
    village, township, county = network[VILLAGE], network[TOWNSHIP], network[COUNTY]
    number = hand_in(village, REFERRED).case.number
    send_up(village, number)
    network.carry()
    township.act(number, accept, township.worker("clerk"))
    township.act(number, perform, Act.START_REVIEW, township.worker("clerk"))
    with pytest.raises(Problem, match="pre-review-missing"):
        township.act(number, offer, township.worker("section"))
    with pytest.raises(Problem, match="handled-above"):
        township.act(number, grant, township.worker("section"))
    township.act(number, pre_review, township.worker("section"), "情况属实,同意上报。")
    township.act(number, offer, township.worker("section"))
    network.carry()
    at_county = county.case(number)
    assert (at_county.custodian, at_county.custody, at_county.status) == (COUNTY, 2, "IN_REVIEW")
    assert (at_county.personal or {})["opinion"] == "情况属实,同意上报。"
    assert village.case(number).custodian == township.case(number).custodian == COUNTY
    decide(county, number)
    county.act(number, return_result, county.worker("clerk"))
    network.carry()
    hand_out(village, number)
    network.carry()
    for node in (village, township, county):
        assert (node.case(number).status, node.case(number).custodian) == ("CLOSED", VILLAGE)
    check_network(network)


def test_an_offer_with_a_missing_material_waits_for_a_person_and_comes_back_as_the_notice(
    network: Network,
) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    version = proxied("county", Handling.PROMISED)
    lacking = version.required_materials[0].id
    number = hand_in(village, version, {m.id for m in version.materials} - {lacking}).case.number
    send_up(village, number)
    network.carry()
    waiting = county.waiting()
    assert [(one.doubt, one.missing) for one in waiting] == [("missing", [lacking])]
    assert not county.knows(number)
    with county.tx() as session:
        decline_by_person(
            county.context, session, waiting[0].id, county.worker("clerk"), Reason.MISSING, [lacking]
        )
    with pytest.raises(Problem, match="offer-answered"), county.tx() as session:
        take_by_person(county.context, session, waiting[0].id, county.worker("clerk"))
    network.carry()
    home = village.case(number)
    assert (home.status, home.custodian, home.custody_state) == ("CORRECTION", VILLAGE, "HERE")
    village.act(number, resupply, village.worker("agent"), [lacking])
    send_up(village, number)
    network.carry()
    assert county.case(number).custodian == COUNTY
    check_network(network)


def test_a_notice_from_above_is_supplemented_at_home_while_custody_stays_above(network: Network) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    version = proxied("county", Handling.PROMISED)
    lacking = version.required_materials[0].id
    number = hand_in(village, version).case.number
    send_up(village, number)
    network.carry()
    county.act(number, give_notice, county.worker("clerk"), [lacking])
    network.carry()
    assert village.case(number).status == "CORRECTION"
    assert village.act(number, resupply, village.worker("agent"), [lacking]) is False
    network.carry()
    assert county.case(number).status == village.case(number).status == "RECEIVED"
    assert county.case(number).custodian == COUNTY
    check_network(network)


def test_a_matter_is_withdrawn_at_home_or_by_request_above(network: Network) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    version = proxied("county", Handling.PROMISED)
    here = hand_in(village, version).case.number
    assert village.act(here, withdraw, village.worker("agent")) is True
    assert village.case(here).status == "WITHDRAWN"
    above = hand_in(village, version).case.number
    send_up(village, above)
    network.carry()
    assert village.act(above, withdraw, village.worker("agent")) is False
    network.carry()
    assert village.case(above).status == county.case(above).status == "WITHDRAWN"
    check_network(network)


@pytest.mark.parametrize("answer", ["waits", "declined"])
def test_a_matter_whose_offer_waits_is_withdrawn_by_the_addressee_or_after_its_refusal(
    network: Network, answer: str
) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    version = proxied("county", Handling.PROMISED)
    lacking = version.required_materials[0].id
    number = hand_in(village, version, {m.id for m in version.materials} - {lacking}).case.number
    send_up(village, number)
    network.carry()
    if answer == "declined":
        with county.tx() as session:
            decline_by_person(
                county.context,
                session,
                county.waiting()[0].id,
                county.worker("clerk"),
                Reason.MISSING,
                [lacking],
            )
    assert village.act(number, withdraw, village.worker("agent")) is False
    for sent in list(village.outbox):  # the request arrives, the answer crosses it on its way
        if answer == "waits":
            break
        village.outbox.remove(sent)
    network.carry()
    assert village.case(number).status == "WITHDRAWN"
    check_network(network)


def test_a_refusal_is_filed_first_and_signed_by_the_bureau(network: Network) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    number = hand_in(village, proxied("county", Handling.PROMISED)).case.number
    send_up(village, number)
    network.carry()
    county.act(number, accept, county.worker("clerk"))
    county.act(number, perform, Act.START_REVIEW, county.worker("clerk"))
    refusal = (Act.PROPOSE_REFUSAL, county.worker("section"), "收入超过标准", "社会救助暂行办法第九条")
    county.act(number, propose_negative, *refusal)
    with pytest.raises(Problem, match="act-forbidden"):
        county.act(number, confirm_negative, Act.CONFIRM_REFUSAL, county.worker("section"))
    county.act(number, confirm_negative, Act.CONFIRM_REFUSAL, county.worker("bureau"))
    county.act(number, return_result, county.worker("clerk"))
    network.carry()
    result = (village.case(number).personal or {})["result"]
    assert (result["grounds"], "行政复议" in result["remedies"]) == ("收入超过标准", True)
    hand_out(village, number)
    network.carry()
    assert village.case(number).status == county.case(number).status == "CLOSED"
    check_network(network)
