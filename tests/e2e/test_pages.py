"""Every page in both languages: answers, is quiet, fits every window, speaks one language, has no barriers, is light."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.looking import Look
from tests.support.screens import SCREENS, Screen

HEAVIEST = 60_000
EVERY = [
    pytest.param(screen, language, id=f"{screen.name}-{language}")
    for screen in SCREENS
    for language in ("zh", "en")
]
See = Callable[[Screen, str], Look]


@pytest.mark.parametrize(("screen", "language"), EVERY)
def test_the_page_answers_under_one_heading_and_the_browser_has_nothing_to_say(
    seen: See, screen: Screen, language: str
) -> None:
    look = seen(screen, language)
    assert look.status == screen.status
    assert look.moved == ""
    assert len(look.headings) == 1
    assert look.headings[0] in look.title
    assert look.language == ("en" if language == "en" else "zh-CN")
    assert look.said == []


@pytest.mark.parametrize(("screen", "language"), EVERY)
def test_nothing_sticks_out_of_any_window(seen: See, screen: Screen, language: str) -> None:
    assert {width: found for width, found in seen(screen, language).wide.items() if found} == {}


@pytest.mark.parametrize("screen", [pytest.param(screen, id=screen.name) for screen in SCREENS])
def test_the_english_page_has_no_chinese_but_names_and_what_is_marked(seen: See, screen: Screen) -> None:
    assert seen(screen, "en").chinese == []


@pytest.mark.parametrize(("screen", "language"), EVERY)
def test_axe_finds_no_barrier(seen: See, screen: Screen, language: str) -> None:
    assert seen(screen, language).barriers == []


@pytest.mark.parametrize(("screen", "language"), EVERY)
def test_the_first_view_is_light(seen: See, screen: Screen, language: str) -> None:
    assert 0 < seen(screen, language).weight <= HEAVIEST
