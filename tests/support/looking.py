"""One look at a page in one language: pictures of it in every size, and all that may be wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Page, Response

from tests.support.browser import (
    DESK,
    People,
    barriers,
    chinese_left,
    sticking_out,
    weight,
)
from tests.support.screens import Screen

PHONE, SMALL = 390, 320
ZOOMED = (683, 341)
"""1366 px at 200 % and 400 %."""
A4_TEXT = 643
"""170 mm of text between the margins of an A4 sheet."""


@dataclass
class Look:
    """What was seen.

    Attributes:
        moved: where the browser was sent instead of staying where it went.
        weight: bytes of the page and all it loads.
        wide: width of the window → what sticks out of it.
        chinese: words left untranslated (English only).
        barriers: what axe finds.
        said: what the browser complained about.
    """

    status: int = 0
    moved: str = ""
    title: str = ""
    headings: list[str] = field(default_factory=list)
    language: str = ""
    weight: int = 0
    wide: dict[str, list[str]] = field(default_factory=dict)
    chinese: list[str] = field(default_factory=list)
    barriers: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def look_at(people: People, screen: Screen, language: str, folder: Path, names: Sequence[str]) -> Look:
    """Opens a page as its person would, and looks."""
    window, look = people.window(screen.at, screen.who), Look()
    page = window.page
    people.view(page, screen.at, language)
    page.emulate_media(media="null")
    page.set_viewport_size(DESK)
    window.said.clear()
    look.status = _open(page, people, screen)
    if screen.steps is None and unquote(page.url) != screen.address(people.stage):
        look.moved = page.url
    look.title, look.headings = page.title(), page.locator("h1").all_inner_texts()
    look.language = page.locator("html").get_attribute("lang") or ""
    look.weight = weight(page)
    look.chinese = chinese_left(page, list(names)) if language == "en" and screen.words else []
    look.said = list(window.said)
    look.barriers = barriers(page)
    name = f"{screen.name}-{language}"
    _measure(page, look, folder, name)
    if screen.large:
        _look_in_large_print(people, screen, language, page, look, folder / f"{name}-large.png")
    return look


def _open(page: Page, people: People, screen: Screen) -> int:
    """Goes there and does the screen's steps; the status of the last document."""
    answer = page.goto(screen.address(people.stage))
    assert answer is not None
    status = [answer.status]
    if screen.steps is not None:

        def note(one: Response) -> None:
            if one.request.is_navigation_request():
                status[0] = one.status

        page.on("response", note)
        screen.steps(page, people.stage)
        page.wait_for_load_state()
        page.remove_listener("response", note)
    return status[0]


def _measure(page: Page, look: Look, folder: Path, name: str) -> None:
    """Every width, and the pictures."""
    page.set_viewport_size(DESK)
    look.wide["1366"] = sticking_out(page)
    page.screenshot(path=folder / f"{name}-1366.png", full_page=True, caret="initial")
    for width in (*ZOOMED, SMALL, PHONE):
        page.set_viewport_size({"width": width, "height": 844})
        look.wide[str(width)] = sticking_out(page)
    page.screenshot(path=folder / f"{name}-390.png", full_page=True, caret="initial")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4_TEXT, "height": 972})
    look.wide["print"] = sticking_out(page)
    page.screenshot(path=folder / f"{name}-print.png", full_page=True, caret="initial")


def _look_in_large_print(
    people: People, screen: Screen, language: str, page: Page, look: Look, picture: Path
) -> None:
    people.view(page, screen.at, language, large=True)
    page.emulate_media(media="null")
    _open(page, people, screen)
    for width in (SMALL, PHONE, DESK["width"]):
        page.set_viewport_size({"width": width, "height": 844})
        look.wide[f"large {width}"] = sticking_out(page)
    page.screenshot(path=picture, full_page=True, caret="initial")
    people.view(page, screen.at, language)
