"""A citizen without an account: applies, looks, adds papers, withdraws, and nobody else sees the matter."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from node.app import create_app
from node.portal.grant import OPEN_S
from tests.integration.portal.conftest import APPLICANT, ITEM, Citizens
from tests.integration.ui.conftest import send
from tests.support.html import read_page

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 500


def _code_of(browser: FlaskClient, number: str) -> str:
    page = browser.get(f"/matter/{number}/slip").text
    found = re.search(r'class="code">([0-9 ]+)<', page)
    assert found is not None
    return found[1]


def test_home_leads_to_items_matters_and_people(citizens: Citizens) -> None:
    answer = citizens.browser().get("/")
    page = read_page(answer.text)
    assert (answer.status_code, page.mistakes) == (200, [])
    assert "您想办什么事" in page.text
    assert any(link.startswith("/items?theme=") for link in page.links)
    assert {"/query", "/verify"} <= set(page.links)
    assert any(one.get("action") == "/query" for one in page.forms)


def test_applying_gives_a_number_a_query_code_and_a_slip(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser, {"m3": (JPEG, "申请书.jpg")})
    page = read_page(browser.get(f"/matter/{number}/slip").text)
    assert page.mistakes == []
    assert number in page.text
    assert "最低生活保障申请书" in page.text
    matter = read_page(browser.get(f"/matter/{number}").text)
    assert matter.mistakes == []
    assert "待上送" in matter.text
    assert "申请书.jpg" in matter.text
    assert "王秀英" not in matter.text


def test_every_error_of_the_form_is_named_and_what_was_typed_stays(citizens: Citizens) -> None:
    wrong = {**APPLICANT, "applicant.id_number": "320623194910012148", "form.reason": ""}
    answer = send(citizens.browser(), f"/apply/{ITEM}", dict(wrong))
    page = read_page(answer.text)
    assert (answer.status_code, page.mistakes) == (422, [])
    assert {"#f-applicant.id_number", "#f-form.reason"} <= set(page.links)
    assert "320623194910012148" in [one.get("value") for one in page.inputs]


def test_a_form_sent_twice_makes_one_matter(citizens: Citizens) -> None:
    browser = citizens.browser()
    page = browser.get(f"/apply/{ITEM}").text
    hidden = dict(re.findall(r'name="(csrf_token|token)" value="([^"]+)"', page))
    first = browser.post(f"/apply/{ITEM}", data={**APPLICANT, **hidden})
    again = browser.post(f"/apply/{ITEM}", data={**APPLICANT, **hidden})
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]


def test_a_file_that_is_refused_leaves_nothing_behind(citizens: Citizens) -> None:
    browser = citizens.browser()
    fields = {**APPLICANT, "file.m3": (io.BytesIO(b"MZ\x90\x00" + bytes(40)), "virus.exe")}
    answer = send(browser, f"/apply/{ITEM}", fields)
    assert answer.status_code in (415, 422)
    assert "请在下面重新选择" in answer.text
    number = citizens.apply(browser)
    assert number.endswith("00001")


def test_an_item_that_is_not_online_here_says_where(citizens: Citizens) -> None:
    answer = citizens.browser().get("/apply/901090001000")
    assert answer.status_code == 422
    assert "不能在本单位网上申办" in answer.text
    assert citizens.browser().get("/apply/000000000000").status_code == 422


def test_the_guide_leads_to_the_form_only_where_it_can_be_handed_in(citizens: Citizens) -> None:
    browser = citizens.browser()
    assert f"/apply/{ITEM}" in read_page(browser.get(f"/items/{ITEM}").text).links
    assert "/apply/901090001000" not in browser.get("/items/901090001000").text


def test_number_and_code_open_the_matter_and_the_code_stands_in_no_address(citizens: Citizens) -> None:
    first = citizens.browser()
    number = citizens.apply(first)
    code = _code_of(first, number)
    other = citizens.browser()
    for written in (number, number[12:]):
        answer = send(other, "/query", {"number": written, "query_code": code})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/matter/{number}")
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("bianmin_matter="))
    assert code.replace(" ", "") not in cookie
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/matter"))
    shown = other.get(f"/matter/{number}")
    assert shown.headers["Cache-Control"] == "no-store"
    assert code not in shown.text


def test_a_wrong_code_and_a_wrong_number_are_told_alike(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    code = _code_of(browser, number)
    stranger = citizens.browser()
    refusals = [
        send(stranger, "/query", {"number": number, "query_code": "000000000000"}),
        send(stranger, "/query", {"number": number[:-1] + "9", "query_code": code}),
        send(stranger, "/query", {"number": "abc", "query_code": ""}),
    ]
    assert {one.status_code for one in refusals} == {404}
    assert all("没有这个查询码" in one.text for one in refusals)
    assert all(read_page(one.text).mistakes == [] for one in refusals)


def test_without_the_code_a_matter_is_shut(citizens: Citizens) -> None:
    number = citizens.apply(citizens.browser())
    stranger = citizens.browser()
    for path in ("", "/slip", "/proof", "/withdraw"):
        answer = stranger.get(f"/matter/{number}{path}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/query?number={number}")
    for path in ("/withdraw", "/materials"):
        answer = send(stranger, f"/matter/{number}{path}", {}, form_at="/query")
        assert answer.status_code == 403
        assert "已经合上" in answer.text


def test_a_matter_shuts_after_half_an_hour_or_when_told(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    assert browser.get(f"/matter/{number}").status_code == 200
    citizens.pair.later(OPEN_S + 1)
    assert browser.get(f"/matter/{number}").status_code == 303
    number = citizens.apply(browser)
    send(browser, f"/matter/{number}/leave", {}, form_at=f"/matter/{number}")
    assert browser.get(f"/matter/{number}").status_code == 303


def test_one_matter_opens_no_other(citizens: Citizens) -> None:
    first, second = citizens.browser(), citizens.browser()
    number, other = citizens.apply(first), citizens.apply(second)
    assert number != other
    assert first.get(f"/matter/{other}").status_code == 303


def test_papers_are_added_from_home(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    answer = send(
        browser,
        f"/matter/{number}/materials",
        {"file.m4": (io.BytesIO(JPEG), "授权书.jpg")},
        form_at=f"/matter/{number}",
    )
    assert answer.status_code == 303
    assert "授权书.jpg" in read_page(browser.get(f"/matter/{number}").text).text
    empty = send(browser, f"/matter/{number}/materials", {}, form_at=f"/matter/{number}")
    assert empty.status_code == 422
    assert "没有选择文件" in empty.text


def test_withdrawing_asks_once_and_then_stops_it(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    asked = browser.get(f"/matter/{number}/withdraw")
    assert read_page(asked.text).mistakes == []
    assert "确定不办了吗" in asked.text
    answer = send(browser, f"/matter/{number}/withdraw", {})
    assert answer.status_code == 303
    page = read_page(browser.get(f"/matter/{number}").text)
    assert page.mistakes == []
    assert "已撤回" in page.text
    assert f"/matter/{number}/withdraw" not in page.links


def test_queries_are_limited_by_address(citizens: Citizens) -> None:
    village = citizens.pair.village
    app = create_app(replace(village, settings=replace(village.settings, rate_limits=True)))
    browser = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/query").text)
    assert token is not None
    body = {"number": "1" * 25, "query_code": "1" * 12, "csrf_token": token[1]}
    answers = [browser.post("/query", data=body).status_code for _ in range(25)]
    assert answers[0] == 404
    assert answers[-1] == 429


@pytest.mark.parametrize("language", ["zh", "en"])
def test_public_pages_are_strict_html_in_both_languages(citizens: Citizens, language: str) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    browser.get(f"/view?lang={language}&next=/")
    for path in (
        "/", "/query", "/verify", f"/apply/{ITEM}", f"/matter/{number}", f"/matter/{number}/slip",
        f"/matter/{number}/slip?size=80", f"/matter/{number}/withdraw",
    ):  # fmt: skip
        answer = browser.get(path)
        assert (path, answer.status_code, read_page(answer.text).mistakes) == (path, 200, [])


def test_citizens_see_their_pages_where_no_staff_is_served(citizens: Citizens) -> None:
    citizens.app = create_app(citizens.pair.village, "public")
    browser = citizens.browser()
    number = citizens.apply(browser)
    assert browser.get(f"/matter/{number}").status_code == 200
    assert browser.get("/").status_code == 200
    assert create_app(citizens.pair.village, "staff").test_client().get("/query").status_code == 404
