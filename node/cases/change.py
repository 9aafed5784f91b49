"""The one way a status changes: one declared transition, its clocks, its paper, its fact, its message, in one transaction.

Source: requirements.md §4.1 (transitions), federation.md §8 (`case.status.v1` goes out from the custodian only).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.clocks import CaseClock
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.entrustment import after_act
from node.cases.facts import clocks_of, open_clocks, record_fact
from node.cases.papers import make_paper
from node.cases.problems import handled_above, illegal_act, not_arrived, not_here, on_hold, unknown_case
from node.cases.routes import desk_for, review_level
from node.cases.states import TERMINAL, Act, IllegalTransitionError, Status, Transition, find_transition
from node.cases.tables import AttachmentRow, CaseChangeRow, CaseClockRow, CaseHoldRow, CaseRow
from node.cases.workers import Worker, authorize
from node.catalogue.rules import ItemVersion
from node.kernel.clock import day_start, format_utc
from node.kernel.timers import cancel_timer, set_timer

CORRECTION_DAYS = 20
"""T1b: working days an applicant has to supplement; requirements.md §4.2 [inf], a default."""
COMPLETENESS_DAYS = 5
"""T1: 行政许可法 32."""
DELIVERY_DAYS = 10
"""T6: 行政许可法 44."""
FORWARD_DAYS = 3
"""T7: intake to the deciding node's storage, requirements.md §2.10."""
ARCHIVE_DAYS = 20
"""T8: requirements.md §4.2 [inf], a default."""
TIMED = ("T1", "T1b")
"""Clocks whose expiry does something by itself (`deadlines`); the others are shown and judged by supervision."""

HANDLING_ACTS = frozenset(
    {Act.ACCEPT, Act.ACCEPT_CONDITIONAL, Act.START_REVIEW, Act.PROPOSE_NON_ACCEPTANCE, Act.PROPOSE_REFUSAL}
)
"""Not at a level that only takes the matter in and carries it up (B10, B11)."""
DECIDING_ACTS = frozenset({Act.GRANT, Act.ISSUE})
"""Only at the level the item is decided at."""


def timer_kind(clock_id: str) -> str:
    """The kind under which a clock's timer stands in the timer table."""
    return f"case.{clock_id}"


def find_case(session: Session, number_or_id: str, *, lock: bool = False) -> CaseRow:
    """The case with that number or id.

    Raises:
        Problem: `case-unknown`.
    """
    column = CaseRow.number if number_or_id.isdigit() else CaseRow.id
    query = select(CaseRow).where(column == number_or_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise unknown_case(number_or_id)
    return row


def put_clocks(
    context: CaseContext, session: Session, case: CaseRow, clocks: Sequence[CaseClock], *, ours: bool = True
) -> None:
    """Writes the clocks back, sets the day the case is due next, and the timers of clocks that act by themselves.

    Args:
        ours: this node is the custodian; a mirror's clocks fire nothing.
    """
    for clock in clocks:
        session.merge(
            CaseClockRow(
                case_id=case.id,
                clock=clock.id,
                days=clock.days,
                started_on=clock.started_on,
                used_days=clock.used_days,
                running_since=clock.running_since,
                due_on=clock.due_on,
                stopped_on=clock.stopped_on,
                provisional=clock.provisional,
            )
        )
        if clock.id not in TIMED:
            continue
        if ours and clock.state == "running" and clock.due_on is not None:
            due_at = day_start(clock.due_on + timedelta(days=1))
            set_timer(session, timer_kind(clock.id), case.id, due_at)
        else:
            cancel_timer(session, timer_kind(clock.id), case.id, context.now())
    case.due_on = min(
        (clock.due_on for clock in clocks if clock.state == "running" and clock.due_on), default=None
    )


def clock_days(version: ItemVersion, clock_id: str, level: str) -> int | None:
    """Working days a clock is given for an item at a level; None when it has no such limit (it never runs then)."""
    statutory = version.statutory_days
    first = version.first_review
    if first is not None and first.statutory_days is not None and level == review_level(version):
        statutory = first.statutory_days
    given: Mapping[str, int | None] = {
        "T1": COMPLETENESS_DAYS,
        "T1b": CORRECTION_DAYS,
        "T2": statutory,
        "T2p": version.promised_days or None,
        "T6": DELIVERY_DAYS,
        "T7": FORWARD_DAYS,
        "T8": ARCHIVE_DAYS,
    }
    return given.get(clock_id)


def perform(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    act: Act,
    worker: Worker,
    *,
    reason: str = "",
    content: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    materials: Sequence[Any] = (),
    sealed: Mapping[str, Any] | None = None,
    on: date | None = None,
) -> CaseChangeRow:
    """Carries out one act at the custodian.

    Args:
        reason: a code, never free text; goes into the fact.
        content: what the act's paper says, beyond number, case and item.
        data: further open values of the fact.
        personal: values the fact commits to.
        materials: materials the fact commits to.
        sealed: personal values for the home's eyes.
        on: the day clocks turn; today when None (an offer counts from the day it was stored).

    Raises:
        Problem: not the custodian, act not declared here, no right, or something stands against it.
    """
    version = require_version(context, session, case)
    transition, acting = judge(session, context, case, act, worker, version)
    now = context.now()
    _turn_clocks(context, session, case, transition, version, on if on is not None else context.today())
    _move(case, transition, now, context)
    paper, open_data = "", dict(data or {})
    if transition.paper not in {"", "slip"}:
        made = make_paper(context, session, case, transition.paper, dict(content or {}))
        paper, open_data["paper_sha256"] = made.number, made.sha256
    change = _add_change(context, session, case, transition, now, acting.post, paper)
    alive = open_clocks(context, session, case.id)
    record_fact(
        context,
        session,
        case,
        f"case.{act.value}",
        acting,
        seq=change.seq,
        source=change.source,
        target=change.target,
        reason=reason,
        clocks=alive,
        paper=paper,
        materials=materials,
        data=open_data,
        personal=personal,
    )
    tell_watchers(context, session, case, change, alive, sealed)
    session.flush()
    return change


def _turn_clocks(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    transition: Transition,
    version: ItemVersion,
    on: date,
) -> None:
    clocks = clock_rules.turn(
        clocks_of(session, case.id),
        starts=_starting(context, transition, version, case),
        stops=_stopping(session, transition, case),
        pauses=transition.pauses,
        resumes=transition.resumes,
        on=on,
        calendar=context.calendar,
    )
    put_clocks(context, session, case, clocks)


def _add_change(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    transition: Transition,
    at: datetime,
    post: str,
    paper: str,
) -> CaseChangeRow:
    change = CaseChangeRow(
        case_id=case.id,
        seq=case.seq,
        custody=case.custody,
        node=context.code,
        act=transition.act.value,
        source=transition.source.value,
        target=transition.target.value,
        at=at,
        post=post,
        paper=paper,
    )
    session.add(change)
    session.flush()
    return change


def judge(
    session: Session, context: CaseContext, case: CaseRow, act: Act, worker: Worker, version: ItemVersion
) -> tuple[Transition, Worker]:
    """Whether the act may be done now, and in whose post; changes nothing.

    Raises:
        Problem: `case-not-here`, `case-offered`, `act-illegal`, `handled-above`, `act-forbidden`, `case-on-hold`,
            `material-not-arrived`.
    """
    require_here(context, session, case)
    try:
        transition = find_transition(act, Status(case.status), case.pending)
    except IllegalTransitionError as error:
        raise illegal_act(case, error) from error
    desk = desk_for(version, context.level)
    if (act in HANDLING_ACTS and desk.away) or (act in DECIDING_ACTS and not desk.decides):
        raise handled_above(case, desk.next_level or "")
    acting = authorize(worker, act.value, case, version, letters=transition.by)
    if act in {Act.ACCEPT, Act.ACCEPT_CONDITIONAL}:
        waited_for = not_arrived_materials(context, session, case.id)
        if waited_for:
            raise not_arrived(case, waited_for)
    if act in {Act.ISSUE, Act.DELIVER} and transition.source is not Status.REFUSED:
        holds = session.scalars(
            select(CaseHoldRow.kind).where(CaseHoldRow.case_id == case.id, CaseHoldRow.lifted_at.is_(None))
        ).all()
        if holds:
            raise on_hold(case, list(holds))
    return transition, acting


def require_here(context: CaseContext, session: Session, case: CaseRow) -> None:
    """Only the custodian changes a case, and not while it is offered.

    Raises:
        Problem: `case-not-here`, `case-offered`.
    """
    if case.custodian != context.code or case.custody_state != Custody.HERE:
        raise not_here(case, context.name_of(session, case.custodian))


def not_arrived_materials(context: CaseContext, session: Session, case_id: str) -> list[str]:
    """Ids of the materials whose attachments have not arrived whole (federation.md §7), in order."""
    rows = session.scalars(
        select(AttachmentRow).where(AttachmentRow.case_id == case_id).order_by(AttachmentRow.material)
    ).all()
    if not rows:
        return []
    blobs = context.blobs(session)
    found = {row.sha256: blobs.get(row.sha256) for row in rows}
    return list(
        dict.fromkeys(
            row.material for row in rows if (state := found[row.sha256]) is None or not state.complete
        )
    )


def require_version(context: CaseContext, session: Session, case: CaseRow) -> ItemVersion:
    """The item version the case stands on.

    Raises:
        LookupError: this node's catalogue lost it (a broken invariant: versions are immutable and kept).
    """
    version = context.version(session, case.item_version)
    if version is None:
        raise LookupError(f"item version {case.item_version} is not in the catalogue")
    return version


def tell_watchers(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    change: CaseChangeRow,
    alive: list[dict[str, object]],
    sealed: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Queues `case.status.v1` to every node that holds a mirror; to none when the matter never left."""
    for node in case.watchers:
        data: dict[str, Any] = {
            "case": case.id,
            "custody": case.custody,
            "seq": change.seq,
            "from": change.source,
            "to": change.target,
            "at": format_utc(change.at),
            "post": change.post,
            "clocks": alive,
            **(extra or {}),
        }
        if change.act:
            data["act"] = change.act
        if change.paper:
            data["paper"] = change.paper
        context.queue(
            session,
            destination=node,
            subject=case.id,
            type="case.status.v1",
            data=data,
            sealed=sealed if node == case.home else None,
        )


def _starting(
    context: CaseContext, transition: Transition, version: ItemVersion, case: CaseRow
) -> dict[str, int]:
    """A matter that is only taken in here owes forwarding (T7), not completeness (T1)."""
    starts: dict[str, int] = {}
    for clock_id in transition.starts:
        if clock_id == "T1" and case.via_proxy:
            starts["T7"] = FORWARD_DAYS
            continue
        days = clock_days(version, clock_id, context.level)
        if days is not None:
            starts[clock_id] = days
    return starts


def _stopping(session: Session, transition: Transition, case: CaseRow) -> tuple[str, ...]:
    if transition.target in TERMINAL:
        return tuple(clock.id for clock in clocks_of(session, case.id))
    if "T1" in transition.stops and case.via_proxy:
        return (*transition.stops, "T7")
    return transition.stops


def _move(case: CaseRow, transition: Transition, now: datetime, context: CaseContext) -> None:
    case.seq += 1
    case.status = transition.target.value
    case.as_of = now
    if transition.target is Status.NEG_PENDING:
        case.pending = transition.pending
    elif transition.source is Status.NEG_PENDING:
        case.pending = ""
    if transition.target in {Status.GRANTED, Status.REFUSED, Status.NOT_ACCEPTED}:
        case.decided_by, case.decided_at = context.code, now
    if transition.target is Status.CLOSED or transition.target in TERMINAL:
        case.closed_at = case.closed_at or now
    case.entrustment = after_act(case.entrustment, transition.act.value)
    mode = _ACCEPTANCE.get(transition.act)
    if mode is not None:
        case.acceptance = mode


_ACCEPTANCE: Mapping[Act, str] = {
    Act.ACCEPT: "EXPLICIT",
    Act.ACCEPT_CONDITIONAL: "CONDITIONAL",
    Act.DEEM_ACCEPTED: "DEEMED",
}
