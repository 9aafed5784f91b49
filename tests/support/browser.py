"""A real browser in front of the stage: Chromium of the system, one window per person, everything it complains about kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Response,
    ViewportSize,
    sync_playwright,
)

from tests.support.stage import Stage

CHROMIUM = os.environ.get("BIANMIN_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"]
LOCALE = {"LANGUAGE": "en_US", "LANG": "C.UTF-8"}
"""Of the browser's own words; the same on every machine: a day is typed as month, day, year."""
DESK: ViewportSize = {"width": 1366, "height": 768}
PATIENCE_MS = 60_000
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; ended afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, env={**os.environ, **LOCALE}
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """A page, and what the browser said about it.

    Attributes:
        said: warnings and errors of its console, scripts that failed, requests that found nothing.
    """

    page: Page
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.said.append(f"script: {error}"))
        self.page.on("response", self._look_at)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("warning", "error") and "Failed to load resource" not in message.text:
            self.said.append(f"{message.type}: {message.text}")

    def _look_at(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.said.append(f"{response.status} {response.url}")


@dataclass
class People:
    """People with a window each: citizens without an account, and staff who signed in by the page.

    Windows are not closed one by one: the browser ends with all of them, which is quicker and never hangs.
    """

    browser: Browser
    stage: Stage
    _windows: dict[tuple[str, str], Window] = field(default_factory=dict)

    def window(self, level: str, role: str = "") -> Window:
        """The window of one person at a node, kept over the whole run; role "" is a citizen."""
        key = (level, role)
        if key not in self._windows:
            self._windows[key] = Window(self.fresh(level, role))
        return self._windows[key]

    def fresh(self, level: str, role: str = "", **options: Any) -> Page:
        """A window of somebody new at a node; `options` as Playwright's (`java_script_enabled=False` …)."""
        context = self.browser.new_context(
            viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai", **options
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        if role:
            self._sign_in(page, level, role)
        return page

    def _sign_in(self, page: Page, level: str, role: str) -> None:
        account = self.stage.offices[level].account(role)
        page.goto(f"{self.stage.url(level)}/sign-in")
        page.fill("#f-login", account.login)
        page.fill("#f-password", account.password)
        page.click("main button[type=submit]")
        assert "/sign-in" not in page.url, (
            f"{account.login} at {level} did not get in: {page.inner_text('main')}"
        )

    def view(self, page: Page, level: str, language: str, *, large: bool = False) -> None:
        """How the person wants to see the pages."""
        url = self.stage.url(level)
        page.context.add_cookies(
            [
                {"name": "lang", "value": language, "url": url},
                {"name": "large", "value": "1" if large else "0", "url": url},
            ]
        )


# --- what can be asked of an open page ----------------------------------------------------------------------


def sticking_out(page: Page) -> list[str]:
    """What is wider than the window, when the page scrolls sideways; and what is wider than its own box."""
    found: list[str] = page.evaluate(STICKING_OUT)
    return found


def chinese_left(page: Page, names: list[str]) -> list[str]:
    """Chinese words of an English page that are neither marked as Chinese nor a name nor cite a law."""
    found: list[str] = page.evaluate(CHINESE_LEFT, names)
    return found


def weight(page: Page) -> int:
    """Bytes of the page and all it loads, as sent."""
    found: int = page.evaluate(WEIGHT)
    return found


def barriers(page: Page) -> list[str]:
    """What axe finds: rule, what is wrong, where."""
    page.evaluate(_axe())
    found: list[dict[str, Any]] = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"
        ".then(result => result.violations)",
        AXE_TAGS,
    )
    return [
        f"{one['id']}: {one['help']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in found
        for node in one["nodes"]
    ]


def _axe() -> str:
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


STICKING_OUT = """() => {
  const root = document.documentElement, wide = window.innerWidth;
  const words = one => `${one.tagName} .${one.className} ${(one.textContent || '').trim().slice(0, 60)}`;
  const right = one => one.getBoundingClientRect().right;
  const over = Array.from(document.querySelectorAll('.tag, .btn, .code, .chip, .clock'))
    .filter(one => right(one) > right(one.parentElement) + 1).map(one => `over its box: ${words(one)}`);
  if (root.scrollWidth <= wide) return over;
  return Array.from(document.querySelectorAll('body *'))
    .filter(one => right(one) > wide + 0.5).slice(-4).map(words)
    .concat([`scrolls ${root.scrollWidth} > ${wide}`]);
}"""
CHINESE_LEFT = """names => {
  const han = /[\\u3400-\\u9fff\\u3001\\u3002\\uff08\\uff09\\uff0c\\uff1a\\uff1b]/;
  const found = new Set();
  const look = text => {
    let left = text;
    for (const name of names) left = left.split(name).join('');
    left = left.replace(/《[^》]*》(第[一二三四五六七八九十百零]+条)?/g, '');
    left = left.replace(/[\\u4e00-\\u9fff]\\*+/g, '');
    if (han.test(left)) found.add(text.trim().slice(0, 120));
  };
  const marked = one => (one.closest('[lang]').getAttribute('lang') || '').startsWith('zh');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!['SCRIPT', 'STYLE', 'TEXTAREA'].includes(one.tagName) && !marked(one)) look(walker.currentNode.data);
  }
  for (const name of ['placeholder', 'title', 'aria-label', 'alt'])
    for (const one of document.querySelectorAll(`[${name}]`)) if (!marked(one)) look(one.getAttribute(name));
  return Array.from(found);
}"""
WEIGHT = """() => performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
