"""The operator's network pages: neighbours, alerts, set-aside entries, invitations, thumbprints, what cannot be undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from federation.enrolment import decode_invitation
from federation.joining import join
from federation.keys import NodeKeys
from federation.ports import Alert, SetAside
from node.app import create_app
from node.exchange.act_pages import ACTS
from node.exchange.alert_words import ALERTS
from node.kernel.calendar import seed_calendar
from node.people.founding import Founding, found_institution
from node.people.passwords import HashCost, Passwords
from node.people.service import NewStaff, add_staff, prepare_staff
from tests.integration.exchange.pair import TOWNSHIP, VILLAGE, Pair, make_pair, reopen
from tests.integration.ui.conftest import PASSWORD, send, signed_in
from tests.support.html import read_page

STAFF = {"zhou.ming": ("周明", "系统管理员"), "chen": ("陈建国", "窗口人员1号")}
FREE_CODE = "320623101077"


@dataclass
class Desk:
    """The township's operator at work."""

    pair: Pair
    app: Flask
    browser: FlaskClient

    def page(self, path: str = "/network") -> str:
        """A page that is strict HTML, as its text."""
        page = read_page(self.browser.get(path).text)
        assert page.mistakes == []
        return " ".join(page.text.split())

    def alert(self, code: str, peer: str = VILLAGE, **detail: object) -> int:
        """An alert comes up; returns its number."""
        node = self.pair.township
        with node.database.transaction() as session:
            node.stores.within(session).alert(Alert(code, "critical", peer, detail), self.pair.clock.now())
        return next(one.id for one in node.administration.overview().alerts if one.code == code)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A township with its people, and the village that joined it."""
    urls = f"sqlite:///{tmp_path}/t.db", f"sqlite:///{tmp_path}/v.db"
    pair = make_pair(tmp_path, urls)
    node, quick = pair.township, Passwords(HashCost(memory_kib=8, passes=1, lanes=1, parallel=2))
    with node.database.transaction() as session:
        seed_calendar(session, pair.clock.now())
        found_institution(session, Founding("township", TOWNSHIP, "某镇"), pair.clock)
    for login, (name, post) in STAFF.items():
        prepared = prepare_staff(quick, NewStaff(login, name, (post,), password=PASSWORD))
        with node.database.transaction() as session:
            add_staff(session, prepared, pair.clock)
    node.close()
    pair.township = reopen(node.settings, pair.clock, pair.transport)  # with the calendar it has now
    pair.app = pair.transport.app = create_app(pair.township)
    yield Desk(pair, pair.app, signed_in(pair.app, "zhou.ming"))
    pair.village.close()
    pair.township.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_strict_html_in_both_languages(desk: Desk, language: str) -> None:
    desk.alert("rekey-waiting")
    desk.browser.get(f"/view?lang={language}&next=/network")
    paths = ["/network", "/network/invite", "/network/keys", "/network/checks", f"/network/nodes/{VILLAGE}"]
    for path in [*paths, *(f"/network/acts/{name}?target={VILLAGE}" for name in ACTS)]:
        answer = desk.browser.get(path)
        assert (path, answer.status_code, read_page(answer.text).mistakes) == (path, 200, [])


def test_the_page_shows_neighbours_queue_register_and_tree(desk: Desk) -> None:
    desk.pair.say(desk.pair.township, VILLAGE)
    text = desk.page()
    assert VILLAGE in text
    assert "最高一级,没有上级见证" in text
    found = desk.pair.township.administration.overview()
    assert found.children[0].out.depth >= 1
    for _ in range(3):
        desk.pair.turn()
        desk.pair.later(61)
    assert desk.pair.township.administration.overview().children[0].out.receipted_at is not None


def test_only_an_operator_may_look(desk: Desk) -> None:
    clerk = signed_in(desk.app, "chen")
    assert clerk.get("/network").status_code == 403
    assert desk.app.test_client().get("/network").status_code == 303
    refused = send(clerk, "/network/acts/revoke", {"target": VILLAGE, "reason": "x"}, form_at="/me/password")
    assert refused.status_code == 403
    assert not desk.pair.township.administration.overview().children[0].revoked


def test_an_alert_is_closed_with_a_reason(desk: Desk) -> None:
    number = desk.alert("log-fork", index=7)
    assert "对方在同一位置签了两份不同的日志" in desk.page()
    without = send(desk.browser, f"/network/alerts/{number}/close", {"reason": " "}, form_at="/network")
    assert without.status_code == 422
    assert "请写明理由" in without.text
    send(desk.browser, f"/network/alerts/{number}/close", {"reason": "已查明"}, form_at="/network")
    assert "log-fork" not in desk.page()


def test_a_set_aside_entry_is_released(desk: Desk) -> None:
    node = desk.pair.township
    desk.pair.say(desk.pair.village, TOWNSHIP)
    desk.pair.turn(4)
    origin = f"nantong.example/{VILLAGE}/up/1"
    with node.database.transaction() as session:
        node.stores.within(session).inbox.set_aside(
            SetAside(origin, 0, "schema", f"nantong.example/{VILLAGE}", "greeting", "data.n: not a number")
        )
    assert "内容不合格式" in desk.page()
    wrong = send(
        desk.browser, "/network/entries/release", {"origin": origin, "index": 99, "reason": "x"}, "/network"
    )
    assert wrong.status_code == 404
    done = send(
        desk.browser,
        "/network/entries/release",
        {"origin": origin, "index": 0, "how": "skip", "reason": "对方已更正"},
        "/network",
    )
    assert done.status_code == 303
    assert desk.pair.township.administration.overview().set_aside == ()


def test_an_invitation_is_shown_once_with_its_qr_code(desk: Desk) -> None:
    made = send(desk.browser, "/network/invite", {"level": "village", "code": FREE_CODE, "name": "新坝村"})
    page = read_page(made.text)
    assert (made.status_code, page.mistakes) == (201, [])
    text = re.search(r'class="wire">([A-Za-z0-9_-]{100,})<', made.text)
    assert text is not None
    assert decode_invitation(text[1]).code == FREE_CODE
    assert 'class="qr"' in made.text
    assert text[1] not in desk.browser.get("/network").text
    assert "新坝村" in desk.page()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"level": "village", "code": "123", "name": "某村"}, 422),
        ({"level": "village", "code": "", "name": ""}, 422),
        ({"level": "county", "code": FREE_CODE, "name": "某村"}, 422),
        ({"level": "village", "code": "320699101001", "name": "别处的村"}, 422),
        ({"level": "nowhere", "code": FREE_CODE, "name": "某村"}, 422),
        ({"level": "village", "code": VILLAGE, "name": "某村"}, 409),
    ],
)
def test_an_invitation_that_does_not_fit_is_refused_in_a_sentence(
    desk: Desk, fields: dict[str, object], status: int
) -> None:
    answer = send(desk.browser, "/network/invite", fields)
    page = read_page(answer.text)
    assert (answer.status_code, page.mistakes) == (status, [])
    assert "没有办成" in page.text
    assert len(desk.pair.township.administration.overview().invitations) == 1


def test_new_keys_are_confirmed_by_the_end_of_the_thumbprint(desk: Desk) -> None:
    made = desk.pair.township.administration.invite(VILLAGE, "village", "某村", replace_keys=True)
    keys = NodeKeys.generate()
    assert join(made.invitation, keys, desk.pair.transport, desk.pair.clock) is None
    kid = keys.public.node.kid
    path = f"/network/nodes/{VILLAGE}"
    shown = desk.page(path).replace(" ", "")
    assert kid[:-8] in shown
    assert kid not in shown
    wrong = send(desk.browser, f"{path}/confirm", {"tail": kid[:8]}, form_at=path)
    assert wrong.status_code == 409
    assert "指纹的最后 8 位不一致" in wrong.text
    assert (
        send(desk.browser, f"{path}/confirm", {"tail": f"{kid[-8:-4]} {kid[-4:]}"}, path).status_code == 303
    )
    assert desk.pair.township.administration.overview().children[0].node_key == kid
    assert send(desk.browser, f"{path}/confirm", {"tail": kid[-8:]}, "/network").status_code == 404


def test_revoking_asks_first_and_wants_a_reason(desk: Desk) -> None:
    ask = f"/network/acts/revoke?target={VILLAGE}"
    assert "立即生效,不能恢复" in desk.page(ask)
    without = send(desk.browser, "/network/acts/revoke", {"target": VILLAGE, "reason": ""}, form_at=ask)
    assert without.status_code == 422
    assert not desk.pair.township.administration.overview().children[0].revoked
    done = send(desk.browser, "/network/acts/revoke", {"target": VILLAGE, "reason": "电脑失窃"}, form_at=ask)
    assert done.status_code == 303
    assert "已撤销" in desk.page()
    assert (
        send(desk.browser, "/network/acts/revoke", {"target": FREE_CODE, "reason": "x"}, ask).status_code
        == 404
    )


def test_acts_that_do_not_fit_are_refused(desk: Desk) -> None:
    at = "/network/invite"
    refused = {
        ("import", f"nantong.example/{TOWNSHIP}/up/1"): 409,
        ("confirm-epoch", FREE_CODE): 422,
        ("open-epoch", "nantong.example/320623101001/up/1"): 422,
        ("open-epoch", "nonsense"): 422,
    }
    for (name, target), status in refused.items():
        answer = send(desk.browser, f"/network/acts/{name}", {"target": target, "reason": "试"}, form_at=at)
        assert ((name, target), answer.status_code) == ((name, target), status)
        assert read_page(answer.text).mistakes == []
    assert desk.browser.get("/network/acts/nothing").status_code == 404
    assert desk.browser.get(f"/network/nodes/{FREE_CODE}").status_code == 404


def test_a_top_has_no_parents_address(desk: Desk) -> None:
    answer = send(
        desk.browser, "/network/parent", {"url": "https://above.example"}, form_at="/network/invite"
    )
    assert answer.status_code == 409


def test_checks_tell_and_recompute(desk: Desk) -> None:
    assert "磁盘剩余" in desk.page("/network/checks")
    done = send(desk.browser, "/network/checks", {})
    assert read_page(done.text).mistakes == []
    assert "全部相符" in done.text


def test_every_alert_the_program_raises_has_its_sentence() -> None:
    raised: set[str] = set()
    for folder in ("federation", "node/exchange", "node/audit", "node/cases"):
        for file in Path(folder).glob("*.py"):
            raised |= set(
                re.findall(r'\b(?:Alert|alert|alert_in)\(\s*(?:tx,\s*)?"([a-z-]+)"', file.read_text("utf-8"))
            )
    assert raised
    assert raised <= set(ALERTS)
