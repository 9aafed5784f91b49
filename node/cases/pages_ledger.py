"""The service ledger (服务台账) of a day or a month, on screen and on paper."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from flask import render_template, request, url_for

from node.cases.pages_matter import CHANNEL_WORDS
from node.cases.service_ledger import ServiceLedger, read_period, service_ledger
from node.cases.staff_pages import Answer, context, pages
from node.cases.work_lines import status_tag
from node.catalogue.guide import HANDLING_WORDS
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ui.access import staff
from node.ui.wiring import use


@pages.get("/ledger/service", endpoint="service_ledger")
@staff("ledger.read")
def service_ledger_page() -> Answer:
    """The lines of a day (`?day=`) or a month (`?month=`), today when neither is given."""
    here, problem = context(), None
    day, month = request.args.get("day") or None, request.args.get("month") or None
    try:
        first, last = read_period(day, month, here.today())
    except Problem as refused:
        first = last = here.today()
        month, problem = None, refused
    stores = use(SqlDatabase)
    with use(Database).reading() as session:
        ledger = service_ledger(here, session, lambda inner: stores.within(inner).logs, first, last)
    page = render_template(
        "cases/service_ledger.html",
        ledger=ledger,
        is_month=month is not None,
        problem=problem,
        tag=status_tag,
        channels=CHANNEL_WORDS,
        handlings={str(name): words for name, words in HANDLING_WORDS.items()},
        before=_href(first - timedelta(days=1), by_month=month is not None),
        after=_href(last + timedelta(days=1), by_month=month is not None) if last < here.today() else "",
        whole_month=_href(first, by_month=True),
        per_day=_per_day(ledger) if month is not None else [],
    )
    return page if problem is None else (page, problem.status)


def _href(day: date, *, by_month: bool) -> str:
    if by_month:
        return url_for("cases.service_ledger", month=f"{day:%Y-%m}")
    return url_for("cases.service_ledger", day=day.isoformat())


def _per_day(ledger: ServiceLedger) -> list[tuple[date, int]]:
    return sorted(Counter(line.at.date() for line in ledger.lines).items())
