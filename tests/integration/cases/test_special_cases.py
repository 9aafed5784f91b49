"""Province items, joint items, attachments that travel or stay, matters that go down."""

from __future__ import annotations

from datetime import date

import pytest

from node.cases.attachments import attach, open_attachment
from node.cases.change import find_case, perform
from node.cases.deciding import OutsideDecision, accept, forward_outside, grant, settle
from node.cases.handover import offer, return_result
from node.cases.states import Act
from node.cases.view import plain_case
from node.catalogue.rules import Handling
from node.kernel.problems import Problem
from tests.integration.cases.invariants import check_network
from tests.integration.cases.network import CITY, COUNTY, VILLAGE, Network, item
from tests.integration.cases.stories import VILLAGE_OWN, hand_in, proxied

PROVINCE = item(lambda v: v.deciding_level == "province" and "city" in v.intake_levels and not v.sensitive)
JOINT = item(lambda v: v.handling is Handling.JOINT)
COUNTY_AT_CITY = item(
    lambda v: v.deciding_level == "county" and "city" in v.intake_levels and v.handling is Handling.PROMISED
)


def test_what_the_province_decides_is_forwarded_by_hand_and_its_decision_recorded(network: Network) -> None:
    city = network[CITY]
    number = hand_in(city, PROVINCE, role="clerk").case.number
    city.act(number, accept, city.worker("clerk"))
    city.act(number, perform, Act.START_REVIEW, city.worker("clerk"))
    with pytest.raises(Problem, match="outside-decision-missing"):
        city.act(number, grant, city.worker("bureau"))
    city.act(number, forward_outside, city.worker("section"), "省农业农村厅", "通报〔2026〕7号")
    decision = OutsideDecision("苏农许〔2026〕113号", date(2026, 11, 24))
    city.act(number, grant, city.worker("bureau"), outside=decision)
    city.act(number, perform, Act.ISSUE, city.worker("clerk"))
    assert (city.case(number).personal or {})["result"]["outside_reference"] == "苏农许〔2026〕113号"
    assert any("苏农许〔2026〕113号".encode() in line for line in city.lines())


def test_a_joint_item_is_registered_with_a_sentence_that_says_what_comes_later(network: Network) -> None:
    node = network[
        next(code for code in (VILLAGE, COUNTY, CITY) if _level(network, code) in JOINT.intake_levels)
    ]
    made = hand_in(node, JOINT, role="agent" if node.code == VILLAGE else "clerk")
    assert made.notice is not None
    assert "后续版本" in made.notice[0]
    assert made.case.status == "RECEIVED"


def _level(network: Network, code: str) -> str:
    return network[code].context.level


def test_a_matter_taken_in_at_the_city_goes_down_to_the_county_that_decides(network: Network) -> None:
    city, county = network[CITY], network[COUNTY]
    number = hand_in(city, COUNTY_AT_CITY, role="clerk").case.number
    with pytest.raises(Problem, match="destination-missing"):
        city.act(number, offer, city.worker("clerk"))
    with pytest.raises(Problem, match="destination-wrong"):
        city.act(number, offer, city.worker("clerk"), destination=VILLAGE)
    city.act(number, offer, city.worker("clerk"), destination=COUNTY)
    network.carry()
    county.act(number, accept, county.worker("clerk"))
    county.act(number, perform, Act.START_REVIEW, county.worker("clerk"))
    county.act(number, grant, county.worker("bureau"))
    county.act(number, perform, Act.ISSUE, county.worker("clerk"))
    county.act(number, return_result, county.worker("clerk"))
    network.carry()
    assert (city.case(number).status, city.case(number).custodian) == ("ISSUED", CITY)
    with city.database.reading() as session:
        assert plain_case(city.context, session, find_case(session, number))["path"] == [CITY, COUNTY]
    check_network(network)


def test_an_attachment_travels_with_its_key_sealed_and_blocks_acceptance_until_it_arrived(
    network: Network,
) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    version = proxied("county", Handling.PROMISED)
    number = hand_in(village, version).case.number
    material = version.materials[0].id
    content = "户口簿 顾海燕".encode()
    row = village.act(
        number,
        attach,
        village.worker("agent"),
        material=material,
        name="户口簿.jpg",
        media="image/jpeg",
        content=content,
    )
    village.act(number, offer, village.worker("agent"), entrustment_signed=True)
    (sent,) = village.outbox
    assert [blob["sha256"] for blob in sent.data["blobs"]] == [row.sha256]
    assert "户口簿" not in str(sent.data)
    network.carry()
    assert county.case(number).custodian == COUNTY, "a missing blob never holds a stream"
    with county.database.reading() as session:
        shown = plain_case(county.context, session, find_case(session, number))
    assert {m["id"]: m["state"] for m in shown["materials"]}[material] == "not_arrived"
    with pytest.raises(Problem, match="material-not-arrived"):
        county.act(number, accept, county.worker("clerk"))
    with village.database.reading() as session:
        ciphertext = village.context.blobs(session).read(row.sha256, 0, row.size)
    with county.tx() as session:
        store = county.context.blobs(session)
        store.begin(row.sha256, row.size, VILLAGE)
        store.write(row.sha256, 0, ciphertext)
    county.act(number, accept, county.worker("clerk"))
    with county.database.reading() as session:
        opened = open_attachment(county.context, session, find_case(session, number), row.sha256)
    assert (opened.content, opened.name) == (content, "户口簿.jpg")
    check_network(network)


def test_an_attachment_of_a_matter_that_stays_is_named_to_nobody(network: Network) -> None:
    village = network[VILLAGE]
    number = hand_in(village, VILLAGE_OWN).case.number
    row = village.act(
        number,
        attach,
        village.worker("agent"),
        material="m1",
        name="照片",
        media="image/png",
        content=b"picture",
    )
    village.act(number, settle, village.worker("agent"))
    assert network.carry() == 0
    with village.database.reading() as session:
        assert not village.context.blobs(session).named_to(row.sha256, TOWNSHIP_AND_ABOVE)
    check_network(network)


TOWNSHIP_AND_ABOVE = "320623101000"
