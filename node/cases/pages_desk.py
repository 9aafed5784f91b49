"""`/desk`: a village agent's day in four short lists; elsewhere the work list; and finding a matter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.citizens import find_by_code_alone
from node.cases.desk import (
    LISTS,
    count_list,
    count_offers,
    find_by_number,
    find_by_person,
    list_cases,
)
from node.cases.numbers import NumberError, parse_case_number, parse_query_code
from node.cases.problems import STATUS_WORDS
from node.cases.staff_pages import Answer, Tab, Words, context, pages
from node.cases.tables import CaseRow
from node.cases.work_lines import work_line
from node.catalogue.filling import narrow
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ui.access import staff
from node.ui.paging import asked
from node.ui.visit import go_to
from node.ui.wiring import use

SHORT = 5
"""Lines of each short list of the day."""
COUNTED = 1000
"""Beyond this many a list says "more than"; counting on would read the whole table."""
SEARCH_LIMIT = 50
DAY: Mapping[str, tuple[Words, Words]] = {
    "intake": (
        ("待收", "To take in"),
        (
            "群众在网上交来、或刚在本处登记的件会列在这里,受理或当场办结后离开。",
            "Matters handed in online or just registered stand here until they are accepted or settled.",
        ),
    ),
    "waiting": (
        ("待上送", "To send up"),
        (
            "收了材料、要由上级办理的件会列在这里,签好委托书就可以上送。",
            "Matters that a level above handles stand here; once the entrustment is signed, send them up.",
        ),
    ),
    "tell": (
        ("待告知", "To tell"),
        (
            "要群众补材料的件会列在这里,请在一个工作日内告知本人。",
            "Matters that need more papers stand here; tell the applicant within one working day.",
        ),
    ),
    "handover": (
        ("待送达", "To hand over"),
        (
            "结果已回到本处、群众还没有拿到的件会列在这里。",
            "Results that came back and that the applicant does not have yet stand here.",
        ),
    ),
}
TABS: Mapping[str, tuple[Words, Words]] = {
    "due": (
        ("待办", "To do"),
        (
            "本级没有在办的件。登记或接办后,快到期的排在最前。",
            "Nothing is open here. What is due first will stand on top.",
        ),
    ),
    "decide": (
        ("待决定", "To decide"),
        (
            "没有等待决定的件。开始审查后会列在这里。",
            "Nothing waits for a decision. Matters under review will stand here.",
        ),
    ),
    "return": (
        ("待送回", "To return"),
        (
            "没有要送回收件处的结果。出件后会列在这里。",
            "No result waits to go back to where it was handed in. Issued results will stand here.",
        ),
    ),
    "handover": (
        ("待送达", "To hand over"),
        ("没有等群众来领的结果。", "No result waits for its applicant."),
    ),
    "away": (
        ("在途与外级办理", "Away"),
        (
            "没有送往别处的件。上送后可以在这里跟踪。",
            "Nothing is with another office. What is sent off can be followed here.",
        ),
    ),
    "closed": (("已办结", "Closed"), ("还没有办结的件。", "Nothing is closed yet.")),
}
MORE: Mapping[str, tuple[Words, Words]] = {
    **DAY,
    "notice": (("待补正", "Awaiting papers"), ("没有等申请人补正的件。", "Nothing waits for its applicant.")),
    "working": (("正在办", "Under way"), ("没有正在办理的件。", "Nothing is under way.")),
}


@pages.get("/desk")
@staff("desk")
def desk() -> Answer:
    """The day of a village agent; the work list of a clerk; any list by `?list=`."""
    wanted = request.args.get("list", "")
    if wanted in LISTS and wanted in {**TABS, **MORE}:
        return _list_page(wanted)
    if context().level == "village":
        return _day_page()
    return _list_page("due")


@pages.get("/find")
@staff("desk")
def search() -> Answer:
    """The empty search: what can be looked for; what was asked stands in no address."""
    return render_template("cases/found.html", query="", lines=[], full=False)


@pages.post("/find")
@staff("desk")
def find() -> Answer:
    """Finds by case number, query code, identity number or USCC, phone, or exact name."""
    query = narrow(request.form.get("q", ""))[:80]
    if not query:
        return go_to(url_for("cases.search"))
    with use(Database).reading() as session:
        number = _as_number(query)
        found = find_by_number(session, number) if number else None
        if found is not None:
            return go_to(url_for("cases.matter", number=found.number))
        rows = [] if number else _found(session, query)
        lines = [work_line(context(), session, row, who=True) for row in rows]
    return render_template(
        "cases/found.html", query=query, lines=lines, full=len(lines) == SEARCH_LIMIT, tabs=tabs_of("")
    )


def tabs_of(current: str) -> list[Tab]:
    """The row of lists of a clerk, with counts."""
    with use(Database).reading() as session:
        counts = {name: count_list(context(), session, name, COUNTED) for name in TABS if name != "closed"}
        offers = count_offers(session, COUNTED)
    made = [
        Tab(name, words, url_for("cases.desk", list=name), counts.get(name), name == current)
        for name, (words, _) in TABS.items()
    ]
    inbox = Tab("offers", ("待接办", "Offers"), url_for("cases.offers"), offers, current == "offers")
    return [made[0], inbox, *made[1:]]


def _day_page() -> str:
    here = context()
    with use(Database).reading() as session:
        parts = [_short(session, name, *DAY[name]) for name in DAY]
        working = _short(session, "working", *MORE["working"])
        offers, away = count_offers(session, COUNTED), count_list(here, session, "away", COUNTED)
        following = _next_due(session)
    return render_template(
        "cases/day.html", parts=parts, working=working, offers=offers, away=away, following=following
    )


def _short(session: Session, name: str, words: Words, none: Words) -> dict[str, Any]:
    here = context()
    rows = list_cases(here, session, name, limit=SHORT).rows
    return {
        "name": name,
        "words": words,
        "none": none,
        "lines": [work_line(here, session, row) for row in rows],
        "count": count_list(here, session, name, COUNTED),
        "href": url_for("cases.desk", list=name),
    }


def _next_due(session: Session) -> date | None:
    rows = list_cases(context(), session, "due", limit=1).rows
    return rows[0].due_on if rows else None


def _list_page(name: str) -> str:
    where, status = asked(50), request.args.get("status", "")
    words, nothing = {**MORE, **TABS}[name]
    with use(Database).reading() as session:
        page = list_cases(
            context(),
            session,
            name,
            status=status if status in STATUS_WORDS else None,
            cursor=where.cursor,
            limit=where.limit,
        )
        lines = [work_line(context(), session, row) for row in page.rows]
        total = count_list(context(), session, name, COUNTED) if name != "closed" and not status else None
    return render_template(
        "cases/work_list.html",
        name=name,
        words=words,
        nothing=nothing,
        lines=lines,
        total=total if total is not None and total < COUNTED else None,
        page=page,
        first=where.cursor is None,
        status=status,
        statuses=[(value, one) for value, one in STATUS_WORDS.items() if value != "DRAFT"],
        tabs=tabs_of(name),
        is_village=context().level == "village",
    )


def _as_number(query: str) -> str:
    try:
        return parse_case_number(query)
    except NumberError:
        return ""


def _found(session: Session, query: str) -> list[CaseRow]:
    compact = re.sub(r"[\s-]", "", query).upper()
    here = context()
    try:
        parse_query_code(compact)
        return [find_by_code_alone(here, session, compact)]
    except (NumberError, Problem):
        pass
    kinds = ["name"]
    if re.fullmatch("[0-9A-Z]{15,18}", compact):
        kinds = ["id"]
    elif re.fullmatch("[0-9]{5,12}", compact):
        kinds = ["phone", "id"]
    for kind in kinds:
        value = query if kind == "name" else compact
        rows = find_by_person(here, session, kind, value, SEARCH_LIMIT)
        if rows:
            return rows
    return _by_landline(session, query) if kinds[0] == "phone" else []


def _by_landline(session: Session, query: str) -> list[CaseRow]:
    """A landline is kept as it was typed, hyphen and all."""
    wanted = context().blind("phone", query.replace(" ", ""))
    return list(session.scalars(select(CaseRow).where(CaseRow.phone_index == wanted).limit(SEARCH_LIMIT)))
