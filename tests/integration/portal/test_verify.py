"""Checking a slip: the three results by file, what a code alone shows at its node and above it."""

from __future__ import annotations

import io
import re

from flask.testing import FlaskClient

from node.app import create_app
from node.cases.change import find_case
from node.cases.slip import slip_of
from tests.integration.portal.conftest import Citizens
from tests.integration.ui.conftest import send
from tests.support.html import read_page


def _proof(browser: FlaskClient, number: str) -> tuple[bytes, str]:
    answer = browser.get(f"/matter/{number}/proof")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith('.tlog-proof"')
    return answer.data, answer.headers["Bianmin-Witnessed"]


def _slip_code(citizens: Citizens, number: str) -> str:
    """The query part of the slip's QR code, as the API prints it."""
    context = citizens.pair.village.cases
    with citizens.pair.village.database.reading() as session:
        return slip_of(context, session, find_case(session, number)).qr.partition("?")[2]


def _judge(browser: FlaskClient, content: bytes, code: str = "") -> str:
    answer = send(browser, "/verify", {"file": (io.BytesIO(content), "x.tlog-proof"), "code": code})
    page = read_page(answer.text)
    assert page.mistakes == []
    return " ".join(page.text.split())


def test_a_registration_is_promised_first_and_true_once_witnessed(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    assert browser.get(f"/matter/{number}/proof").status_code == 409
    citizens.pair.village.ledger.run()
    content, witnessed = _proof(browser, number)
    assert witnessed == "no"
    assert "指纹与凭证一致;上级尚未见证,通常 15 分钟内完成。" in _judge(browser, content)
    citizens.work()
    content, witnessed = _proof(browser, number)
    assert witnessed == "yes"
    text = _judge(browser, content)
    assert re.search(r"属实。本件于 11 月 24 日 9:0\d 在登记簿第 [0-9,]+ 条登记,.+已见证。", text)


def test_the_level_above_and_the_node_itself_judge_alike(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    citizens.work()
    content, _ = _proof(browser, number)
    above = create_app(citizens.pair.township).test_client()
    assert "属实" in _judge(above, content, _slip_code(citizens, number))
    assert "属实" in _judge(browser, content, _slip_code(citizens, number))


def test_a_changed_file_is_false_and_says_where_to_complain(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    citizens.work()
    content, _ = _proof(browser, number)
    for changed in (content.replace(b"index ", b"index 9", 1), content[:-30], b"", b"\xff\xfe\x00"):
        text = _judge(browser, changed)
        assert "不符。请保留凭证,点此向上一级反映。" in text
        assert "属实。本件" not in text


def test_a_proof_of_another_slip_does_not_fit(citizens: Citizens) -> None:
    browser = citizens.browser()
    first, second = citizens.apply(browser), citizens.apply(browser)
    citizens.work()
    content, _ = _proof(browser, second)
    assert "另一张凭证" in _judge(browser, content, _slip_code(citizens, first))


def test_from_the_code_alone_the_level_above_shows_the_head_it_witnessed(citizens: Citizens) -> None:
    number = citizens.apply(citizens.browser())
    citizens.work()
    above = create_app(citizens.pair.township).test_client()
    answer = above.get(f"/verify?{_slip_code(citizens, number)}")
    page = read_page(answer.text)
    assert (answer.status_code, page.mistakes) == (200, [])
    assert "本单位最近一次见证它的登记簿" in page.text
    assert "本单位受理反映" in page.text
    assert "属实。本件" not in page.text


def test_at_its_own_node_the_code_alone_is_enough(citizens: Citizens) -> None:
    browser = citizens.browser()
    number = citizens.apply(browser)
    code = _slip_code(citizens, number)
    assert "上级尚未见证" in browser.get(f"/verify?{code}").text
    citizens.work()
    assert "属实。本件于" in browser.get(f"/verify?{code}").text
    origin = code.partition("&l=")[0]
    assert "登记簿里没有这一条" in browser.get(f"/verify?{origin}&l={'A' * 43}").text


def test_the_text_of_a_code_may_be_pasted(citizens: Citizens) -> None:
    browser = citizens.browser()
    code = _slip_code(citizens, citizens.apply(browser))
    for written in (f"http://127.0.0.1:8603/verify?{code}", code, f" ?{code} "):
        answer = send(browser, "/verify", {"code": written})
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/verify?o=")


def test_nothing_and_nonsense_are_answered_in_a_sentence(citizens: Citizens) -> None:
    browser = citizens.browser()
    assert "请粘贴凭证二维码里的文字" in send(browser, "/verify", {}).text
    for written in ("abc", "http://x.example/verify?o=nantong.example/1/ledger/1&l=AA", "o=&l=" + "A" * 43):
        answer = send(browser, "/verify", {"code": written})
        assert answer.status_code == 422
        assert "这不是收件凭证二维码里的文字" in answer.text
    assert browser.get("/verify?o=x&l=y").status_code == 422
    large = send(browser, "/verify", {"file": (io.BytesIO(b"x" * 300_000), "x.tlog-proof")})
    assert large.status_code == 413


def test_a_code_of_a_register_elsewhere_leads_to_the_office_that_witnesses_it(citizens: Citizens) -> None:
    origin = "nantong.example/320623999001/ledger/1"
    answer = citizens.browser().get(f"/verify?o={origin}&l={'A' * 43}")
    assert answer.status_code == 200
    assert "不由本单位见证" in answer.text
