"""Offers, the slip and the service ledger, as pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from node.catalogue.rules import Handling
from node.ui.assets import asset
from tests.integration.cases.network import COUNTY, VILLAGE
from tests.integration.cases.office import Browser, Offices, hidden_of
from tests.integration.cases.stories import APPLICANT, VILLAGE_OWN, hand_in, proxied

UP = proxied("county", Handling.PROMISED)
REQUIRED = [material.id for material in UP.materials if material.required]


def in_doubt(offices: Offices) -> tuple[str, str, Browser]:
    """An offer the county's machine left to a person: number, address, and the window head's browser."""
    number = hand_in(
        offices.network[VILLAGE], UP, [m.id for m in UP.materials if m.id != REQUIRED[0]]
    ).case.number
    offices.browser("chen").do(number, "offer", entrustment_signed="yes")
    offices.network.carry()
    head = offices.browser("li.fang")
    page = head.get("/offers")
    assert number in page.text
    return number, next(link for link in page.links if link.startswith("/offers/")), head


def test_an_offer_in_doubt_is_taken_and_a_second_answer_is_told_so(offices: Offices) -> None:
    number, path, head = in_doubt(offices)
    assert "缺必要材料" in head.get(path).text
    other = offices.browser("qian")
    before = other.client.get(path).text
    assert head.send(f"{path}/take", {}, path).headers["Location"] == f"/matters/{number}"
    assert offices.network[COUNTY].case(number).custodian == COUNTY
    late = other.client.post(f"{path}/decline", data=hidden_of(before, f"{path}/decline"))
    assert late.status_code == 409
    assert "已经有人答复过了" in late.text
    assert "这件已经答复过了" in other.get(path).text


def test_an_offer_is_declined_with_all_that_is_missing(offices: Offices) -> None:
    number, path, head = in_doubt(offices)
    assert head.send(f"{path}/decline", {"reason": "missing"}, path).status_code == 422
    sent = head.send(f"{path}/decline", {"reason": "missing", "missing": [REQUIRED[0]]}, path)
    assert sent.status_code == 303
    offices.network.carry()
    agent = offices.browser("chen")
    page = agent.get(f"/matters/{number}")
    assert "如东县政务服务中心没有接办" in page.text
    assert "没有等您答复的件" in head.get("/offers").text


@pytest.mark.parametrize("size", ["80", "a5"])
def test_the_first_slip_is_free_and_a_later_one_is_recorded(offices: Offices, size: str) -> None:
    node, agent = offices.network[VILLAGE], offices.browser("chen")
    made = hand_in(node, VILLAGE_OWN)
    number, code = made.case.number, str(made.query_code)
    spaced = f"{code[:4]} {code[4:8]} {code[8:]}"
    page = agent.get(f"/matters/{number}/slip?size={size}")
    assert spaced in page.text
    assert f'class="slip slip-{size}"' in agent.last
    assert '<svg class="qr"' in agent.last
    assert "上级见证:待完成,扫码可查" in page.text
    offices.network.clock.advance(timedelta(minutes=31))
    assert spaced not in agent.get(f"/matters/{number}/slip?size={size}").text
    assert number in agent.get(f"/matters/{number}/registered").text
    again = agent.send(f"/matters/{number}/slip", {"size": size}, f"/matters/{number}/slip?size={size}")
    assert again.status_code == 200
    assert spaced in again.text
    assert len([line for line in node.lines() if b'"case.slip_reprinted"' in line]) == 1


def test_only_the_office_of_intake_prints_the_slip(offices: Offices) -> None:
    number = hand_in(offices.network[VILLAGE], UP).case.number
    offices.browser("chen").do(number, "offer", entrustment_signed="yes")
    offices.network.carry()
    assert "到收件处补打" in offices.browser("li.fang").get(f"/matters/{number}/slip", 409).text


def test_the_service_ledger_of_a_day_and_of_a_month(offices: Offices) -> None:
    node = offices.network[VILLAGE]
    first = hand_in(node, VILLAGE_OWN).case.number
    node.context.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    second = hand_in(node, UP).case.number
    agent = offices.browser("chen")
    today = agent.get("/ledger/service")
    assert second in today.text
    assert first not in today.text
    month = agent.get("/ledger/service?month=2026-11")
    assert first in month.text
    assert second in month.text
    assert APPLICANT["name"] not in month.text
    assert "顾**" in month.text
    assert "没有登记的件" in agent.get("/ledger/service?day=2026-11-20").text
    agent.in_english()
    assert agent.get("/ledger/service?month=2026-11").language == "en"


def test_the_style_of_matters_is_small_and_known_to_old_browsers() -> None:
    style = asset("matter.css").decode()
    assert len(style) <= 8_000
    for feature in (
        r"@layer",
        r":has\(",
        r":is\(",
        r":where\(",
        r"color-mix",
        r"dvh",
        r"aspect-ratio",
        r"url\(",
    ):
        assert re.search(feature, style) is None


def test_a_day_that_does_not_exist_is_told(offices: Offices) -> None:
    assert "日期写法不对" in offices.browser("chen").get("/ledger/service?day=2026-02-30", 422).text
