"""Reading a page strictly: what a browser would quietly repair is an error here."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
PHRASING_ONLY = frozenset({"p", "h1", "h2", "h3", "label", "span", "b", "button", "summary"})
BLOCK = frozenset({"div", "p", "ul", "ol", "dl", "table", "form", "section", "h1", "h2", "h3", "fieldset"})


@dataclass
class Page:
    """What was found in a page."""

    mistakes: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    text: str = ""
    language: str = ""
    labels: list[str] = field(default_factory=list)
    inputs: list[dict[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        page, found = self.page, {name: value or "" for name, value in attrs}
        if len(found) != len(attrs):
            page.mistakes.append(f"<{tag}> repeats an attribute")
        page.mistakes.extend(
            f"<{tag}> has {name}" for name in found if name == "style" or name.startswith("on")
        )
        if tag in BLOCK and self.open and self.open[-1] in PHRASING_ONLY:
            page.mistakes.append(f"<{tag}> inside <{self.open[-1]}>")
        if tag == "form" and "form" in self.open:
            page.mistakes.append("a form inside a form")
        if tag == "li" and self.open[-1] not in ("ul", "ol"):
            page.mistakes.append(f"<li> inside <{self.open[-1]}>")
        if tag in ("script", "style") and not found.get("src"):
            page.mistakes.append(f"<{tag}> inline")
        if "id" in found:
            page.ids.append(found["id"])
        self._note(tag, found)
        if tag not in VOID:
            self.open.append(tag)

    def _note(self, tag: str, found: dict[str, str]) -> None:
        page = self.page
        if tag == "html":
            page.language = found.get("lang", "")
        elif tag == "a":
            page.links.append(found.get("href", ""))
        elif tag == "label" and found.get("for"):
            page.labels.append(found["for"])
        elif tag in ("input", "select", "textarea") and "hidden" not in found:
            page.inputs.append(found)
        elif tag == "form":
            page.forms.append(found)
        elif tag in ("h1", "h2", "h3"):
            page.headings.append(tag)
        elif tag == "img" and "alt" not in found:
            page.mistakes.append("<img> without alt")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "svg" not in self.open:
            self.page.mistakes.append(f"<{tag}/> closes itself")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.page.mistakes.append(f"</{tag}> closes {self.open[-1:] or 'nothing'}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.page.text += data


def read_page(text: str) -> Page:
    """Reads a page; its `mistakes` are to be empty."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    page = reader.page
    if not text.startswith("<!doctype html>"):
        page.mistakes.append("no doctype at the beginning")
    if reader.open:
        page.mistakes.append(f"left open: {reader.open}")
    repeated = {one for one in page.ids if page.ids.count(one) > 1}
    if repeated:
        page.mistakes.append(f"ids repeat: {sorted(repeated)}")
    page.mistakes.extend(
        f"label for {name}, which is not there" for name in page.labels if name not in page.ids
    )
    named = {
        f.get("id", "") for f in page.inputs if f.get("type") not in ("hidden", "radio", "checkbox", "submit")
    }
    page.mistakes.extend(f"no label for {name or 'a field without id'}" for name in named - set(page.labels))
    if page.headings.count("h1") != 1:
        page.mistakes.append(f"{page.headings.count('h1')} h1")
    if "" in page.links:
        page.mistakes.append("a link without address")
    page.mistakes.extend(
        f"#{link[1:]} leads nowhere"
        for link in page.links
        if link.startswith("#") and link[1:] not in page.ids
    )
    return page
