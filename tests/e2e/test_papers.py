"""What comes out of the printer: the sheet a paper asks for, and nothing of the page around it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.support.browser import People

POINTS = 72 / 25.4
A4, A5, ROLL = (210, 297), (148, 210), (80, 210)


def printed(page: Page) -> tuple[int, tuple[int, int]]:
    """Prints a page; number of sheets, and the size of the first in mm."""
    content = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([0-9.]+) ([0-9.]+)\]", content)
    sheets = len(re.findall(rb"/Type ?/Page\b(?!s)", content))
    width, height = (round(float(one) / POINTS) for one in boxes[0])
    return sheets, (width, height)


@pytest.mark.parametrize(
    ("path", "sheet"),
    [("/slip?size=80", ROLL), ("/slip?size=a5", A5), ("/registered", A5)],
)
def test_a_slip_is_one_sheet_of_its_own_size(people: People, path: str, sheet: tuple[int, int]) -> None:
    page = people.window("village", "agent").page
    page.emulate_media(media="null")
    page.goto(f"{people.stage.url('village')}/matters/{people.stage.number('to-send')}{path}")
    assert printed(page) == (1, sheet)


def test_the_service_ledger_lies_across(people: People) -> None:
    page = people.window("village", "agent").page
    page.emulate_media(media="null")
    page.goto(f"{people.stage.url('village')}/ledger/service")
    sheets, size = printed(page)
    assert (1 <= sheets <= 2, size) == (True, A4[::-1])


def test_a_matter_is_printed_on_a4_with_the_name_of_the_office(people: People) -> None:
    page = people.window("village", "agent").page
    page.emulate_media(media="null")
    page.goto(f"{people.stage.url('village')}/matters/{people.stage.number('travelled')}")
    sheets, size = printed(page)
    assert (1 <= sheets <= 3, size) == (True, A4)
    page.emulate_media(media="print")
    assert page.locator(".print-head").is_visible()
    assert not page.locator(".top").is_visible()
