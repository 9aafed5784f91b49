"""Reading one matter: its truths, its way, what comes next, from the rows of this node.

Everything here only reads; times are instants, days local dates, words pairs (zh, en).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.change import require_version
from node.cases.clocks import CaseClock
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.facts import clocks_of
from node.cases.handover import RETURNABLE
from node.cases.routes import Desk, desk_for
from node.cases.states import BEFORE_DECISION, Status
from node.cases.tables import CaseChangeRow, CaseCustodyRow, CaseOfferRow, CaseRow
from node.cases.truths import Truths
from node.cases.way import Flag, Holding, Step, Try, Way, draw_way
from node.ui.words import MONTHS_EN

Words = tuple[str, str]
CLOCK_WORDS: dict[str, Words] = {
    "T1": ("收件审查", "Completeness check"),
    "T1b": ("等待补正", "Waiting for the applicant"),
    "T2": ("法定时限", "Statutory limit"),
    "T2p": ("承诺时限", "Promised limit"),
    "T5": ("特别程序", "Special procedure"),
    "T6": ("送达", "Delivery"),
    "T7": ("上送与回送", "Forwarding and handing over"),
    "T8": ("归档", "Archiving"),
    "T9": ("容缺补齐", "Deferred materials"),
}


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One clock as people read it.

    Attributes:
        left_days: working days left, negative when overdue; None while it stands still or is stopped.
    """

    clock: CaseClock
    words: Words
    used_days: int
    left_days: int | None


def clock_lines(context: CaseContext, session: Session, case: CaseRow) -> list[ClockLine]:
    """The clocks of a case, in the order of their ids."""
    today = context.today()
    lines = []
    for clock in clocks_of(session, case.id):
        used = clock_rules.used(clock, today, context.calendar)
        left = clock.days - used if clock.state == "running" else None
        lines.append(ClockLine(clock, CLOCK_WORDS.get(clock.id, (clock.id, clock.id)), used, left))
    return lines


def offers_of(session: Session, case_id: str) -> list[CaseOfferRow]:
    """Every try to move custody that this node knows of, oldest first."""
    rows = session.scalars(select(CaseOfferRow).where(CaseOfferRow.case_id == case_id)).all()
    return sorted(rows, key=lambda row: (row.custody, row.offered_at or row.stored_at or row.answered_at))


def changes_of(session: Session, case_id: str) -> list[CaseChangeRow]:
    """The history as this node knows it, in order."""
    query = select(CaseChangeRow).where(CaseChangeRow.case_id == case_id).order_by(CaseChangeRow.seq)
    return list(session.scalars(query))


def custodies_of(session: Session, case_id: str) -> list[CaseCustodyRow]:
    """Who held it, in order."""
    query = select(CaseCustodyRow).where(CaseCustodyRow.case_id == case_id).order_by(CaseCustodyRow.custody)
    return list(session.scalars(query))


def desk_of(context: CaseContext, session: Session, case: CaseRow) -> Desk:
    """What this level does with the case's item."""
    return desk_for(require_version(context, session, case), context.level)


def truths_of(context: CaseContext, session: Session, case: CaseRow) -> Truths:
    """The five truths of a case as this node can vouch for them."""
    onward = [row for row in offers_of(session, case.id) if row.mode != "return"]
    offer = onward[-1] if onward and onward[-1].state != "DECLINED" else None
    accepted = [one.at for one in changes_of(session, case.id) if one.target == Status.ACCEPTED]
    received_at = None
    if offer is not None and offer.direction == "out":
        received_at = offer.received_at or context.receipt_at(session, case.id, offer.entry_id)
    elif offer is not None:
        received_at = offer.stored_at
    holder = offer.addressee if offer is not None and offer.state == "WAITING" else case.custodian
    to_send = desk_of(context, session, case).away and Status(case.status) in BEFORE_DECISION
    return Truths(
        travels=offer is not None or to_send,
        holder=context.name_of(session, holder),
        queued_at=(offer.offered_at or offer.stored_at) if offer is not None else None,
        received_at=received_at,
        taken_at=offer.answered_at if offer is not None and offer.state == "TAKEN" else None,
        accepted_at=accepted[-1] if accepted else None,
        decided_at=case.decided_at,
        decider=context.name_of(session, case.decided_by) if case.decided_by else "",
        due_words=_due_words(case.due_on),
    )


def way_of(context: CaseContext, session: Session, case: CaseRow) -> Way:
    """The matter's way through the levels, for its picture."""
    holdings = [Holding(row.node, row.offered_at, row.taken_at) for row in custodies_of(session, case.id)]
    tries = [
        Try(row.offered_by, row.addressee, at, row.answered_at, row.state == "TAKEN")
        for row in offers_of(session, case.id)
        if (at := row.offered_at or row.stored_at) is not None
    ]
    flags = [
        Flag("promised" if clock.id == "T2p" else "statutory", clock.due_on)
        for clock in clocks_of(session, case.id)
        if clock.id in {"T2", "T2p"} and clock.due_on is not None
    ]
    return draw_way(
        home=case.home,
        line=line_of(context, session, case.home),
        holdings=holdings,
        tries=tries,
        steps=[Step(row.node, row.target, row.at) for row in changes_of(session, case.id)],
        flags=flags,
        now=context.now(),
        closed_at=case.closed_at,
    )


def line_of(context: CaseContext, session: Session, home: str) -> list[str]:
    """The codes from a node up to the top, as far as statements tell who stands above whom."""
    line = [home]
    while len(line) < 8:
        found = context.network.find(session, line[-1])
        if found is None or found.parent in {"", *line}:
            break
        line.append(found.parent)
    return line


def next_words(context: CaseContext, session: Session, case: CaseRow) -> Words:
    """What happens next, for the slip and the citizen's page."""
    holder = context.name_of(session, case.custodian)
    status = Status(case.status)
    if status is Status.RECEIVED and case.custodian == context.code:
        desk = desk_of(context, session, case)
        if case.custody_state == Custody.OFFERED or desk.away:
            return (
                "材料由本处送往承办单位,不用您再跑。",
                "We send the papers to the unit that decides; you need not go.",
            )
        return (
            "本处审查材料是否齐全,并告知是否受理。",
            "We check the papers and tell you whether they are accepted.",
        )
    found = _NEXT.get(status)
    if found is None:
        return "", ""
    return found[0].format(holder=holder), found[1].format(holder=holder)


_NEXT: dict[Status, Words] = {
    Status.RECEIVED: ("{holder}审查材料是否齐全。", "{holder} checks whether the papers are complete."),
    Status.CORRECTION: (
        "请按一次性告知书补齐材料,交到收件处。",
        "Please bring what the one-time notice names to where you handed in.",
    ),
    Status.ACCEPTED: (
        "{holder}已受理,将在期限内审查。",
        "{holder} has accepted it and will review it in time.",
    ),
    Status.IN_REVIEW: (
        "{holder}正在审查,期限内作出决定。",
        "{holder} is reviewing it and will decide in time.",
    ),
    Status.SUSPENDED: (
        "特别程序进行中,时间不计入期限。",
        "A special procedure is under way; the clock stands.",
    ),
    Status.NEG_PENDING: ("{holder}正在复核。", "{holder} is checking it again."),
    Status.GRANTED: ("已准予,正在出件。", "Granted; the result is being issued."),
    Status.REFUSED: ("决定书将送达您。", "The decision will be delivered to you."),
    Status.ISSUED: (
        "结果已出,将由收件处交给您。",
        "The result is ready and will be handed to you where you applied.",
    ),
    Status.DELIVERED: ("已送达。", "Delivered."),
    Status.CLOSED: ("都办完了,没有还要您做的。", "All done; nothing more is asked of you."),
    Status.WITHDRAWN: ("已按您的申请撤回。", "Withdrawn at your request."),
    Status.LAPSED: ("逾期未补正,可以重新申请。", "Not supplemented in time; you may apply again."),
    Status.RETURNED: (
        "已退件,请到告知书所写单位办理。",
        "Sent back; please go to the unit named in the notice.",
    ),
    Status.NOT_ACCEPTED: ("不予受理,理由见决定书。", "Not accepted; see the decision for the grounds."),
}


def is_result_home(context: CaseContext, case: CaseRow) -> bool:
    """A result that came back and waits for the citizen."""
    return (
        case.home == context.code
        and case.custodian == context.code
        and case.custody_state == Custody.HERE
        and Status(case.status) in RETURNABLE
    )


def _due_words(due_on: date | None) -> Words:
    if due_on is None:
        return "", ""
    return f",{due_on.month} 月 {due_on.day} 日前办结", f", due by {due_on.day} {MONTHS_EN[due_on.month - 1]}"
