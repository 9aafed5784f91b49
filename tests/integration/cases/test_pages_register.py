"""Registering at the desk: the form, every mistake at once, once only, files, and where the way leads down."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from node.cases.tables import AttachmentRow, CaseRow
from node.catalogue.forms import form_for
from node.catalogue.rules import Handling, ItemVersion
from tests.integration.cases.network import COUNTY, TOWNSHIP, VILLAGE, Node, catalogue, item
from tests.integration.cases.office import Browser, Offices
from tests.integration.cases.stories import APPLICANT, SECRETS, VILLAGE_OWN, proxied
from tests.integration.cases.test_api import value_of

UP = proxied("county", Handling.PROMISED)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def fields_of(version: ItemVersion) -> dict[str, Any]:
    """What a clerk types for an item."""
    typed = {f"applicant.{name}": value for name, value in APPLICANT.items()}
    typed |= {f"form.{field.id}": value_of(field) for field in form_for(version).fields if field.required}
    return {**typed, "materials": [material.id for material in version.materials]}


def register(browser: Browser, version: ItemVersion, **changed: Any) -> Any:
    path = f"/register/{version.code}"
    return browser.send(path, {**fields_of(version), **changed}, path)


def count(node: Node) -> int:
    with node.database.reading() as session:
        return int(session.scalar(select(func.count()).select_from(CaseRow)) or 0)


def test_an_item_is_found_and_its_form_leads_to_the_slip(offices: Offices) -> None:
    agent = offices.browser("chen")
    chosen = agent.get(f"/register?q={UP.name_zh}")
    assert f"/register/{UP.code}" in chosen.links
    answer = register(agent, UP)
    assert answer.status_code == 303, answer.text
    page = agent.get(answer.headers["Location"])
    with offices.network[VILLAGE].database.reading() as session:
        case = session.scalars(select(CaseRow)).one()
        code = (case.personal or {})["query_code"]
    assert f"{code[:4]} {code[4:8]} {code[8:]}" in page.text
    for words in (
        "收件凭证",
        "新坝村便民服务室",
        case.number,
        UP.name_zh,
        UP.materials[0].name,
        "谁也抹不掉",
        "0513-84112345",
    ):
        assert words in page.text
    assert f"/matters/{case.number}/acts/offer" in page.links
    assert (case.channel, case.status) == ("proxy", "RECEIVED")


def test_a_form_sent_twice_registers_once(offices: Offices) -> None:
    agent, path = offices.browser("chen"), f"/register/{VILLAGE_OWN.code}"
    text = agent.client.get(path).text
    hidden = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text.split('id="new"')[1])
    )
    sent = [agent.client.post(path, data={**hidden, **fields_of(VILLAGE_OWN)}) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [303, 303]
    assert sent[0].headers["Location"] == sent[1].headers["Location"]
    assert count(offices.network[VILLAGE]) == 1


def test_every_mistake_is_told_at_once_and_everything_typed_is_kept(offices: Offices) -> None:
    agent = offices.browser("chen")
    answer = register(
        agent,
        UP,
        **{
            "applicant.id_number": "110105194912310021",
            "applicant.phone": "1",
            "agent.name": "李代理",
            "materials": [UP.materials[0].id],
        },
    )
    assert answer.status_code == 422
    for field in ("applicant.id_number", "applicant.phone", "agent.phone"):
        assert f'href="#f-{field}"' in answer.text
        assert f'id="f-{field}"' in answer.text
    for kept in ('value="顾海燕"', 'value="110105194912310021"', 'value="李代理"'):
        assert kept in answer.text
    assert '<details class="more" open>' in answer.text
    assert re.search(rf'name="materials" value="{UP.materials[0].id}" checked', answer.text)
    assert not re.search(rf'name="materials" value="{UP.materials[1].id}" checked', answer.text)
    assert count(offices.network[VILLAGE]) == 0


def test_after_a_mistake_the_same_form_registers_with_the_same_key(offices: Offices) -> None:
    agent, path = offices.browser("chen"), f"/register/{VILLAGE_OWN.code}"
    wrong = register(agent, VILLAGE_OWN, **{"applicant.phone": "1"})
    hidden = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', wrong.text.split('id="new"')[1])
    )
    answer = agent.client.post(path, data={**hidden, **fields_of(VILLAGE_OWN)})
    assert answer.status_code == 303
    assert count(offices.network[VILLAGE]) == 1


def test_a_file_comes_with_its_material_and_counts_as_handed_in(offices: Offices) -> None:
    agent, material = offices.browser("chen"), UP.materials[0].id
    answer = register(
        agent, UP, **{f"file.{material}": (io.BytesIO(PNG), "身份证.png", "image/png"), "materials": []}
    )
    assert answer.status_code == 303, answer.text
    number = answer.headers["Location"].split("/")[2]
    page = agent.get(f"/matters/{number}")
    link = next(link for link in page.links if "/attachments/" in link)
    got = agent.client.get(link)
    assert (got.data, got.mimetype) == (PNG, "image/png")
    assert got.headers["Content-Disposition"].startswith("attachment")
    with offices.network[VILLAGE].database.reading() as session:
        assert session.scalars(select(AttachmentRow.material)).all() == [material]


def test_a_file_of_a_wrong_kind_registers_nothing(offices: Offices) -> None:
    agent, material = offices.browser("chen"), UP.materials[0].id
    answer = register(agent, UP, **{f"file.{material}": (io.BytesIO(b"<svg/>"), "a.svg", "image/svg+xml")})
    assert answer.status_code in (415, 422)
    assert "附件请重新选择" in answer.text
    assert 'value="顾海燕"' in answer.text
    assert count(offices.network[VILLAGE]) == 0


def test_where_the_way_leads_down_the_destination_is_named_and_it_goes_at_once(offices: Offices) -> None:
    down = item(lambda v: v.deciding_level == "township" and "county" in v.intake_levels)
    clerk = offices.browser("qian")
    page = clerk.get(f"/register/{down.code}")
    assert "送往哪里" in page.text
    answer = register(clerk, down, destination=TOWNSHIP)
    assert answer.status_code == 303, answer.text
    with offices.network[COUNTY].database.reading() as session:
        assert session.scalars(select(CaseRow.custody_state)).all() == ["OFFERED"]
    wrong = register(clerk, down, destination="320623999000")
    assert wrong.status_code == 422
    assert count(offices.network[COUNTY]) == 1


@pytest.mark.parametrize("path", ["/register", "/register?q=没有这种事", "/register?theme=民生保障"])
def test_choosing_an_item_is_one_plain_page(offices: Offices, path: str) -> None:
    agent = offices.browser("chen")
    assert agent.get(path).headings[0] == "h1"
    agent.in_english()
    assert agent.get(path).language == "en"


def test_the_forms_of_all_items_taken_in_here_are_strict_html(offices: Offices) -> None:
    agent, longest = offices.browser("chen"), 0
    mine = [version for version in catalogue().values() if "village" in version.intake_levels]
    for version in [
        *mine[::9],
        max(mine, key=lambda v: len(v.materials)),
        max(mine, key=lambda v: len(v.name_zh)),
    ]:
        agent.get(f"/register/{version.code}")
        longest = max(longest, len(agent.last.encode()))
    assert longest < 35_000


def test_what_was_typed_is_nowhere_readable(offices: Offices) -> None:
    agent = offices.browser("chen")
    answer = register(agent, UP)
    number = answer.headers["Location"].split("/")[2]
    page = agent.get(f"/matters/{number}")
    assert not any(secret in page.text for secret in SECRETS)
