"""The API: OpenAPI, problem details, pages by cursor, repeated calls."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from node.kernel.database import Database
from node.ui.idempotency import KEPT, sweep_answers
from node.ui.tables import ApiAnswerRow
from tests.integration.ui.conftest import PASSWORD, token_of

NEW = {"login": "wang", "name": "王小燕", "posts": ["窗口人员2号"]}


@pytest.fixture
def as_operator(app: Flask) -> dict[str, str]:
    """Headers of a program that acts as 周明."""
    return token_of(app, "zhou.ming")


def test_description_is_openapi_31_and_names_every_call(app: Flask, visitor: FlaskClient) -> None:
    document = visitor.get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith(".json")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method)
        for path, calls in document["paths"].items()
        for method in calls
        if method != "parameters"
    }
    assert described == routes
    for path, method in described:
        call = document["paths"][path][method]
        assert call["summary"], path
        assert call["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}
    assert "application/problem+json" in document["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert document["paths"]["/api/v1/items"]["get"]["security"] == []
    assert document["paths"]["/api/v1/staff"]["post"]["parameters"][0]["name"] == "Idempotency-Key"


def test_items_page_by_page(visitor: FlaskClient) -> None:
    seen, cursor = [], None
    while True:
        page = visitor.get(
            "/api/v1/items", query_string={"limit": 100, **({"cursor": cursor} if cursor else {})}
        ).json
        seen += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == page["total"] == 184


def test_item_comes_with_its_guide_and_form(visitor: FlaskClient) -> None:
    item = visitor.get("/api/v1/items/900511001000").json
    assert item["name"] == {"zh": "最低生活保障对象认定", "en": item["name"]["en"]}
    assert item["deciding_level"] == "county"
    assert item["materials"][0]["id"] == "m1"
    assert {kind["value"] for kind in item["form"]["kinds"]} == {"person"}


def test_refusals_are_problem_details_in_the_callers_language(visitor: FlaskClient) -> None:
    answer = visitor.get("/api/v1/items/0", headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "urn:bianmin:problem:item-unknown"
    assert answer.json["title"].startswith("The catalogue has no item")
    assert answer.json["instance"].endswith(answer.headers["X-Request-Id"])
    assert "目录里没有" in visitor.get("/api/v1/items/0").json["title"]


def test_what_does_not_fit_the_schema_is_listed(visitor: FlaskClient) -> None:
    answer = visitor.get("/api/v1/items?limit=0&colour=red")
    assert answer.status_code == 422
    assert answer.json["type"] == "urn:bianmin:problem:fields-invalid"
    assert set(answer.json["errors"]["query"]) == {"limit", "colour"}
    assert visitor.post("/api/v1/tokens", json={"login": "x"}).json["errors"]["json"].keys() == {"password"}
    assert visitor.post("/api/v1/tokens", data="{", content_type="application/json").status_code == 400


def test_wrong_method_names_the_right_ones(visitor: FlaskClient) -> None:
    answer = visitor.delete("/api/v1/items")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.content_type == "application/problem+json"


def test_token_acts_as_its_person_until_it_is_revoked(app: Flask, visitor: FlaskClient) -> None:
    clerk = token_of(app, "chen")
    me = visitor.get("/api/v1/me", headers=clerk).json
    assert (me["name"], me["posts"][0]["role"], me["level"]) == ("陈建国", "clerk", "county")
    refused = visitor.get("/api/v1/staff", headers=clerk)
    assert refused.status_code == 403
    assert refused.json["type"] == "urn:bianmin:problem:act-forbidden"
    assert visitor.post("/api/v1/tokens/revoke", headers=clerk).json == {"done": True}
    assert visitor.get("/api/v1/me", headers=clerk).status_code == 401


def test_session_cookie_opens_no_call_of_the_api(operator: FlaskClient) -> None:
    assert operator.get("/api/v1/me").status_code == 401
    assert operator.post("/api/v1/staff", json=NEW).status_code == 401


def test_staff_is_added_and_listed(visitor: FlaskClient, as_operator: dict[str, str]) -> None:
    added = visitor.post("/api/v1/staff", json=NEW, headers=as_operator)
    assert added.status_code == 201
    assert added.json["initial_password"]
    page = visitor.get("/api/v1/staff?limit=3", headers=as_operator).json
    assert [line["login"] for line in page["items"]] == ["chen", "li.fang", "wang"]
    rest = visitor.get(f"/api/v1/staff?cursor={page['next_cursor']}", headers=as_operator).json
    assert [line["login"] for line in rest["items"]] == ["zhou.ming"]
    assert rest["next_cursor"] is None


def test_repeated_call_gets_the_same_answer_and_adds_nobody(
    visitor: FlaskClient, as_operator: dict[str, str]
) -> None:
    headers = {**as_operator, "Idempotency-Key": "6f1c0f5e-0001"}
    first = visitor.post("/api/v1/staff", json=NEW, headers=headers)
    second = visitor.post("/api/v1/staff", json=NEW, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    fresh = visitor.post("/api/v1/staff", json=NEW, headers={**headers, "Idempotency-Key": "6f1c0f5e-0002"})
    assert fresh.status_code == 409


def test_key_of_another_request_is_refused(visitor: FlaskClient, as_operator: dict[str, str]) -> None:
    headers = {**as_operator, "Idempotency-Key": "6f1c0f5e-0001"}
    assert visitor.post("/api/v1/staff", json=NEW, headers=headers).status_code == 201
    other = visitor.post("/api/v1/staff", json={**NEW, "login": "sun"}, headers=headers)
    assert other.status_code == 422
    assert other.json["type"] == "urn:bianmin:problem:idempotency-key-reused"
    short = visitor.post("/api/v1/staff", json=NEW, headers={**as_operator, "Idempotency-Key": "x"})
    assert short.json["type"] == "urn:bianmin:problem:idempotency-key-form"


def test_refused_call_keeps_no_answer(
    visitor: FlaskClient, as_operator: dict[str, str], database: Database
) -> None:
    headers = {**as_operator, "Idempotency-Key": "6f1c0f5e-0001"}
    refused = visitor.post("/api/v1/staff", json={**NEW, "posts": ["没有的岗位"]}, headers=headers)
    assert refused.status_code == 422
    with database.reading() as session:
        assert session.scalars(select(ApiAnswerRow)).all() == []
    assert visitor.post("/api/v1/staff", json=NEW, headers=headers).status_code == 201


def test_kept_answers_are_unreadable_on_disk_and_forgotten_in_time(
    visitor: FlaskClient, as_operator: dict[str, str], database: Database, clock
) -> None:
    headers = {**as_operator, "Idempotency-Key": "6f1c0f5e-0001"}
    password = visitor.post("/api/v1/staff", json=NEW, headers=headers).json["initial_password"]
    with database.engine.connect() as connection:
        raw = connection.exec_driver_sql("SELECT answer FROM api_answer").scalar()
    assert password not in str(raw)
    with database.transaction() as session:
        sweep_answers(session, clock.now() + KEPT * 2)
        assert session.scalars(select(ApiAnswerRow)).all() == []


def test_import_by_program(visitor: FlaskClient, as_operator: dict[str, str]) -> None:
    done = visitor.post("/api/v1/catalogue/import", json={}, headers=as_operator)
    assert done.status_code == 201
    assert done.json["unchanged"] == 184
    past = visitor.post("/api/v1/catalogue/import", json={"effective_on": "2020-01-01"}, headers=as_operator)
    assert past.json["type"] == "urn:bianmin:problem:effective-in-past"


def test_health_tells_alive_ready_and_counts(visitor: FlaskClient) -> None:
    assert visitor.get("/healthz").text == "ok\n"
    assert visitor.get("/readyz").json == {"ready": True, "checks": {"database": "ok"}}
    assert "bianmin_requests_total" in visitor.get("/metrics").text
    assert PASSWORD not in visitor.get("/metrics").text
