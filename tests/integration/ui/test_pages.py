"""Every page: strict HTML, both languages, nothing inline, nothing from elsewhere, small."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from node.ui.assets import asset
from tests.support.html import read_page

PUBLIC = [
    "/items",
    "/items?q=低保",
    "/items?q=没有这种事项",
    "/items/900511001000",
    "/sign-in",
    "/dev/components",
    "/nowhere",
]
OPERATOR = ["/staff", "/catalogue", "/catalogue?q=身份证&here=1", "/catalogue/900511001000", "/me/password"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PUBLIC + OPERATOR)
def test_page_is_strict_html_in_both_languages(operator: FlaskClient, path: str, language: str) -> None:
    operator.get(f"/view?lang={language}&next=/sign-in")
    answer = operator.get(path)
    page = read_page(answer.text)
    assert page.mistakes == []
    assert page.language == ("en" if language == "en" else "zh-CN")
    assert answer.status_code == (404 if path == "/nowhere" else 200)


@pytest.mark.parametrize("path", PUBLIC + OPERATOR)
def test_first_view_stays_under_60_kilobytes(operator: FlaskClient, path: str) -> None:
    assert len(operator.get(path).data) + len(asset("ui.css")) + len(asset("keys.js")) <= 60_000


def test_every_answer_carries_the_security_headers(visitor: FlaskClient) -> None:
    for path in ("/items", "/nowhere", "/api/v1/items", "/static/ui.css"):
        headers = visitor.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert len(headers["X-Request-Id"]) == 8


def test_staff_pages_are_not_stored_by_browsers(operator: FlaskClient) -> None:
    assert operator.get("/staff").headers["Cache-Control"] == "no-store"
    assert "immutable" in operator.get("/static/ui.css?v=1").headers["Cache-Control"]


def test_language_and_large_print_are_remembered(visitor: FlaskClient) -> None:
    answer = visitor.get("/view?lang=en&large=1&next=/items")
    assert answer.headers["Location"] == "/items"
    assert all("HttpOnly" in one and "SameSite=Lax" in one for one in answer.headers.getlist("Set-Cookie"))
    page = visitor.get("/items").text
    assert 'lang="en" class="public large"' in page
    assert visitor.get("/view?next=https://elsewhere.example").headers["Location"] == "/"


def test_guide_says_what_to_bring_how_long_and_where(visitor: FlaskClient) -> None:
    text = read_page(visitor.get("/items/900511001000").text).text
    for word in (
        "最低生活保障对象认定",
        "要带什么",
        "受理后 20 个工作日",
        "村(社区)便民服务室",
        "陈建国",
        "0513-86512345",
    ):
        assert word in text


def test_list_pages_by_cursor_to_its_end(visitor: FlaskClient) -> None:
    seen: list[str] = []
    path: str | None = "/items"
    while path:
        page = read_page(visitor.get(path).text)
        seen += [link for link in page.links if link.startswith("/items/9")]
        following = [link for link in page.links if link.startswith("/items?") and "cursor=" in link]
        path = following[0] if following else None
    assert len(seen) == len(set(seen)) == 184


def test_unknown_item_says_where_to_look(visitor: FlaskClient) -> None:
    answer = visitor.get("/items/000000000000")
    assert answer.status_code == 404
    assert "请在事项目录中查找" in answer.text


def test_search_words_are_escaped(visitor: FlaskClient) -> None:
    text = visitor.get("/items?q=<script>alert(1)</script>").text
    assert "<script>alert" not in text
    assert read_page(text).mistakes == []


def test_crash_shows_a_number_and_no_detail(
    build: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = build()
    app.view_functions["catalogue_public.items"] = _crashing(app.view_functions["catalogue_public.items"])
    answer = app.test_client().get("/items")
    number = answer.headers["X-Request-Id"]
    assert answer.status_code == 500
    assert number in answer.text
    assert "top secret" not in answer.text
    assert number in caplog.text
    assert read_page(answer.text).mistakes == []


def _crashing(view):
    def crash():
        raise KeyError("top secret")

    crash.__dict__.update(view.__dict__)
    return crash
