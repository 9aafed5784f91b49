"""The slip on paper: 80 mm and A5, printed by the browser; the first print is free, a later one is recorded."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from node.cases.act_pages import ACT_PAGES, main_act
from node.cases.acts import possible_acts_of
from node.cases.change import find_case, require_version
from node.cases.facts import record_fact
from node.cases.problems import slip_elsewhere
from node.cases.slip import FOOT, NOT_WITNESSED, Slip, slip_of
from node.cases.staff_pages import Answer, context, pages, typed, worker
from node.cases.tables import CaseRow
from node.cases.workers import authorize
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ledger.proofs import LedgerProofs
from node.ui.access import staff
from node.ui.templating import t
from node.ui.visit import go_to
from node.ui.wiring import use

FRESH = timedelta(minutes=30)
"""As long as this after the registration the slip is the one being handed out, not a reprint."""
SIZES = ("80", "a5")


@pages.get("/matters/<number>/registered")
@staff("desk")
def registered(number: str) -> Answer:
    """Just registered: the slip, and what comes next."""
    with use(Database).reading() as session:
        case = find_case(session, number)
        if not _is_fresh(case):
            return go_to(url_for("cases.matter", number=case.number))
        acts = possible_acts_of(context(), session, case, worker())
        slip = slip_of(context(), session, case)
        first = main_act(acts, something_missing=bool(slip.missing))
        return render_template(
            "cases/registered.html",
            case=case,
            slip=slip,
            witnessed=_is_witnessed(session, case),
            foot=FOOT,
            not_witnessed=NOT_WITNESSED,
            first_act=first,
            act_pages=ACT_PAGES,
            item_code=case.item_code,
        )


@pages.get("/matters/<number>/slip")
@staff("desk")
def slip(number: str) -> Answer:
    """The slip for printing; once it is no longer new, asks first, for a reprint is recorded."""
    with use(Database).reading() as session:
        case = find_case(session, number)
        _require_own(case)
        if not _is_fresh(case):
            return _ask_reprint(case)
        return _slip_page(session, case)


@pages.post("/matters/<number>/slip")
@staff("desk")
def reprint(number: str) -> Answer:
    """Prints it again: a fact of the ledger."""
    with use(Database).transaction() as session:
        case = find_case(session, number, lock=True)
        _require_own(case)
        acting = authorize(worker(), "unmask", case, require_version(context(), session, case))
        record_fact(context(), session, case, "case.slip_reprinted", acting, reason="print")
        return _slip_page(session, case)


def _is_fresh(case: CaseRow) -> bool:
    return case.home == context().code and context().now() - case.registered_at <= FRESH


def _require_own(case: CaseRow) -> None:
    """Only where it was registered is its query code known."""
    if case.home != context().code:
        raise slip_elsewhere(case.number)


def _is_witnessed(session: Session, case: CaseRow) -> bool:
    try:
        return use(LedgerProofs).of_fact(session, case.registered_fact).is_witnessed
    except Problem:
        return False


def _size() -> str:
    wanted = request.args.get("size") or typed("size")
    return wanted if wanted in SIZES else SIZES[0]


def _ask_reprint(case: CaseRow) -> str:
    return render_template(
        "ui/confirm.html",
        title=t("补打凭证", "Print the slip again"),
        question=t("补打这一件的收件凭证?", "Print the slip of this matter again?"),
        effects=[
            t(
                "凭证上有查询码,请只交给申请人本人或其代理人。",
                "It bears the query code: give it to the applicant or agent only.",
            ),
            t("补打会记入台账:谁、何时。", "A reprint is recorded: who and when."),
        ],
        fields={"size": _size()},
        to=url_for("cases.reprint", number=case.number),
        verb=t("补打", "Print again"),
        back=url_for("cases.matter", number=case.number),
    )


def _slip_page(session: Session, case: CaseRow) -> str:
    made: Slip = slip_of(context(), session, case)
    return render_template(
        "cases/slip.html",
        case=case,
        slip=made,
        size=_size(),
        witnessed=_is_witnessed(session, case),
        foot=FOOT,
        not_witnessed=NOT_WITNESSED,
        fresh=_is_fresh(case),
    )
