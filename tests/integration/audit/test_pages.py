"""The pages and the API of audits: the list, a round with two hundred leaves and with none, findings as sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from federation.merkle import leaf_hash
from node.audit.rules import State
from node.kernel.database import Base, Database, build_engine
from node.kernel.field_keys import FieldKeys
from node.ui.assets import asset
from tests.integration.audit.city import AUDITOR, CLERK, PASSWORD, City
from tests.support.html import read_page
from tests.unit.federation.members import COUNTY, OTHER_COUNTY

FIRST_VIEW = 60_000


@pytest.fixture
def city(tmp_path: Path, field_keys: FieldKeys) -> Iterator[City]:
    database = Database(build_engine(f"sqlite:///{tmp_path}/node.db", field_keys))
    Base.metadata.create_all(database.engine)
    yield City(database, tmp_path)
    database.close()


@pytest.fixture
def auditor(city: City) -> FlaskClient:
    return signed_in(city, AUDITOR)


def signed_in(city: City, login: str) -> FlaskClient:
    browser = city.app().test_client()
    answer = send(browser, "/sign-in", {"login": login, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return browser


def send(browser: FlaskClient, path: str, fields: dict[str, object]):
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)
    assert token is not None
    return browser.post(path, data={**fields, "csrf_token": token[1]})


def ticks(text: str) -> int:
    return text.count(' tabindex="-1"><path')


def test_the_list_is_empty_and_says_how_to_begin(auditor: FlaskClient) -> None:
    page = read_page(auditor.get("/audit").text)
    assert page.mistakes == []
    assert "还没有抽查" in page.text
    assert {"target", "count", "indices"} <= {one.get("name") for one in page.inputs}


def test_a_round_is_begun_on_the_page_and_shown_at_its_first_station(auditor: FlaskClient) -> None:
    answer = send(auditor, "/audit", {"target": COUNTY, "count": "3", "indices": "4, 18"})
    assert answer.status_code == 303
    page = read_page(auditor.get(answer.headers["Location"]).text)
    assert page.mistakes == []
    assert "已承诺种子,等待封存" in page.text
    assert ticks(auditor.get(answer.headers["Location"]).text) == 0
    assert "等待封存" in auditor.get("/audit").text


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"target": OTHER_COUNTY, "count": "3", "indices": ""}, 404, "没有已加入网络的节点"),
        ({"target": COUNTY, "count": "0", "indices": ""}, 422, "抽查条数须在"),
        ({"target": COUNTY, "count": "five", "indices": ""}, 422, "抽查条数须在"),
        ({"target": COUNTY, "count": "3", "indices": "0"}, 422, "点名的条目请写账本里的序号"),
        ({"target": COUNTY, "count": "3", "indices": "3 or 4"}, 422, "点名的条目请写账本里的序号"),
    ],
)
def test_what_cannot_be_begun_is_said_and_what_was_typed_stays(
    auditor: FlaskClient, fields: dict[str, object], status: int, sentence: str
) -> None:
    answer = send(auditor, "/audit", fields)
    assert answer.status_code == status
    assert sentence in read_page(answer.text).text
    assert f'value="{fields["target"]}"' in answer.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_hundred_leaves_and_none_are_strict_small_pages(
    city: City, auditor: FlaskClient, language: str
) -> None:
    many, none = city.judged(list(range(100, 1_100, 5))), city.judged([])
    auditor.get(f"/view?lang={language}&next=/audit")
    for round_id, count in ((many, 200), (none, 0)):
        answer = auditor.get(f"/audit/{round_id}")
        page = read_page(answer.text)
        assert page.mistakes == []
        assert len(page.ids) == len(set(page.ids))
        assert ticks(answer.text) == count
        assert len(answer.data) + len(asset("ui.css")) + len(asset("keys.js")) <= FIRST_VIEW
    assert ("全部属实" if language == "zh" else "All hold") in auditor.get("/audit").text


def test_the_table_goes_on_where_the_page_ends(city: City, auditor: FlaskClient) -> None:
    round_id = city.judged(list(range(100, 120)))
    text = auditor.get(f"/audit/{round_id}").text
    following = re.search(r'rel="next" href="([^"]+)"', text)
    assert following is not None
    last = auditor.get(following[1].replace("&amp;", "&")).text
    assert ">120</a>" in last
    assert ">101</a>" not in last


def test_a_changed_entry_is_a_red_stroke_and_a_sentence_and_opens_by_itself(
    city: City, auditor: FlaskClient
) -> None:
    changed = city.lines[700].replace(b"RECEIVED", b"ACCEPTED")
    round_id = city.judged([150, 300, 900], [700], {700: changed})
    answer = auditor.get(f"/audit/{round_id}")
    page = read_page(answer.text)
    assert page.mistakes == []
    assert "第 701 条与封存的账本不符:它的内容被改动过。" in page.text
    assert '<section class="card" id="leaf"><h2>第 701 条' in answer.text
    assert "≠" in page.text
    red = re.search(r'<g class="t" stroke-width="4" stroke="#a3301f">(.*?)</g>', answer.text)
    assert red is not None
    assert re.findall(r"leaf=(\d+)", red[1]) == ["700"]


def test_a_fact_that_breaks_a_rule_shows_record_should_be_and_difference(
    city: City, auditor: FlaskClient
) -> None:
    city.lines[500] = city.lines[500].replace(b'"RECEIVED"', b'"CLOSED"')
    city.leaves[500] = leaf_hash(city.lines[500])
    page = read_page(auditor.get(f"/audit/{city.judged([500])}").text)
    assert "记录「DRAFT → CLOSED」,应为「DRAFT → RECEIVED」" in page.text
    assert "不符" in page.text


def test_an_entry_that_was_not_shown_has_no_tree(city: City, auditor: FlaskClient) -> None:
    round_id = city.judged([150, 300], changed={300: b""})
    page = read_page(auditor.get(f"/audit/{round_id}?leaf=300").text)
    assert page.mistakes == []
    assert "对方没有出示这一条" in page.text


def test_a_round_that_waits_shows_what_was_drawn_and_that_it_waits(city: City, auditor: FlaskClient) -> None:
    round_id = city.round(State.CHALLENGED, [150, 300])
    text = auditor.get(f"/audit/{round_id}?leaf=150").text
    assert read_page(text).mistakes == []
    assert ticks(text) == 2
    assert text.count("等待出示</span>") == 2


def test_who_may_not_audit_sees_nothing_of_it(city: City, auditor: FlaskClient) -> None:
    round_id = city.judged([150])
    clerk = signed_in(city, CLERK)
    assert round_id not in clerk.get("/audit").text
    assert clerk.get(f"/audit/{round_id}").status_code == 403
    assert auditor.get("/audit/nothing").status_code == 404


def test_the_api_opens_lists_and_shows_rounds(city: City) -> None:
    app = city.app()
    token = (
        app.test_client().post("/api/v1/tokens", json={"login": AUDITOR, "password": PASSWORD}).json["token"]
    )
    program, headers = (
        app.test_client(),
        {"Authorization": f"Bearer {token}", "Idempotency-Key": "round-0001"},
    )
    body = {"target": COUNTY, "count": 3, "indices": [17]}
    first = program.post("/api/v1/audit/rounds", json=body, headers=headers)
    again = program.post("/api/v1/audit/rounds", json=body, headers=headers)
    assert (first.status_code, again.json) == (201, first.json)
    assert first.json["state"] == "COMMITTED"
    shown = program.get(f"/api/v1/audit/rounds/{first.json['round']}", headers=headers).json
    assert [one["station"] for one in shown["stations"]] == [
        "committed",
        "sealed",
        "revealed",
        "drawn",
        "judged",
    ]
    assert shown["stations"][2]["hash"] == ""
    listed = program.get("/api/v1/audit/rounds", headers=headers).json
    assert [one["round"] for one in listed["items"]] == [first.json["round"]]
    refused = program.post(
        "/api/v1/audit/rounds", json={**body, "count": 0}, headers={"Authorization": headers["Authorization"]}
    )
    assert refused.status_code == 422
    assert program.get("/api/v1/audit/rounds").status_code == 401
