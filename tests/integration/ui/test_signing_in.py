"""Doors: sign-in, refusals, forged forms, first passwords, and what each process serves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from node.people.service import NewStaff, add_staff, prepare_staff
from node.ui.access import Kind, declared
from tests.integration.ui.conftest import PASSWORD, _passwords, send, signed_in
from tests.support.html import read_page

FILLED = {"code": "900511001000", "name": "ui.css"}


def _path_of(app: Flask, endpoint: str) -> str:
    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
    _, path = rule.build({name: FILLED.get(name, "x") for name in rule.arguments}) or ("", "")
    return path


def test_every_route_has_its_access(app: Flask) -> None:
    kinds = {endpoint: access.kind for endpoint, access in declared(app).items() if access is not None}
    assert kinds.keys() == app.view_functions.keys()
    assert {endpoint for endpoint, kind in kinds.items() if kind is Kind.ENTRANCE} == {
        "people.sign_in", "people.enter", "people.sign_out", "metrics", "people_api.new_token",
    }  # fmt: skip


def test_nobody_reaches_a_staff_page_unsigned(app: Flask, visitor: FlaskClient) -> None:
    for endpoint, access in declared(app).items():
        if access is None or access.kind is not Kind.STAFF:
            continue
        rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
        path = _path_of(app, endpoint)
        if "GET" in (rule.methods or ()):
            answer = visitor.get(path)
            assert answer.status_code == 303, endpoint
            assert answer.headers["Location"].startswith("/sign-in?next=%2F"), endpoint
        else:
            assert visitor.post(path).status_code == 401, endpoint


def test_nobody_calls_the_api_without_a_token(app: Flask, visitor: FlaskClient) -> None:
    for endpoint, access in declared(app).items():
        if access is not None and access.kind is Kind.API:
            rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
            method = "GET" if "GET" in (rule.methods or ()) else "POST"
            answer = visitor.open(
                _path_of(app, endpoint), method=method, json={} if method == "POST" else None
            )
            assert answer.status_code == 401, endpoint
            assert answer.json["type"] == "urn:bianmin:problem:token-needed"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_signing_in_leads_back_to_where_one_wanted(visitor: FlaskClient) -> None:
    there = visitor.get("/catalogue?q=x").headers["Location"]
    answer = send(
        visitor, "/sign-in", {"login": "zhou.ming", "password": PASSWORD, "next": "/catalogue?q=x"}, there
    )
    assert answer.headers["Location"] == "/catalogue?q=x"
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("bianmin="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert visitor.get("/catalogue").status_code == 200


def test_wrong_password_is_told_on_the_page_with_the_account_kept(visitor: FlaskClient) -> None:
    answer = send(visitor, "/sign-in", {"login": "zhou.ming", "password": "no"})
    assert answer.status_code == 401
    assert "账号或密码不对" in answer.text
    assert 'value="zhou.ming"' in answer.text
    assert read_page(answer.text).mistakes == []


def test_five_wrong_tries_lock_the_account(visitor: FlaskClient) -> None:
    for _ in range(5):
        send(visitor, "/sign-in", {"login": "li.fang", "password": "no"})
    answer = send(visitor, "/sign-in", {"login": "li.fang", "password": PASSWORD})
    assert answer.status_code == 429
    assert "15 分钟" in answer.text


def test_signing_out_ends_the_session_everywhere(app: Flask, operator: FlaskClient) -> None:
    secret = operator.get_cookie("bianmin")
    assert secret is not None
    assert send(operator, "/sign-out", {}, "/staff").status_code == 303
    thief = app.test_client()
    thief.set_cookie("bianmin", secret.value)
    assert thief.get("/staff").status_code == 303


def test_post_without_the_right_is_told_who_can(clerk: FlaskClient) -> None:
    answer = clerk.get("/staff")
    assert answer.status_code == 403
    assert "可由局领导、系统管理员办理" in answer.text
    assert read_page(answer.text).mistakes == []


@pytest.mark.parametrize("path", ["/staff", "/catalogue/import", "/sign-out", "/me/password"])
def test_form_without_its_token_changes_nothing(operator: FlaskClient, path: str) -> None:
    answer = operator.post(path, data={"login": "forged", "name": "伪造", "source": "shipped"})
    assert answer.status_code == 400
    assert "没有保存" in answer.text
    assert "forged" not in operator.get("/staff").text


def test_first_password_is_changed_before_anything_else(app: Flask, database, clock) -> None:
    prepared = prepare_staff(_passwords(), NewStaff("new.one", "新人", ("系统管理员",)))
    with database.transaction() as session:
        add_staff(session, prepared, clock)
    browser = signed_in(app, "new.one", prepared.password)
    assert browser.get("/staff").headers["Location"] == "/me/password"
    fields = {"current": prepared.password, "new": "a-much-better-one", "again": "a-much-better-two"}
    assert "不一样" in send(browser, "/me/password", fields).text
    fields["again"] = "a-much-better-one"
    assert send(browser, "/me/password", fields).status_code == 303
    assert browser.get("/staff").status_code == 200


def test_operator_adds_one_person_and_sees_the_password_once(operator: FlaskClient) -> None:
    answer = send(operator, "/staff", {"name": "王小燕", "login": "wang", "posts": ["窗口人员2号"]})
    assert answer.status_code == 201
    assert "只显示这一次" in answer.text
    assert "窗口人员2号" in operator.get("/staff").text
    refused = send(operator, "/staff", {"name": "另一人", "login": "wang", "posts": ["窗口人员2号"]})
    assert refused.status_code == 409
    assert "已经有人使用" in refused.text
    assert read_page(refused.text).mistakes == []


def test_list_with_one_wrong_line_adds_nobody(operator: FlaskClient) -> None:
    good = "login,name,posts,phone\nsun,孙一,窗口人员1号(B),\nqian,钱二,窗口负责人,13900002222\n"
    bad = good + "Li Si,李四,窗口负责人,\n"
    refused = send(operator, "/staff/import", {"text": bad}, "/staff")
    assert refused.status_code == 422
    assert "第 4 行" in refused.text
    assert "sun" not in operator.get("/staff").text
    assert send(operator, "/staff/import", {"text": good}, "/staff").status_code == 201
    assert "窗口人员1号(B)" in operator.get("/staff").text


def test_import_of_a_broken_catalogue_names_what_is_wrong(operator: FlaskClient) -> None:
    import io

    upload = {"source": "file", "file": (io.BytesIO(b"items: []"), "c.yaml")}
    answer = send(operator, "/catalogue/import", upload, "/catalogue")
    assert answer.status_code == 422
    assert "没有导入" in answer.text
    again = send(operator, "/catalogue/import", {"source": "shipped"}, "/catalogue")
    assert again.status_code == 303
    assert "未变 184 项" in operator.get("/catalogue").text


def test_public_process_has_no_door_for_staff(build: Callable[..., Flask]) -> None:
    browser = build(audience="public").test_client()
    for path in ("/sign-in", "/staff", "/catalogue", "/metrics", "/api/v1/me", "/api/v1/staff"):
        assert browser.get(path).status_code == 404, path
    assert browser.get("/items").status_code == 200
    assert browser.get("/api/v1/items").status_code == 200


def test_staff_process_has_no_public_pages(build: Callable[..., Flask]) -> None:
    app = build(audience="staff", demo=False)
    assert app.test_client().get("/items").status_code == 404
    assert app.test_client().get("/dev/components").status_code == 404
    assert signed_in(app, "zhou.ming").get("/start").headers["Location"] == "/staff"


def test_door_tried_too_often_from_one_address_is_shut_for_a_while(build: Callable[..., Flask]) -> None:
    browser = build(rate_limits=True).test_client()
    statuses = [
        browser.post("/api/v1/tokens", json={"login": "x", "password": "y"}).status_code for _ in range(31)
    ]
    assert set(statuses[:30]) <= {401, 429}
    last = browser.post("/api/v1/tokens", json={"login": "z", "password": "y"})
    assert last.status_code == 429
    assert last.json["type"] == "urn:bianmin:problem:too-many-requests"
    assert 1 <= int(last.headers["Retry-After"]) <= 60
