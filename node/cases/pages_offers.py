"""The inbox: offers made to this node that the machine left to a person. Taking and declining, once."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.api import denials_recorded
from node.cases.custody import Reason
from node.cases.desk import list_offers
from node.cases.pages_desk import tabs_of
from node.cases.sending_problems import offer_unknown
from node.cases.staff_pages import Answer, Words, context, pages, typed, worker
from node.cases.tables import CaseOfferRow
from node.cases.taking import decline_by_person, take_by_person
from node.cases.view import plain_offer
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ui.access import staff
from node.ui.paging import asked
from node.ui.templating import say
from node.ui.visit import go_to, say_next
from node.ui.wiring import use

DOUBT_WORDS: dict[str, Words] = {
    "missing": ("缺必要材料", "required papers are missing"),
    "not_competent": ("可能不属于本级职权", "perhaps not ours to decide"),
    "not_in_force": ("本级目录没有这个事项版本", "this version of the item is not in the catalogue here"),
    "sealed": ("密封的材料还没有到", "the sealed part has not arrived"),
}
"""Why the machine left an offer to a person."""
REASONS: dict[str, Words] = {
    "missing": ("缺材料(这就是本级的一次性告知)", "Papers are missing (this is our one-time notice)"),
    "not_competent": ("不属于本级职权", "Not ours to decide"),
    "not_in_force": ("事项版本未生效", "The item's version is not in force here"),
}
MODE_WORDS: dict[str, Words] = {
    "proxy": ("代办上送", "carried by an agent"),
    "referral": ("初审后上报", "referred after a first review"),
    "handover": ("转送", "passed on"),
}


@pages.get("/offers")
@staff("desk")
def offers() -> Answer:
    """Offers that wait for a person, the longest stored first."""
    where = asked(50)
    with use(Database).reading() as session:
        page = list_offers(session, cursor=where.cursor, limit=where.limit)
        lines = [_line(session, row) for row in page.rows]
    return render_template(
        "cases/offers.html", lines=lines, page=page, first=where.cursor is None, tabs=tabs_of("offers")
    )


@pages.get("/offers/<offer>")
@staff("desk")
def offer(offer: str) -> Answer:
    """One offer: what is doubted, and the two answers."""
    with use(Database).reading() as session:
        return _offer_page(session, offer)


@pages.post("/offers/<offer>/take")
@staff("desk")
def take_offer(offer: str) -> Answer:
    """Takes the matter: from now on it is held here."""
    try:
        with denials_recorded(), use(Database).transaction() as session:
            number = take_by_person(context(), session, offer, worker()).number
    except Problem as problem:
        return _refused(offer, problem)
    say_next(
        "已接办。审查期限从收到之日起算。", "Taken. The check's clock runs from the day it was stored here."
    )
    return go_to(url_for("cases.matter", number=number))


@pages.post("/offers/<offer>/decline")
@staff("desk")
def decline_offer(offer: str) -> Answer:
    """Declines it."""
    reason, missing = typed("reason"), request.form.getlist("missing")
    try:
        if reason not in REASONS:
            reason = "missing"
        with denials_recorded(), use(Database).transaction() as session:
            decline_by_person(context(), session, offer, worker(), Reason(reason), missing)
    except Problem as problem:
        return _refused(offer, problem)
    say_next("已退回,对方会告知申请人。", "Declined; the other office tells the applicant.")
    return go_to(url_for("cases.offers"))


def _refused(offer: str, problem: Problem) -> Answer:
    if problem.status in (403, 404) or problem.code == "offer-answered":
        raise problem
    with use(Database).reading() as session:
        return _offer_page(session, offer, problem), problem.status


def _line(session: Session, row: CaseOfferRow) -> dict[str, Any]:
    plain = plain_offer(context(), session, row)
    stored = row.stored_at
    meta = [
        say((f"来自{plain['from_name']}", f"From {plain['from_name']}")),
        say(MODE_WORDS.get(row.mode, ("", ""))),
    ]
    return {
        "href": url_for("cases.offer", offer=row.id),
        "title": say(plain["item_name"]),
        "number": plain["number"],
        "tag": ("soon", say(DOUBT_WORDS.get(row.doubt, ("待接办", "waiting")))),
        "clock": None,
        "paused": "",
        "meta": [text for text in meta if text],
        "stored": stored,
    }


def _offer_page(session: Session, offer: str, problem: Problem | None = None) -> str:
    row = session.scalars(
        select(CaseOfferRow).where(CaseOfferRow.id == offer, CaseOfferRow.direction == "in")
    ).one_or_none()
    if row is None:
        raise offer_unknown(offer)
    plain = plain_offer(context(), session, row)
    version = context().version(session, str((row.open_data or {}).get("item_version", "")))
    present = set((row.package or {}).get("materials", []))
    missing = request.form.getlist("missing") if problem is not None else list(row.missing)
    return render_template(
        "cases/offer.html",
        row=row,
        plain=plain,
        version=version,
        materials=[(one, one.id in present) for one in version.materials] if version is not None else [],
        options=[(one.id, one.name, "") for one in version.materials] if version is not None else [],
        missing=missing,
        problem=problem,
        doubt=DOUBT_WORDS.get(row.doubt),
        mode=MODE_WORDS.get(row.mode, ("", "")),
        reasons=list(REASONS.items()),
        reason=typed("reason") or (row.doubt if row.doubt in REASONS else "missing"),
        waiting=row.state == "WAITING",
        known=bool(row.package),
    )
