"""The acts on a matter: one page each, a form or a question; doing it; and what to say when another was quicker.

A form remembers the matter as it was shown (`mark`). When somebody acted since, nothing is done and the page says who
did what. Source: ui.md "conflict"; architecture decision 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from node.cases.act_pages import ACT_PAGES, DELIVERED_BY, PURPOSES
from node.cases.acts import do_act
from node.cases.api import denials_recorded
from node.cases.change import find_case
from node.cases.destinations import destinations_of
from node.cases.matter import MatterPage, mark_of, matter_page, what_happened
from node.cases.pages_matter import draw_matter
from node.cases.problems import criteria_unchecked, unknown_act
from node.cases.staff_pages import Answer, Words, context, pages, typed, worker
from node.cases.tables import CaseRow
from node.cases.workers import matter_of
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ui.access import staff
from node.ui.templating import say
from node.ui.visit import go_to, say_next
from node.ui.wiring import use

FIELD_OF = {"missing-unnamed": {"give_notice": "missing", "resupply": "materials"}}
"""Refusals that name no field, by act → the field they are about."""
CODE_FIELDS = {
    "entrustment-missing": "entrustment_signed",
    "destination-missing": "destination",
    "destination-wrong": "destination",
    "outside-decision-missing": "outside.reference",
    "criteria-unchecked": "criteria",
}
OUTWARD = frozenset({403, 404})
"""Refusals with a page of their own."""


class _ConflictError(Exception):
    """Somebody acted since the form was made."""


@pages.get("/matters/<number>/acts/<act>")
@staff("desk")
def ask(number: str, act: str) -> Answer:
    """The page of an act."""
    if act not in ACT_PAGES:
        raise unknown_act(act)
    with use(Database).reading() as session:
        page = matter_page(context(), session, find_case(session, number), worker())
        if act not in page.acts:
            say_next(*_why_not(page, act), "soon")
            return go_to(url_for("cases.matter", number=page.case.number))
        return _act_page(session, page, act, {"missing": [one["id"] for one in page.missing]})


@pages.post("/matters/<number>/acts/<act>")
@staff("desk")
def do(number: str, act: str) -> Answer:
    """Does it."""
    if act not in ACT_PAGES:
        raise unknown_act(act)
    try:
        with denials_recorded(), use(Database).transaction() as session:
            case = find_case(session, number, lock=True)
            if typed("mark") != mark_of(case):
                raise _ConflictError
            _check_criteria(session, case, act)
            done = do_act(context(), session, number, act, worker(), read_body(act))
            if done.shown is not None:
                page = matter_page(context(), session, case, worker())
                return draw_matter(session, page, shown=done.shown)
    except _ConflictError:
        return _conflict_page(number)
    except Problem as problem:
        if problem.status in OUTWARD:
            raise
        return _refused(number, act, problem), problem.status
    words = ACT_PAGES[act].done
    if not done.done:
        words = ("已告知承办单位,等对方办理。", "The office that holds it was asked; waiting for it.")
    say_next(*words)
    return go_to(url_for("cases.matter", number=number))


def read_body(act: str) -> dict[str, Any]:
    """What the form says, in the shape `do_act` takes."""
    body: dict[str, Any] = {
        name: typed(name) for name in ("text", "opinion", "grounds", "basis", "competent")
    }
    body |= {name: typed(name) for name in ("organ", "reference", "by", "purpose", "destination")}
    body["missing"] = request.form.getlist("missing")
    body["materials"] = request.form.getlist("materials")
    body["entrustment_signed"] = typed("entrustment_signed") == "yes"
    if typed("outside.reference") or typed("outside.decided_on"):
        body["outside"] = {
            "reference": typed("outside.reference"),
            "decided_on": typed("outside.decided_on"),
        }
    return body


def _check_criteria(session: Session, case: CaseRow, act: str) -> None:
    """C7: whoever grants ticks each published criterion."""
    if "criteria" not in ACT_PAGES[act].fields:
        return
    version = context().version(session, case.item_version)
    wanted = {str(place) for place in range(len(version.conditions))} if version is not None else set()
    if not wanted <= set(request.form.getlist("criteria")):
        raise criteria_unchecked()


def _act_page(
    session: Session, page: MatterPage, act: str, values: Mapping[str, Any], problem: Problem | None = None
) -> str:
    what = ACT_PAGES[act]
    errors = _errors(act, problem) if problem is not None else []
    verb = what.verb
    if act == "offer":
        verb = _offer_verb(page)
    return render_template(
        "cases/act.html",
        page=page,
        case=page.case,
        version=page.version,
        act=act,
        what=what,
        verb=verb,
        values=values,
        problem=problem,
        errors=errors,
        wrong={error["field"]: say(error) for error in errors},
        report=(page.case.personal or {}).get("negative"),
        purposes=PURPOSES,
        delivered_by=DELIVERED_BY,
        criteria=[(str(place), text, "") for place, text in enumerate(page.version.conditions)],
        receiver=_receiver(session, page) if act == "offer" else "",
        destinations=_destinations(session, page) if act == "offer" else [],
        needs_paper=act == "offer" and page.case.entrustment == "ENTRUSTED",
        home_name=context().name_of(session, page.case.home),
    )


def _offer_verb(page: MatterPage) -> Words:
    if page.desk.reviews:
        return ("上报", "Refer upward")
    return ("送往下级", "Send down") if page.desk.leads_down(context().level) else ("上送", "Send up")


def _receiver(session: Session, page: MatterPage) -> str:
    if page.desk.next_level is None or page.desk.leads_down(context().level):
        return ""
    code = context().ancestor_at(session, page.desk.next_level)
    return context().name_of(session, code) if code is not None else ""


def _destinations(session: Session, page: MatterPage) -> list[tuple[str, str]]:
    if page.desk.next_level is None or not page.desk.leads_down(context().level):
        return []
    return destinations_of(use(SqlDatabase).within(session).members, page.desk.next_level)


def _refused(number: str, act: str, problem: Problem) -> str:
    values: dict[str, Any] = dict(request.form)
    for name in ("missing", "materials", "criteria"):
        values[name] = request.form.getlist(name)
    with use(Database).reading() as session:
        page = matter_page(context(), session, find_case(session, number), worker())
        return _act_page(session, page, act, values, problem)


def _errors(act: str, problem: Problem) -> list[dict[str, str]]:
    field = problem.members.get("field") or CODE_FIELDS.get(problem.code)
    field = field or FIELD_OF.get(problem.code, {}).get(act)
    return [{"field": str(field), "zh": problem.zh, "en": problem.en}] if field else []


def _why_not(page: MatterPage, act: str) -> Words:
    authority = worker().authority
    if authority is not None and page.holder.here:
        decision = authority(act, matter_of(page.case, page.version))
        if not decision.allowed:
            return decision.zh, decision.en
    return (
        "现在不能办这一步:此件的状态已经变了,可办的见页面上的按钮。",
        "This step is not possible now: the matter has moved on; see the buttons on its page.",
    )


def _conflict_page(number: str) -> Answer:
    with use(Database).reading() as session:
        case = find_case(session, number)
        at, words = what_happened(context(), session, case, typed("mark"))
        return render_template("cases/conflict.html", case=case, at=at, words=words), 409
