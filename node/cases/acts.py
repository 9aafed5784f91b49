"""Every act a person can do on a matter, by name: the one door of API and pages.

`do_act` runs inside the caller's transaction; `possible_acts_of` says what a page may offer. What an act needs beyond the
matter comes as plain values (`body`), checked here. Source: requirements.md §4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from node.cases.change import find_case, judge, perform, require_version
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.deciding import (
    OutsideDecision,
    accept,
    confirm_negative,
    forward_outside,
    grant,
    pre_review,
    propose_negative,
    send_back,
    settle,
)
from node.cases.facts import record_fact
from node.cases.handover import OFFERABLE, RETURNABLE, offer, return_result
from node.cases.problems import text_missing, unknown_act
from node.cases.routes import OUTSIDE, Desk, desk_for
from node.cases.states import BEFORE_DECISION, Act, Status, possible_acts
from node.cases.supplements import give_notice, resupply, withdraw
from node.cases.tables import CaseOfferRow, CaseRow
from node.cases.workers import Worker, authorize
from node.catalogue.rules import Handling, ItemVersion
from node.kernel.problems import Problem

UNMASK_PURPOSES = ("contact", "verify", "print", "handle")
"""Why personal data is shown in full; goes into the fact (requirements.md §2.8)."""


@dataclass(frozen=True, slots=True)
class ActDone:
    """What an act did.

    Attributes:
        offer: where it made one.
        done: False when it was only asked for at the custodian.
        shown: personal values in full, of `unmask` only.
    """

    case: CaseRow
    offer: CaseOfferRow | None = None
    done: bool = True
    shown: Mapping[str, Any] | None = None


Body = Mapping[str, Any]
Doing = Callable[[CaseContext, Session, CaseRow, Worker, Body], ActDone]


def do_act(
    context: CaseContext, session: Session, number: str, act: str, worker: Worker, body: Body
) -> ActDone:
    """Does one act on a matter.

    Args:
        number: case number, or id.
        act: a key of `ACTS`.
        body: what the act needs; see the functions it calls.

    Raises:
        Problem: `act-unknown`, `case-unknown`, or what the act refuses.
    """
    doing = ACTS.get(act)
    if doing is None:
        raise unknown_act(act)
    return doing(context, session, find_case(session, number, lock=True), worker, body)


def _simple(act: Act) -> Doing:
    def doing(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
        content = {"by": str(body["by"])[:200]} if body.get("by") else None
        perform(context, session, case, act, worker, content=content)
        return ActDone(case)

    return doing


def _settle(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    settle(context, session, case, worker, _text(body, "text"))
    return ActDone(case)


def _accept(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    accept(context, session, case, worker)
    return ActDone(case)


def _notice(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    give_notice(context, session, case, worker, _list(body, "missing"))
    return ActDone(case)


def _resupply(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    return ActDone(case, done=resupply(context, session, case, worker, _list(body, "materials")))


def _pre_review(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    pre_review(context, session, case, worker, _text(body, "opinion"))
    return ActDone(case)


def _outside(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    forward_outside(context, session, case, worker, _text(body, "organ"), _text(body, "reference"))
    return ActDone(case)


def _grant(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    grant(context, session, case, worker, text=_text(body, "text"), outside=_outside_decision(body))
    return ActDone(case)


def _propose(act: Act) -> Doing:
    def doing(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
        propose_negative(context, session, case, act, worker, _text(body, "grounds"), _text(body, "basis"))
        return ActDone(case)

    return doing


def _confirm(act: Act) -> Doing:
    def doing(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
        confirm_negative(context, session, case, act, worker, _outside_decision(body))
        return ActDone(case)

    return doing


def _send_back(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    send_back(context, session, case, worker, _text(body, "competent"))
    return ActDone(case)


def _withdraw(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    return ActDone(case, done=withdraw(context, session, case, worker))


def _offer(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    signed = body.get("entrustment_signed") is True
    row = offer(
        context,
        session,
        case,
        worker,
        entrustment_signed=signed,
        destination=_text(body, "destination") or None,
    )
    return ActDone(case, row)


def _return(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    return ActDone(case, return_result(context, session, case, worker))


def _unmask(context: CaseContext, session: Session, case: CaseRow, worker: Worker, body: Body) -> ActDone:
    purpose = _text(body, "purpose")
    if purpose not in UNMASK_PURPOSES:
        raise text_missing(
            "purpose", "查看完整信息的目的(联系、核对、打印、办理)", "why (contact, verify, print, handle)"
        )
    acting = authorize(worker, "unmask", case, require_version(context, session, case))
    record_fact(context, session, case, "case.unmasked", acting, reason=purpose)
    personal = case.personal or {}
    shown = {"applicant": personal.get("applicant", {}), "form": personal.get("form", {})}
    return ActDone(case, shown=shown)


ACTS: Mapping[str, Doing] = {
    "settle": _settle,
    "give_notice": _notice,
    "resupply": _resupply,
    "accept": _accept,
    "start_review": _simple(Act.START_REVIEW),
    "pre_review": _pre_review,
    "forward_outside": _outside,
    "grant": _grant,
    "propose_refusal": _propose(Act.PROPOSE_REFUSAL),
    "confirm_refusal": _confirm(Act.CONFIRM_REFUSAL),
    "drop_refusal": _simple(Act.DROP_REFUSAL),
    "propose_non_acceptance": _propose(Act.PROPOSE_NON_ACCEPTANCE),
    "confirm_non_acceptance": _confirm(Act.CONFIRM_NON_ACCEPTANCE),
    "drop_non_acceptance": _simple(Act.DROP_NON_ACCEPTANCE),
    "send_back": _send_back,
    "issue": _simple(Act.ISSUE),
    "deliver": _simple(Act.DELIVER),
    "close": _simple(Act.CLOSE),
    "withdraw": _withdraw,
    "offer": _offer,
    "return": _return,
    "unmask": _unmask,
}
"""Name of an act → what it does."""


def possible_acts_of(context: CaseContext, session: Session, case: CaseRow, worker: Worker) -> list[str]:
    """The acts this worker may do now, in the order of `ACTS`; what a page shows as buttons."""
    version = require_version(context, session, case)
    desk = desk_for(version, context.level)
    here = case.custodian == context.code and case.custody_state == Custody.HERE
    found = set(_custody_acts(context, case, worker, version, desk, here))
    if here:
        for act in possible_acts(Status(case.status), worker.letters, case.pending):
            if act.value in ACTS and _may(session, context, case, act, worker, version):
                found.add(act.value)
        if desk.decides and version.handling is Handling.IMMEDIATE and {"accept"} <= found:
            found.add("settle")
            if not _allowed(worker, "grant", case, version):
                found.discard("settle")
    return [act for act in ACTS if act in found]


def _custody_acts(
    context: CaseContext, case: CaseRow, worker: Worker, version: ItemVersion, desk: Desk, here: bool
) -> Sequence[str]:
    status, at_home = Status(case.status), case.home == context.code
    wanted: list[tuple[str, str, bool]] = [
        (
            "offer",
            "offer",
            here
            and desk.next_level is not None
            and status in OFFERABLE
            and (not desk.reviews or case.pre_reviewed),
        ),
        ("return", "offer", here and not at_home and status in RETURNABLE),
        (
            "pre_review",
            "pre_review",
            here and desk.reviews and status is Status.IN_REVIEW and not case.pre_reviewed,
        ),
        (
            "forward_outside",
            "offer",
            here
            and desk.decides
            and version.deciding_level == OUTSIDE
            and status is Status.IN_REVIEW
            and case.outside is None,
        ),
        ("withdraw", "withdraw", (here or at_home) and status in BEFORE_DECISION),
        (
            "resupply",
            "resupply",
            at_home and case.custody_state == Custody.AWAY and status is Status.CORRECTION,
        ),
        ("unmask", "unmask", bool(case.personal)),
    ]
    return [name for name, act, fits in wanted if fits and _allowed(worker, act, case, version)]


def _may(
    session: Session, context: CaseContext, case: CaseRow, act: Act, worker: Worker, version: ItemVersion
) -> bool:
    try:
        judge(session, context, case, act, worker, version)
    except Problem:
        return False
    return True


def _allowed(worker: Worker, act: str, case: CaseRow, version: ItemVersion) -> bool:
    try:
        authorize(worker, act, case, version)
    except Problem:
        return False
    return True


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ""


def _list(body: Body, name: str) -> list[str]:
    value = body.get(name)
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _outside_decision(body: Body) -> OutsideDecision | None:
    given = body.get("outside")
    if not isinstance(given, Mapping):
        return None
    try:
        decided_on = date.fromisoformat(str(given.get("decided_on", "")))
    except ValueError as error:
        raise text_missing(
            "outside.decided_on", "省级决定的日期(YYYY-MM-DD)", "the day of the province's decision"
        ) from error
    return OutsideDecision(str(given.get("reference", "")), decided_on)
