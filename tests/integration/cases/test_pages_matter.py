"""The page of a matter and its acts: what may be done, what was done meanwhile, what stays masked."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from node.catalogue.rules import Handling
from tests.integration.cases.network import COUNTY, VILLAGE, Network, item
from tests.integration.cases.office import Browser, Offices, hidden_of
from tests.integration.cases.stories import REFERRED, SECRETS, VILLAGE_OWN, VILLAGE_PROMISED, hand_in, proxied

UP = proxied("county", Handling.PROMISED)
COUNTY_OWN = item(
    lambda v: (
        v.deciding_level == "county"
        and v.handling is Handling.PROMISED
        and "county" in v.intake_levels
        and not v.sensitive
        and any(m.required for m in v.materials)
    )
)
ALL = "01234"
"""Every place of a list of criteria."""


def facts(network: Network, code: str, type: str) -> list[bytes]:
    return [line for line in network[code].lines() if f'"{type}"'.encode() in line]


def sent_up(offices: Offices) -> tuple[str, Browser]:
    """A matter the village sent to the county, which took it; and the agent's browser."""
    agent = offices.browser("chen")
    number = hand_in(offices.network[VILLAGE], UP).case.number
    assert agent.do(number, "offer", entrustment_signed="yes").status_code == 303
    offices.network.carry()
    return number, agent


def test_a_matter_goes_from_desk_to_desk_by_its_pages_alone(offices: Offices) -> None:
    number, agent = sent_up(offices)
    head, section = offices.browser("li.fang"), offices.browser("zhou")
    steps = [
        (head, "accept", {}),
        (section, "start_review", {}),
        (section, "grant", {"criteria": list(ALL), "text": "同意"}),
        (section, "issue", {}),
        (head, "return", {}),
    ]
    for browser, act, fields in steps:
        page = browser.get(f"/matters/{number}")
        assert f"/matters/{number}/acts/{act}" in page.links
        answer = browser.do(number, act, **fields)
        assert answer.status_code == 303, answer.text
        offices.network.carry()
    assert agent.do(number, "deliver", by="窗口领取").status_code == 303
    assert agent.do(number, "close").status_code == 303
    page = agent.get(f"/matters/{number}")
    for words in ("已办结", "如东县政务服务中心当即接办。", "此件已经了结", "已决定"):
        assert words in page.text
    assert '<svg class="way"' in agent.last


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_state_of_a_matter_is_strict_html(offices: Offices, language: str) -> None:
    agent, head = offices.browser("chen"), offices.browser("li.fang")
    if language == "en":
        agent.in_english()
        head.in_english()
    numbers = [
        hand_in(offices.network[VILLAGE], v).case.number
        for v in (VILLAGE_OWN, VILLAGE_PROMISED, REFERRED, UP)
    ]
    agent.do(numbers[0], "settle", criteria=list(ALL))
    agent.do(numbers[3], "offer", entrustment_signed="yes")
    for number in numbers:
        for path in [f"/matters/{number}", *acts_of(agent, number)]:
            page = agent.get(path)
            assert page.language == ("en" if language == "en" else "zh-CN")
    offices.network.carry()
    for number in (numbers[3], hand_in(offices.network[COUNTY], COUNTY_OWN, [], "clerk").case.number):
        for path in [f"/matters/{number}", *acts_of(head, number)]:
            head.get(path)


def acts_of(browser: Browser, number: str) -> list[str]:
    return sorted({link for link in browser.get(f"/matters/{number}").links if "/acts/" in link})


def test_when_two_clerks_act_the_second_is_told_what_the_first_did(offices: Offices) -> None:
    number = hand_in(offices.network[COUNTY], COUNTY_OWN, role="clerk").case.number
    first, second = offices.browser("li.fang"), offices.browser("qian")
    path = f"/matters/{number}/acts/give_notice"
    form = second.client.get(path).text
    assert first.do(number, "accept").status_code == 303
    answer = second.client.post(path, data={**hidden_of(form, path), "missing": [COUNTY_OWN.materials[0].id]})
    assert answer.status_code == 409
    assert "9:30 窗口负责人已受理,您的办理没有保存。" in answer.text
    assert offices.network[COUNTY].case(number).status == "ACCEPTED"


def test_an_act_that_lacks_something_keeps_what_was_typed(offices: Offices) -> None:
    number = hand_in(offices.network[COUNTY], COUNTY_OWN, role="clerk").case.number
    head, section = offices.browser("li.fang"), offices.browser("zhou")
    none = head.do(number, "give_notice")
    assert none.status_code == 422
    assert 'href="#f-missing"' in none.text
    head.do(number, "accept")
    section.do(number, "start_review")
    half = section.do(number, "propose_refusal", grounds="人均收入超过标准", basis="")
    assert half.status_code == 422
    assert "人均收入超过标准</textarea>" in half.text
    assert 'href="#f-basis"' in half.text
    unchecked = section.do(number, "grant", criteria=["0"], text="同意")
    assert unchecked.status_code == 422
    assert "还有条件没有核对" in unchecked.text
    assert offices.network[COUNTY].case(number).status == "IN_REVIEW"


def test_what_is_incomplete_is_not_accepted_and_the_page_offers_the_notice(offices: Offices) -> None:
    number = hand_in(offices.network[COUNTY], COUNTY_OWN, [], "clerk").case.number
    head = offices.browser("li.fang")
    page = head.get(f"/matters/{number}/acts/accept")
    assert f"/matters/{number}/acts/give_notice" in page.links
    assert head.do(number, "accept").status_code == 409
    required = [m.id for m in COUNTY_OWN.materials if m.required]
    assert head.do(number, "give_notice", missing=required).status_code == 303
    assert head.do(number, "resupply", materials=required).status_code == 303
    assert head.do(number, "accept").status_code == 303


def test_a_refusal_waits_for_the_leader_who_sees_grounds_and_basis(offices: Offices) -> None:
    number = hand_in(offices.network[COUNTY], COUNTY_OWN, role="clerk").case.number
    head, section, leader = offices.browser("li.fang"), offices.browser("zhou"), offices.browser("bo")
    head.do(number, "accept")
    section.do(number, "start_review")
    section.do(number, "propose_refusal", grounds="人均收入超过标准", basis="第九条")
    page = leader.get(f"/matters/{number}/acts/confirm_refusal")
    assert "人均收入超过标准" in page.text
    assert leader.do(number, "confirm_refusal").status_code == 303
    assert "不予许可" in leader.get(f"/matters/{number}").text


def test_who_may_not_is_told_who_can_and_a_try_is_recorded(offices: Offices) -> None:
    number = hand_in(offices.network[COUNTY], COUNTY_OWN, role="clerk").case.number
    leader = offices.browser("bo")
    page = leader.get(f"/matters/{number}/acts/accept")
    assert "可由窗口人员、窗口负责人办理" in page.text
    form = f"/matters/{number}/acts/unmask"
    token = hidden_of(leader.client.get(form).text, form)
    assert leader.client.post(f"/matters/{number}/acts/accept", data=token).status_code == 403
    assert facts(offices.network, COUNTY, "case.act_denied")


def test_personal_data_is_masked_and_showing_it_is_a_fact_with_its_purpose(offices: Offices) -> None:
    number = hand_in(offices.network[VILLAGE], VILLAGE_OWN).case.number
    agent = offices.browser("chen")
    assert not any(secret in agent.get(f"/matters/{number}").text for secret in SECRETS)
    assert agent.do(number, "unmask").status_code == 422
    shown = agent.do(number, "unmask", purpose="contact")
    assert shown.status_code == 200
    assert all(secret in shown.text for secret in SECRETS)
    assert [b'"reason":"contact"' in line for line in facts(offices.network, VILLAGE, "case.unmasked")] == [
        True
    ]
    assert not any(secret in agent.get(f"/matters/{number}").text for secret in SECRETS)


def test_a_mirror_says_as_of_when_and_can_only_be_read(offices: Offices) -> None:
    number, agent = sent_up(offices)
    offices.network.clock.advance(timedelta(minutes=20))
    page = agent.get(f"/matters/{number}")
    assert "截至 9:30,来自如东县政务服务中心" in page.text
    assert f"/matters/{number}/acts/accept" not in page.links
    assert f"/matters/{number}/acts/withdraw" in page.links
    assert agent.do(number, "withdraw").status_code == 303
    assert "申请人已要求撤回" in agent.get(f"/matters/{number}").text


def test_an_entrustment_must_be_signed_before_it_goes_up(offices: Offices) -> None:
    number = hand_in(offices.network[VILLAGE], UP).case.number
    agent = offices.browser("chen")
    assert "如东县政务服务中心" in agent.get(f"/matters/{number}/acts/offer").text
    answer = agent.do(number, "offer")
    assert answer.status_code == 422
    assert 'href="#f-entrustment_signed"' in answer.text


def test_the_five_truths_stand_apart_with_their_witnesses(offices: Offices) -> None:
    number, agent = sent_up(offices)
    text = agent.get(f"/matters/{number}").text
    for words in (
        "已送出",
        "对方已收到",
        "据上级的回执",
        "已接办",
        "据承办单位的登记",
        "已受理",
        "还没有",
        "已决定",
    ):
        assert words in text
    own = hand_in(offices.network[VILLAGE], VILLAGE_OWN).case.number
    assert "对方已收到" not in agent.get(f"/matters/{own}").text


def test_a_file_is_added_later_and_one_without_a_file_is_refused(offices: Offices) -> None:
    number = hand_in(offices.network[VILLAGE], VILLAGE_PROMISED, []).case.number
    agent, path, at = offices.browser("chen"), "", ""
    path, at = f"/matters/{number}/attachments", f"/matters/{number}"
    none = agent.send(path, {"material": VILLAGE_PROMISED.materials[0].id}, at)
    assert none.status_code == 422
    assert "没有读到文件" in none.text
    file = (io.BytesIO(b"%PDF-1.4 one"), "证明.pdf", "application/pdf")
    sent = agent.send(path, {"material": VILLAGE_PROMISED.materials[0].id, "file": file}, at)
    assert sent.status_code == 303
    assert "证明.pdf" in agent.get(at).text


def test_an_unknown_matter_or_act_is_told(offices: Offices) -> None:
    agent = offices.browser("chen")
    assert "没有编号为" in agent.get("/matters/3206231010012026112499999", 404).text
    number = hand_in(offices.network[VILLAGE], VILLAGE_OWN).case.number
    agent.get(f"/matters/{number}/acts/dance", 404)
