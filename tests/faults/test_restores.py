"""Databases restored from yesterday, while matters went up, were taken and decided: what the own entries said stands."""

from __future__ import annotations

import json

from sqlalchemy import select

from node.cases.custody import Reason
from node.cases.states import Status
from node.cases.tables import CaseOfferRow, CaseReimportedRow
from node.cases.taking import decline_by_person
from node.catalogue.rules import Handling
from node.exchange.receipts import sent_about
from tests.integration.cases.stories import proxied
from tests.support.stations import COUNTY, TOWNSHIP, VILLAGE, Line, Station

UP = proxied("township", Handling.IMMEDIATE)
FAR = proxied("county", Handling.IMMEDIATE)


def offers(station: Station) -> dict[str, str]:
    """Offers made at a node, by id: their state."""
    with station.node.database.reading() as session:
        made = session.scalars(select(CaseOfferRow).where(CaseOfferRow.direction == "out"))
        return {one.id: one.state for one in made}


def waiting(station: Station) -> int:
    """Own entries that came back and could not be applied yet."""
    with station.node.database.reading() as session:
        return len(
            session.scalars(select(CaseReimportedRow).where(CaseReimportedRow.applied_at.is_(None))).all()
        )


def events(station: Station, type: str, subject: str) -> int:
    """How many entries of a type a node wrote about a case."""
    with station.node.database.reading() as session:
        lines = [sent.line or b"{}" for sent in sent_about(station.node.stores.within(session), subject)]
    return sum(json.loads(line).get("type") == type for line in lines)


def settled(line: Line) -> None:
    for _ in range(4):
        line.work()
    line.settle()


def test_a_child_restored_from_yesterday_knows_its_offer_was_made_taken_and_decided(line: Line) -> None:
    village, county = line[VILLAGE], line[COUNTY]
    number = village.hand_in(FAR)
    line.settle()
    yesterday = village.copy()
    line.later(days=1)
    village.offer(number)
    made = set(offers(village))
    line.settle()
    county.do(number, "settle", "window_head", text="准予")
    line.settle()
    decided = village.case(number).status
    village.restore(yesterday)
    assert village.case(number).custody_state == "HERE", "the old copy knows of nothing"
    settled(line)
    found = village.case(number)
    assert set(offers(village)) == made, "the offer that was made, and no other"
    assert (found.status, waiting(village)) == (decided, 0)
    assert len(county.view().cases.got) == 1
    assert [one for one in line.wrong() if not one.startswith("fsck")] == []


def test_what_is_offered_again_before_the_parent_has_answered_gives_way_to_what_was_sent(line: Line) -> None:
    village = line[VILLAGE]
    number = village.hand_in(UP)
    line.settle()
    yesterday = village.copy()
    line.later(hours=8)
    village.offer(number)
    made = set(offers(village))
    line.settle()
    village.restore(yesterday)
    village.offer(number)
    assert set(offers(village)) != made
    settled(line)
    assert set(offers(village)) == made
    assert village.case(number).custodian == TOWNSHIP
    assert len(line[TOWNSHIP].view().cases.got) == 1


def test_a_matter_whose_row_was_lost_is_known_by_its_entries(line: Line) -> None:
    village = line[VILLAGE]
    yesterday = village.copy()
    line.later(hours=8)
    numbers = [village.hand_in(FAR) for _ in range(3)]
    village.offer(numbers[2])
    line.settle()
    village.restore(yesterday)
    assert village.view().cases.cases == {}
    settled(line)
    found = village.case(numbers[2])
    assert (found.custodian, found.home, found.personal) == (COUNTY, VILLAGE, None)
    assert found.channel == "unknown"
    assert village.hand_in(UP) == f"{numbers[2][:-1]}4", "no number is given a second time"


def test_a_parent_restored_from_yesterday_gives_the_answers_it_gave(line: Line) -> None:
    village, township = line[VILLAGE], line[TOWNSHIP]
    number = village.hand_in(UP)
    line.settle()
    yesterday = township.copy()
    line.later(hours=8)
    village.offer(number)
    line.settle()
    township.do(number, "settle", "window_head", text="准予")
    line.settle()
    told = village.case(number).status
    case_id = village.case(number).id
    taken = events(township, "case.taken.v1", case_id)
    township.restore(yesterday)
    assert township.view().cases.cases == {}
    settled(line)
    found = township.case(number)
    assert (found.status, found.personal is not None) == (told, True)
    assert events(township, "case.taken.v1", case_id) == taken, "an answer is given once"
    assert waiting(township) == 0
    assert village.case(number).status == told


def test_an_offer_a_person_declined_is_not_put_to_a_person_again_after_a_loss(line: Line) -> None:
    village, township = line[VILLAGE], line[TOWNSHIP]
    yesterday = township.copy()
    number = village.hand_in(UP, present=frozenset())
    village.offer(number)
    line.settle()
    offer = next(iter(township.view().cases.got))
    needed = next(material.id for material in UP.materials if material.required)
    with township.node.database.transaction() as session:
        worker = township.office.worker("clerk")
        decline_by_person(township.node.cases, session, offer, worker, Reason.MISSING, [needed])
    line.settle()
    assert village.case(number).status == Status.CORRECTION
    township.restore(yesterday)
    settled(line)
    assert {one.state for one in township.view().cases.got.values()} == {"DECLINED"}
    assert village.case(number).status == Status.CORRECTION
    assert set(offers(village).values()) == {"DECLINED"}
