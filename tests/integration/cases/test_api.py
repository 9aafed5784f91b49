"""The JSON calls of cases: what staff and citizens can do over HTTP, and how it is refused."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from node.catalogue.forms import form_for
from node.catalogue.rules import Field, Handling, ItemVersion
from tests.integration.cases.invariants import check_network
from tests.integration.cases.network import COUNTY, VILLAGE, Network, item
from tests.integration.cases.stories import APPLICANT, SECRETS, VILLAGE_OWN, proxied
from tests.integration.cases.web import Caller, caller, open_web

AGENT, LEADER, OPERATOR = "chen", "gu", "zhou"


@pytest.fixture
def app(network: Network, tmp_path: Path) -> Flask:
    staff = {AGENT: ("代办员",), LEADER: ("第一责任人",), OPERATOR: ("系统管理员",)}
    return open_web(network[VILLAGE], staff, tmp_path / "web-blobs")


@pytest.fixture
def agent(app: Flask) -> Caller:
    return caller(app, AGENT)


def value_of(field: Field) -> Any:
    """Something that fits a field."""
    samples = {
        "id_number": "11010519491231002X",
        "uscc": "91350100M000100Y43",
        "phone": "13962712345",
        "date": "2026-11-20",
        "address": "新坝村九组十八号",
        "text": "如实填写的内容" * 3,
        "money": "100.00",
    }
    if field.type == "choice":
        return field.choices[0].value
    if field.type == "integer":
        return str(max(field.min or 1, 1))
    text = samples[field.type]
    return text[: field.max] if field.type == "text" and field.max else text


def filled(version: ItemVersion) -> dict[str, Any]:
    """A matter of an item as a client sends it."""
    form = form_for(version)
    return {
        "item": version.code,
        "applicant": APPLICANT,
        "form": {field.id: value_of(field) for field in form.fields if field.required},
        "materials": [material.id for material in version.materials],
    }


def register(agent: Caller, version: ItemVersion, key: str = "") -> dict[str, Any]:
    answer = agent.post("/cases", filled(version), key)
    assert answer.status_code == 201, answer.json
    body: dict[str, Any] = answer.json
    return body


def test_a_matter_is_registered_settled_and_shown_over_the_api(agent: Caller, network: Network) -> None:
    made = register(agent, VILLAGE_OWN)
    number = made["number"]
    assert number.startswith(VILLAGE)
    assert len(made["query_code"]) == 12
    assert made["slip"]["query_code"].replace(" ", "") == made["query_code"]
    assert made["slip"]["qr"].startswith(
        "https://above.example/verify?o=nantong.example/320623101001/ledger/1&l="
    )
    assert "settle" in made["case"]["acts"]
    settled = agent.post(f"/cases/{number}/acts/settle")
    assert settled.status_code == 200, settled.json
    case = agent.get(f"/cases/{number}").json
    assert (case["status"], case["path"], case["truths"]["stage"]) == ("CLOSED", [VILLAGE], "decided")
    assert [one["to"] for one in case["history"]][-1] == "CLOSED"
    assert not any(secret in str(case) for secret in SECRETS)
    check_network(network)


def test_a_repeated_registration_with_one_key_registers_once(agent: Caller) -> None:
    first = register(agent, VILLAGE_OWN, "one-key-for-both")
    again = agent.post("/cases", filled(VILLAGE_OWN), "one-key-for-both")
    assert again.json["number"] == first["number"]
    assert len(agent.get("/cases?list=all").json["items"]) == 1


def test_every_error_of_a_form_is_told_at_once(agent: Caller) -> None:
    wrong = {
        **filled(VILLAGE_OWN),
        "applicant": {**APPLICANT, "id_number": "110105194912310021", "phone": "1"},
    }
    answer = agent.post("/cases", wrong)
    assert answer.status_code == 422
    assert answer.json["type"] == "urn:bianmin:problem:form-incomplete"
    assert {error["field"] for error in answer.json["errors"]} == {"applicant.id_number", "applicant.phone"}


def test_an_act_without_the_right_is_refused_and_recorded(
    app: Flask, agent: Caller, network: Network
) -> None:
    number = register(agent, VILLAGE_OWN)["number"]
    refused = caller(app, LEADER).post(f"/cases/{number}/acts/accept")
    assert (refused.status_code, refused.json["type"]) == (403, "urn:bianmin:problem:act-forbidden")
    assert any(b'"case.act_denied"' in line and b'"no-post"' in line for line in network[VILLAGE].lines())
    assert caller(app, OPERATOR).get("/cases").status_code == 403
    assert caller(app).get("/cases").status_code == 401


def test_lists_go_by_cursor_what_is_due_first(agent: Caller) -> None:
    numbers = {register(agent, VILLAGE_OWN)["number"] for _ in range(5)}
    seen: list[str] = []
    cursor = ""
    for _ in range(5):
        page = agent.get(f"/cases?list=due&limit=2&cursor={cursor}").json
        seen += [line["number"] for line in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert (len(seen), set(seen)) == (5, numbers)
    assert agent.get("/cases?cursor=nonsense").json["type"] == "urn:bianmin:problem:cursor-invalid"


def test_a_proxied_matter_shows_its_way_and_its_five_truths(agent: Caller, network: Network) -> None:
    village, county = network[VILLAGE], network[COUNTY]
    made = register(agent, proxied("county", Handling.IMMEDIATE))
    number = made["number"]
    assert made["case"]["truths"]["stage"] == "queued"
    unsigned = agent.post(f"/cases/{number}/acts/offer")
    assert unsigned.json["type"] == "urn:bianmin:problem:entrustment-missing"
    offered = agent.post(f"/cases/{number}/acts/offer", {"entrustment_signed": True}).json
    assert (offered["offer"]["to"], offered["offer"]["state"]) == (COUNTY, "WAITING")
    sent = village.outbox[0]
    village.receipts[sent.id] = network.clock.now()
    stored = agent.get(f"/cases/{number}").json["truths"]
    assert (stored["stage"], stored["taken_at"]) == ("received", None)
    network.carry()
    assert agent.get(f"/cases/{number}").json["truths"]["stage"] == "taken"
    from node.cases.deciding import settle

    county.act(number, settle, county.worker("window_head"))
    network.carry()
    case = agent.get(f"/cases/{number}").json
    assert case["path"] == [VILLAGE, "320623101000", COUNTY]
    assert [lane["level"] for lane in case["way"]["lanes"]] == ["county", "township", "village"]
    assert [(move["from"], move["to"]) for move in case["way"]["moves"]] == [
        (VILLAGE, COUNTY),
        (COUNTY, VILLAGE),
    ]
    assert case["acts"] == ["deliver", "unmask"]
    assert agent.post(f"/cases/{number}/acts/deliver").status_code == 200
    assert agent.post(f"/cases/{number}/acts/close").json["case"]["status"] == "CLOSED"


def test_an_attachment_is_kept_encrypted_and_given_back(
    agent: Caller, network: Network, tmp_path: Path
) -> None:
    number = register(agent, VILLAGE_OWN)["number"]
    content = "户口簿照片 顾海燕".encode()
    body = {"material": "m1", "name": "户口簿.png", "media": "image/png"}
    body["content"] = base64.b64encode(content).decode()
    kept = agent.post(f"/cases/{number}/attachments", body)
    assert kept.status_code == 201, kept.json
    assert kept.json["arrived"] is True
    sha256 = kept.json["sha256"]
    file = agent.get(f"/cases/{number}/attachments/{sha256}")
    assert (file.data, file.mimetype) == (content, "image/png")
    stored = list((tmp_path / "blobs" / VILLAGE).rglob(sha256))
    assert len(stored) == 1
    assert "顾海燕".encode() not in stored[0].read_bytes()
    form = {"material": "m1", "file": (io.BytesIO(b"%PDF-1.4"), "a.pdf", "application/pdf")}
    assert agent.post(f"/cases/{number}/attachments", data=form).status_code == 201
    script = agent.post(f"/cases/{number}/attachments", {**body, "media": "text/html"})
    assert script.json["type"] == "urn:bianmin:problem:attachment-kind"
    check_network(network)


def test_a_citizen_applies_online_looks_and_withdraws(app: Flask, network: Network) -> None:
    citizen = caller(app)
    version = item(lambda v: v.deciding_level == "village" and v.online != "none" and "个人" in v.subject)
    made = citizen.post("/public/cases", filled(version))
    assert made.status_code == 201, made.json
    number, code = made.json["number"], made.json["query_code"]
    assert made.json["case"]["channel"] == "online"
    shown = citizen.get(f"/public/cases/{number}?query_code={code[:4]} {code[4:8]} {code[8:]}")
    assert shown.status_code == 200
    assert {"acts", "opinion", "id"} & shown.json.keys() == set()
    wrong = citizen.get(f"/public/cases/{number}?query_code=000000000000")
    assert (wrong.status_code, wrong.json["type"]) == (404, "urn:bianmin:problem:query-code-wrong")
    early = citizen.get(f"/public/cases/{number}/proof?query_code={code}")
    assert (early.status_code, early.json["type"]) == (409, "urn:bianmin:problem:fact-not-sequenced")
    assert citizen.post(f"/public/cases/{number}/withdraw", {"query_code": code}).json == {"done": True}
    assert citizen.get(f"/public/cases/{number}?query_code={code}").json["status"] == "WITHDRAWN"


def test_the_service_ledger_and_the_counts_are_made_from_what_happened(
    agent: Caller, network: Network
) -> None:
    settled = register(agent, VILLAGE_OWN)["number"]
    agent.post(f"/cases/{settled}/acts/settle")
    away = register(agent, proxied("county", Handling.IMMEDIATE))["number"]
    agent.post(f"/cases/{away}/acts/offer", {"entrustment_signed": True})
    ledger = agent.get("/ledger/service?month=2026-11").json
    assert ledger["totals"] == {"registered": 2, "closed": 1, "stayed": 1, "travelled": 1}
    assert [row["number"] for row in ledger["rows"]] == [settled, away]
    assert ledger["rows"][0]["applicant"] == "顾**"
    assert agent.get("/ledger/service?day=2026-11-23").json["rows"] == []
    assert agent.get("/ledger/service?day=2026-13-01").status_code == 422
    counts = agent.get("/cases/counts").json
    assert {name: counts[name] for name in ("registered", "closed", "away", "travelled")} == {
        "registered": 2,
        "closed": 1,
        "away": 1,
        "travelled": 1,
    }


def test_personal_data_is_shown_in_full_only_for_a_purpose_that_is_recorded(
    agent: Caller, network: Network
) -> None:
    number = register(agent, VILLAGE_OWN)["number"]
    assert agent.post(f"/cases/{number}/acts/unmask").status_code == 422
    shown = agent.post(f"/cases/{number}/acts/unmask", {"purpose": "contact"}).json["shown"]
    assert shown["applicant"]["phone"] == APPLICANT["phone"]
    assert any(b'"case.unmasked"' in line for line in network[VILLAGE].lines())


def test_unknown_acts_and_members_are_refused(agent: Caller) -> None:
    number = register(agent, VILLAGE_OWN)["number"]
    assert agent.post(f"/cases/{number}/acts/dance").json["type"] == "urn:bianmin:problem:act-unknown"
    assert agent.post(f"/cases/{number}/acts/accept", {"who": 1}).status_code == 422
    assert agent.get("/cases/9999999999999999999999999").status_code == 404


def test_the_calls_are_described_as_openapi_3_1(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    paths = set(document["paths"])
    assert {"/api/v1/cases", "/api/v1/cases/{number}/acts/{act}", "/api/v1/public/cases/{number}"} <= paths
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
