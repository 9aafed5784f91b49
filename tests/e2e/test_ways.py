"""The main ways of the people, with JavaScript switched off, and the agent's with the keyboard alone."""

from __future__ import annotations

import time

from playwright.sync_api import Page

from demo.nodes import display_name
from demo.places import read_places
from tests.support.browser import People
from tests.support.screens import verify_file
from tests.support.stage import Stage

UPWARD = "902014001000"
"""居民养老保险参保登记: taken in at the village, decided at the township."""
WITHIN_S = 60


def open_plain(people: People, level: str, role: str, path: str) -> Page:
    """Somebody's first page, without JavaScript."""
    page = people.fresh(level, role, java_script_enabled=False)
    page.goto(people.stage.url(level) + path)
    return page


def fill_applicant(page: Page, stage: Stage, item: str) -> str:
    """Fills what the form of an item requires; returns the applicant's name."""
    guide = stage.offices["village"].call("GET", f"/items/{item}")
    somebody = stage.people()
    applicant = somebody.applicant(guide["form"])
    values = {f"applicant.{name}": str(value) for name, value in applicant.items() if name != "kind"}
    values |= {f"form.{name}": str(value) for name, value in somebody.fill(guide["form"]["fields"]).items()}
    for name, value in values.items():
        fill(page, name, value)
    return str(applicant["name"])


def fill(page: Page, name: str, value: str) -> None:
    """Puts a value into whatever kind of field it is."""
    fields = page.locator(f"[name='{name}']")
    kind = fields.first.evaluate("one => one.type")
    if kind == "radio":
        page.locator(f"[name='{name}'][value='{value}']").check()
    elif kind == "select-one":
        fields.first.select_option(value)
    else:
        fields.first.fill(value)


def reload_until(page: Page, words: str) -> str:
    """Reloads a page until it says something, or time is up; what it says then."""
    until = time.monotonic() + WITHIN_S
    while words not in page.inner_text("main") and time.monotonic() < until:
        page.wait_for_timeout(500)
        page.reload()
    return page.inner_text("main")


def test_an_agent_registers_a_matter_and_offers_it_and_the_citizen_follows_it(
    people: People,
) -> None:
    stage = people.stage
    agent = open_plain(people, "village", "agent", "/desk")
    agent.get_by_role("link", name="登记").first.click()
    agent.fill("#f-q", "养老保险")
    agent.locator(".bar button").click()
    agent.locator(f"a.go[href*='{UPWARD}']").click()
    fill_applicant(agent, stage, UPWARD)
    for box in agent.locator("input[name=materials]").all():
        box.check()
    agent.get_by_role("button", name="登记并出凭证").click()
    assert agent.inner_text("h1") == "已登记"
    number = agent.url.split("/matters/")[1].split("/")[0]
    code = agent.inner_text(".side .code")
    agent.get_by_role("link", name="上送").click()
    agent.check("input[name=entrustment_signed]")
    agent.get_by_role("button", name="上送").click()
    assert "已送出" in agent.inner_text("main")

    citizen = open_plain(people, "village", "", "/")
    citizen.fill("main [name=number]", number)
    citizen.fill("main [name=query_code]", code)
    citizen.get_by_role("button", name="查询").click()
    assert f"/matter/{number}" in citizen.url
    township = display_name(stage.offices["township"].place)
    assert township in reload_until(citizen, township)


def test_a_citizen_hands_in_online_and_takes_it_back(people: People) -> None:
    citizen = open_plain(people, "village", "", f"/items/{UPWARD}")
    citizen.get_by_role("link", name="网上申办").first.click()
    fill_applicant(citizen, people.stage, UPWARD)
    citizen.locator("main form button[type=submit]").last.click()
    assert "/slip" in citizen.url, citizen.inner_text("main")
    number = citizen.url.split("/matter/")[1].split("/")[0]
    citizen.goto(f"{people.stage.url('village')}/matter/{number}/withdraw")
    citizen.locator("main form button[type=submit]").first.click()
    assert "已撤回" in citizen.inner_text("main")


def test_a_clerk_takes_what_waits_and_goes_on_with_it(
    people: People,
) -> None:
    clerk = open_plain(people, "township", "clerk", "/desk")
    clerk.goto(f"{people.stage.url('township')}/offers/{people.stage.offer_id}")
    clerk.locator("form[action$='/take'] button").click()
    assert "/matters/" in clerk.url
    assert "已接办" in clerk.inner_text("main")
    assert clerk.locator(".side .btn").count() > 0


def test_an_operator_invites_a_node_below(people: People) -> None:
    other = read_places()[people.stage.next_village]
    operator = open_plain(people, "township", "operator", "/network")
    operator.get_by_role("link", name="邀请").first.click()
    operator.fill("[name=code]", other.code)
    operator.fill("[name=name]", display_name(other))
    operator.locator("main form button[type=submit]").last.click()
    assert "bianmin join" in operator.inner_text("main")
    assert operator.locator("main svg").count() > 0


def test_a_proof_file_is_true_and_one_with_a_changed_hash_is_not(people: People) -> None:
    page = people.fresh("village")
    told = []
    for spoilt in (False, True):
        page.goto(people.stage.url("village") + "/query")
        verify_file("settled", spoilt)(page, people.stage)
        told.append(page.inner_text("#result .seal"))
    assert "属实" in told[0]
    assert "不符" in told[1]


def press_to(page: Page, wanted: str) -> None:
    """Tab, until what is wanted has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is not reached by Tab on {page.url}")


def test_an_agent_registers_a_matter_with_the_keyboard_alone(people: People) -> None:
    stage = people.stage
    page = people.fresh("village", "agent")
    page.goto(stage.url("village") + "/desk")
    press_to(page, "a[href='#content']")
    page.keyboard.press("Enter")
    press_to(page, "main a[href='/register']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/register")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.goto(stage.url("village") + "/register?q=养老保险")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('a.go')")
    press_to_or_stay(page, f"a.go[href*='{UPWARD}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/register/{UPWARD}*")
    type_applicant(page, stage)
    press_to(page, "#new button[type=submit]")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.keyboard.press("Enter")
    page.wait_for_url("**/registered")
    assert page.inner_text("h1") == "已登记"


def press_to_or_stay(page: Page, wanted: str) -> None:
    """As `press_to`, with j, from row to row."""
    for _ in range(50):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
        page.keyboard.press("j")
    raise AssertionError(f"{wanted} is not reached by j on {page.url}")


def type_applicant(page: Page, stage: Stage) -> None:
    """The whole form by Tab, typing and Space."""
    guide = stage.offices["village"].call("GET", f"/items/{UPWARD}")
    somebody = stage.people()
    applicant = somebody.applicant(guide["form"])
    values = {f"applicant.{name}": str(value) for name, value in applicant.items() if name != "kind"}
    values |= {f"form.{name}": str(value) for name, value in somebody.fill(guide["form"]["fields"]).items()}
    for name, value in values.items():
        press_to(page, f"[name='{name}']")
        if page.evaluate("document.activeElement.type") == "radio":
            page.keyboard.press("Space")
        elif page.evaluate("document.activeElement.type") == "date":
            year, month, day = value.split("-")
            page.keyboard.type(month + day + year)
            assert page.evaluate("document.activeElement.value") == value
        else:
            page.keyboard.type(value)
    for _ in guide["materials"]:
        press_to(page, "input[name=materials]:not(:checked)")
        page.keyboard.press("Space")
