"""One look at a page in one language: pictures of it in every size, and all that may be wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import BrowserContext, Page

from tests.support.browser import (
    DESK,
    People,
    Window,
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
    context = people.context(screen.at, screen.who)
    people.view(context, screen.at, language)
    page = context.new_page()
    window, look = Window(page), Look()
    try:
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
            _look_in_large_print(people, screen, language, context, look, folder / f"{name}-large.png")
    finally:
        page.close()
    return look


def _open(page: Page, people: People, screen: Screen) -> int:
    """Goes there and does the screen's steps; the status of the last document."""
    last = [0]
    page.on(
        "response",
        lambda one: last.__setitem__(0, one.status) if one.request.is_navigation_request() else None,
    )
    page.goto(screen.address(people.stage))
    if screen.steps is not None:
        screen.steps(page, people.stage)
        page.wait_for_load_state()
    return last[0]


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
    people: People, screen: Screen, language: str, context: BrowserContext, look: Look, picture: Path
) -> None:
    people.view(context, screen.at, language, large=True)
    page = context.new_page()
    try:
        _open(page, people, screen)
        for width in (SMALL, PHONE, DESK["width"]):
            page.set_viewport_size({"width": width, "height": 844})
            look.wide[f"large {width}"] = sticking_out(page)
        page.screenshot(path=picture, full_page=True, caret="initial")
    finally:
        page.close()
        people.view(context, screen.at, language)
