"""Pages of the catalogue: items and guides for citizens; the versions in force and their import for an operator."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from node.catalogue.api import api
from node.catalogue.guide import HANDLING_WORDS, SUBJECT_WORDS, guide_of, material_words, theme_words
from node.catalogue.problems import effective_form, file_missing
from node.catalogue.service import (
    ItemFilter,
    history,
    import_catalogue,
    list_imports,
    list_items,
    require_in_force,
    shipped_catalogue,
    themes,
)
from node.kernel.clock import local_date
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.people.actors import serving_today
from node.ui.access import public, staff
from node.ui.paging import asked
from node.ui.panels import panels_for
from node.ui.parts import Kit, RailEntry, SearchBox, WebPart
from node.ui.visit import go_to, say_next
from node.ui.wiring import use

pages = Blueprint("catalogue", __name__, template_folder="templates")
public_pages = Blueprint("catalogue_public", __name__, template_folder="templates")
part = WebPart(
    public=(public_pages,),
    staff=(pages,),
    api=(api,),
    rail=(RailEntry("catalogue.versions", "事项目录", "Catalogue", ("catalogue.read",), order=80),),
    menu=(RailEntry("catalogue_public.items", "事项目录", "All items", order=20),),
    public_search=SearchBox("catalogue_public.items", "想办什么事", "What do you need"),
)
Answer = str | Response | tuple[str, int]


@public_pages.get("/items")
@public
def items() -> str:
    """All items, by search, theme, and who asks."""
    return render_template("catalogue/items.html", **_listed())


@public_pages.get("/items/<code>")
@public
def guide(code: str) -> str:
    """The guide of an item."""
    return render_template("catalogue/guide_page.html", **_guide(code))


@pages.get("/catalogue")
@staff("catalogue.read")
def versions() -> str:
    """What is in force, what was imported, and the import itself."""
    return _versions_page()


@pages.get("/catalogue/<code>")
@staff("catalogue.read", "desk")
def version(code: str) -> str:
    """An item as staff see it: the guide, and which versions stood when."""
    shown = _guide(code)
    with use(Database).reading() as session:
        shown["history"] = history(session, code)
    return render_template("catalogue/version_page.html", **shown)


@pages.post("/catalogue/import")
@staff("catalogue.import")
def import_file() -> Answer:
    """Imports a file, or the catalogue that comes with the program; all of it or nothing."""
    try:
        text, on = _read_upload()
        with use(Database).transaction() as session:
            done = import_catalogue(session, text, use(Kit).clock, on)
    except Problem as problem:
        return _versions_page(problem), problem.status
    say_next(
        f"已导入:新增 {done.added} 项,修改 {done.changed} 项,取消 {done.cancelled} 项,未变 {done.unchanged} 项。",
        f"Imported: {done.added} added, {done.changed} changed, {done.cancelled} cancelled, {done.unchanged} unchanged.",
    )
    return go_to(url_for("catalogue.versions"))


def _read_upload() -> tuple[str, date | None]:
    day = request.form.get("effective_on", "")
    try:
        on = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise effective_form(day) from error
    if request.form.get("source") == "shipped":
        return shipped_catalogue(), on
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise file_missing()
    return upload.read().decode("utf-8", errors="replace"), on


def _today() -> date:
    return local_date(use(Kit).clock.now())


def _listed(limit: int = 20) -> dict[str, Any]:
    """The items a list page shows, and the words of its filters."""
    chosen = {key: request.args.get(key, "") for key in ("q", "theme", "handling", "subject", "here")}
    level, where, today = use(Kit).masthead().level, asked(limit), _today()
    wanted = ItemFilter(
        chosen["q"][:80],
        level if chosen["here"] else None,
        chosen["theme"] or None,
        chosen["handling"] or None,
        chosen["subject"] or None,
    )
    with use(Database).reading() as session:
        page = list_items(session, today, wanted, where.cursor, where.limit)
        counted = themes(session, today, level if chosen["here"] else None)
    return {
        "page": page,
        "chosen": chosen,
        "first": where.cursor is None,
        "lines": [guide_of(one, level) for one in page.lines],
        "themes": [(theme, theme_words(theme), count) for theme, count in counted.items()],
        "handlings": [(str(one), words) for one, words in HANDLING_WORDS.items()],
        "subjects": list(SUBJECT_WORDS.items()),
    }


def _guide(code: str) -> dict[str, Any]:
    level, today = use(Kit).masthead().level, _today()
    with use(Database).reading() as session:
        found = require_in_force(session, code, today)
        serving = [one for one in serving_today(session, today) if one.holder]
    return {
        "guide": guide_of(found, level),
        "item": found,
        "serving": serving,
        "material_words": material_words,
        "panels": panels_for("guide", found),
    }


def _versions_page(problem: Problem | None = None) -> str:
    with use(Database).reading() as session:
        imports = list_imports(session, 5)
    breaches = problem.members.get("breaches", []) if problem is not None else []
    return render_template(
        "catalogue/versions.html", imports=imports, problem=problem, breaches=breaches, **_listed(30)
    )
