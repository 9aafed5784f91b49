"""What every template knows: `t`, the words of `words`, the frame of the page."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, request, url_for
from jinja2 import StrictUndefined
from markupsafe import Markup

from node.kernel.clock import local_date
from node.ui import words
from node.ui.access import MARK, Kind, allowed, viewer
from node.ui.assets import asset_url
from node.ui.parts import Banner, Kit, RailEntry, SearchBox
from node.ui.qr import qr_svg
from node.ui.visit import is_large, language
from node.ui.wiring import use


def install_templating(app: Flask) -> None:
    """Adds globals and filters; an undefined name in a template is an error."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        t=t,
        say=say,
        asset=asset_url,
        allowed=allowed,
        today=today,
        now=lambda: use(Kit).clock.now(),
        with_args=with_args,
        clock_words=lambda left, due: words.clock_words(left, due, language(), today()),
        clock_shape=words.clock_shape,
        english=lambda: language() == "en",
        qr=qr_svg,
    )
    app.jinja_env.filters.update(
        day=lambda value: words.day_words(value, language(), today()),
        moment=lambda value: words.moment_words(value, language(), use(Kit).clock.now()),
        iso=_iso,
        level=lambda value: words.level_words(value, language()),
        number=words.number_words,
        yuan=lambda value: words.yuan_words(value, language()),
        size=words.bytes_words,
        span=lambda value: words.span_words(value, language()),
        grouped=words.grouped,
        breakable=breakable,
        zh=zh,
    )
    app.context_processor(_frame)
    app.jinja_env.globals["c"] = app.jinja_env.get_template("ui/components.html").module


def t(zh: str, en: str) -> str:
    """The text in the language of this request."""
    return en if language() == "en" else zh


def say(pair: Any) -> str:
    """The half of a (zh, en) pair, `Problem` or `{zh, en}` that this request wants."""
    return words.say_in(language(), pair)


def today() -> date:
    """The local day of this request."""
    return local_date(use(Kit).clock.now())


def with_args(**changed: Any) -> str:
    """The address of this page with some query arguments changed; None or "" takes one away."""
    arguments = {key: value for key, value in request.args.items() if key not in changed}
    arguments |= {key: str(value) for key, value in changed.items() if value not in (None, "")}
    query = urlencode(arguments)
    return f"{request.path}?{query}" if query else request.path


def breakable(text: str) -> Markup:
    """Long names of Latin letters and digits may break after punctuation."""
    return Markup("<wbr>").join(Markup.escape(part) for part in re.split(r"(?<=[/_.\-])", text))


def zh(text: Any) -> Any:
    """Words that exist in Chinese only (papers, laws, places), marked as such in the English view (WCAG 3.1.2)."""
    if language() != "en" or not text:
        return text
    return Markup('<span lang="zh-CN">{}</span>').format(text)


def _iso(value: date | datetime) -> str:
    return value.isoformat()


def _frame() -> dict[str, Any]:
    """What `layout.html` is drawn from; staff pages have a rail, public pages a short menu."""
    kit = use(Kit)
    person = viewer()
    inside = _is_inside()
    entries = [
        entry
        for part in kit.parts
        for entry in (part.rail if inside else part.menu)
        if entry.endpoint in current_app.view_functions
    ]
    return {
        "kit": kit.settings,
        "lang": "en" if language() == "en" else "zh-CN",
        "large": is_large(),
        "viewer": person,
        "inside": inside,
        "masthead": kit.masthead(),
        "rail": [_link(entry) for entry in sorted(entries, key=lambda one: one.order) if _may_see(entry)],
        "search": _search(kit, inside),
        "sign_in_url": _url_if_served(kit.gate.sign_in_endpoint),
        "account_url": _url_if_served(kit.gate.account_endpoint),
        "sign_out_url": _url_if_served(kit.gate.sign_out_endpoint),
        "banners": _banners(kit) if person is not None and inside else [],
        "here": request.full_path.rstrip("?") if request.method == "GET" else request.path,
    }


def _url_if_served(endpoint: str) -> str:
    return url_for(endpoint) if endpoint in current_app.view_functions else ""


def _is_inside() -> bool:
    """Whether this page is one of staff: by its mark, else by who asks."""
    forced = g.get("inside")
    if forced is not None:
        return bool(forced)
    endpoint = request.endpoint
    if endpoint is None:
        return False
    access = getattr(current_app.view_functions.get(endpoint), MARK, None)
    return access is not None and access.kind is Kind.STAFF and viewer() is not None


def _may_see(entry: RailEntry) -> bool:
    return allowed(*entry.acts) if _is_inside() else True


def _link(entry: RailEntry) -> dict[str, Any]:
    path = url_for(entry.endpoint)
    current = request.path == path or (path != "/" and request.path.startswith(f"{path}/"))
    return {"href": path, "text": t(entry.zh, entry.en), "current": current}


def _search(kit: Kit, inside: bool) -> SearchBox | None:
    for part in kit.parts:
        box = part.staff_search if inside else part.public_search
        if box is not None and box.endpoint in current_app.view_functions and _may_open(box.endpoint):
            return box
    return None


def _may_open(endpoint: str) -> bool:
    """Whether a staff page is open to the person of this request; other pages are open to all."""
    access = getattr(current_app.view_functions[endpoint], MARK, None)
    return access is None or access.kind is not Kind.STAFF or allowed(*access.acts)


def _banners(kit: Kit) -> list[Banner]:
    made = [make() for part in kit.parts for make in part.banners]
    return [banner for banner in made if banner is not None]
