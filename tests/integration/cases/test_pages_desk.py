"""The desk: a village agent's day, a clerk's lists, finding a matter, and that no list reads the whole table."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from node.cases.desk import LISTS, list_cases
from node.cases.tables import CaseRow
from node.catalogue.rules import Handling
from tests.integration.cases.network import COUNTY, VILLAGE
from tests.integration.cases.office import Offices
from tests.integration.cases.stories import APPLICANT, VILLAGE_OWN, VILLAGE_PROMISED, hand_in, proxied

UP = proxied("county", Handling.PROMISED)


def section(text: str, name: str) -> str:
    """A section of the day's page."""
    return text.split(f'id="{name}"')[1].split("</section>")[0]


def test_the_day_of_an_agent_has_four_lists_and_each_matter_stands_on_one(offices: Offices) -> None:
    node, agent = offices.network[VILLAGE], offices.browser("chen")
    own, up = hand_in(node, VILLAGE_OWN).case.number, hand_in(node, UP).case.number
    working = hand_in(node, VILLAGE_PROMISED).case.number
    agent.do(working, "accept")
    page = agent.get("/desk")
    assert own in section(agent.last, "intake")
    assert up in section(agent.last, "waiting")
    assert working in section(agent.last, "working")
    assert "要群众补材料的件会列在这里" in section(agent.last, "tell")
    assert "结果已回到本处" in section(agent.last, "handover")
    assert page.text.count(own) == page.text.count(up) == 1


def test_what_above_asks_for_stands_among_what_is_to_be_told(offices: Offices) -> None:
    agent, clerk = offices.browser("chen"), offices.browser("li.fang")
    number = hand_in(offices.network[VILLAGE], UP).case.number
    agent.do(number, "offer", entrustment_signed="yes")
    offices.network.carry()
    assert clerk.do(number, "give_notice", missing=[UP.materials[0].id]).status_code == 303
    offices.network.carry()
    agent.get("/desk")
    assert number in section(agent.last, "tell")


def test_a_clerk_sees_what_is_due_first_and_pages_to_the_end(offices: Offices) -> None:
    node = offices.network[COUNTY]
    for _ in range(3):
        for _ in range(18):
            hand_in(node, UP, role="clerk")
        offices.network.clock.advance(timedelta(days=1))
    clerk, seen = offices.browser("li.fang"), list[str]()
    path = "/desk?list=due"
    while path:
        page = clerk.get(path)
        seen += [link for link in page.links if re.fullmatch(r"/matters/\d{25}", link)]
        path = next((link for link in page.links if "cursor=" in link), "")
    assert len(seen) == len(set(seen)) == 54
    with node.database.reading() as session:
        due = {row.number: row.due_on for row in session.scalars(select(CaseRow))}
    days = [due[link.rsplit("/", 1)[1]] for link in seen]
    assert days == sorted(days)


def test_lists_are_filtered_by_state_and_say_when_nothing_fits(offices: Offices) -> None:
    clerk = offices.browser("li.fang")
    number = hand_in(offices.network[COUNTY], UP, role="clerk").case.number
    assert number in clerk.get("/desk?list=due&status=RECEIVED").text
    assert "没有这种状态的件" in clerk.get("/desk?list=due&status=IN_REVIEW").text
    assert "还没有办结的件" in clerk.get("/desk?list=closed").text


@pytest.mark.parametrize("by", ["number", "name", "id", "phone", "code"])
def test_a_matter_is_found_by_what_its_applicant_can_say(offices: Offices, by: str) -> None:
    agent, made = offices.browser("chen"), hand_in(offices.network[VILLAGE], UP)
    number = made.case.number
    words = {
        "number": f"{number[:12]} {number[12:20]} {number[20:]}",
        "name": APPLICANT["name"],
        "id": APPLICANT["id_number"].lower(),
        "phone": "139 6271 2345",
        "code": str(made.query_code),
    }
    text = agent.send("/find", {"q": words[by]}, "/find", follow_redirects=True).text
    assert number in text
    assert APPLICANT["name"] not in text.replace(f"“{APPLICANT['name']}”", "")


def test_a_part_of_a_name_finds_nobody_and_the_page_says_why(offices: Offices) -> None:
    hand_in(offices.network[VILLAGE], UP)
    agent = offices.browser("chen")
    assert "请输入完整的办件编号" in agent.send("/find", {"q": "顾海"}, "/find").text
    assert "在页首输入" in agent.get("/find").text


def test_only_who_works_at_the_desk_sees_it(offices: Offices) -> None:
    assert offices.browser("yun").client.get("/desk").status_code == 403
    anonymous = offices.village.test_client().get("/desk")
    assert (anonymous.status_code, anonymous.headers["Location"]) == (303, "/sign-in?next=%2Fdesk")


@pytest.mark.parametrize("name", sorted(set(LISTS) - {"all"}))
def test_no_list_of_the_desk_reads_the_whole_table(offices: Offices, name: str) -> None:
    node = offices.network[COUNTY]
    asked: list[str] = []

    def note(connection, cursor, statement, parameters, context, many):
        if statement.lstrip().startswith("SELECT") and " ORDER BY " in statement:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            asked.extend(str(row[3]) for row in cursor.fetchall())
            cursor.execute(statement, parameters)

    event.listen(node.database.engine, "before_cursor_execute", note)
    with node.database.reading() as session:
        list_cases(node.context, session, name)
    event.remove(node.database.engine, "before_cursor_execute", note)
    assert asked
    assert [step for step in asked if re.match(r"SCAN (case|\"case\")$", step)] == []
