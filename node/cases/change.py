"""The one way a status changes: one declared transition, its clocks, its fact, its message, in one transaction.

Source: requirements.md §4.1 (transitions), federation.md §8 (`case.status.v1` goes out from the custodian only).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.clocks import CaseClock
from node.cases.context import CaseContext, Worker
from node.cases.custody import Custody
from node.cases.problems import illegal_act, not_here, not_permitted, on_hold, unknown_case
from node.cases.states import TERMINAL, Act, IllegalTransitionError, Status, Transition, find_transition
from node.cases.tables import CaseChangeRow, CaseClockRow, CaseHoldRow, CaseRow
from node.catalogue.rules import ItemVersion

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


def clocks_of(session: Session, case_id: str) -> tuple[CaseClock, ...]:
    """The clocks of a case in the order of their ids."""
    rows = session.scalars(
        select(CaseClockRow).where(CaseClockRow.case_id == case_id).order_by(CaseClockRow.clock)
    )
    return tuple(
        CaseClock(
            row.clock,
            row.days,
            row.started_on,
            row.used_days,
            row.running_since,
            row.due_on,
            row.stopped_on,
            row.provisional,
        )
        for row in rows
    )


def put_clocks(session: Session, case: CaseRow, clocks: tuple[CaseClock, ...]) -> None:
    """Writes the clocks back and sets the day the case is due next."""
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
    case.due_on = min(
        (clock.due_on for clock in clocks if clock.state == "running" and clock.due_on), default=None
    )


def clock_days(version: ItemVersion, clock_id: str) -> int | None:
    """Working days a clock is given for an item; None when the item has no such limit (then it never runs)."""
    given: Mapping[str, int | None] = {
        "T1": COMPLETENESS_DAYS,
        "T1b": CORRECTION_DAYS,
        "T2": version.statutory_days,
        "T2p": version.promised_days,
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
    paper: str = "",
    data: Mapping[str, Any] | None = None,
    sealed: Mapping[str, Any] | None = None,
    on: date | None = None,
) -> CaseChangeRow:
    """Carries out one act at the custodian.

    Args:
        reason: a code, never free text; goes into the fact.
        paper: number of the paper the act made.
        data: further open values of the fact.
        sealed: personal values for the mirrors' eyes; sealed to each.
        on: the day clocks turn; today when None (an offer counts from the day it was stored).

    Raises:
        Problem: not the custodian, act not declared here, no right, or a hold stands against it.
    """
    transition = judge(session, context, case, act, worker)
    version = require_version(context, session, case)
    now = context.now()
    today = on if on is not None else context.today()
    clocks = clock_rules.turn(
        clocks_of(session, case.id),
        starts=_starting(transition, version, case),
        stops=transition.stops,
        pauses=transition.pauses,
        resumes=transition.resumes,
        on=today,
        calendar=context.calendar,
    )
    put_clocks(session, case, clocks)
    source = Status(case.status)
    _move(case, transition, now, context)
    change = CaseChangeRow(
        case_id=case.id,
        seq=case.seq,
        custody=case.custody,
        node=context.code,
        act=act.value,
        source=source.value,
        target=transition.target.value,
        at=now,
        post=worker.post,
        paper=paper,
    )
    session.add(change)
    open_clocks = [clock_rules.open_form(clock) for clock in clocks if clock.state != "stopped"]
    case.fact_id = context.record(
        session,
        type=f"case.{act.value}",
        actor=worker.actor,
        post=worker.post,
        case=case.id,
        seq=case.seq,
        source=source.value,
        target=transition.target.value,
        item=case.item_code,
        item_version=case.item_version,
        number=case.number,
        reason=reason,
        clocks=open_clocks,
        paper=paper,
        authorization=worker.authorization,
        data=data,
    )
    tell_watchers(context, session, case, change, open_clocks, sealed)
    session.flush()
    return change


def judge(session: Session, context: CaseContext, case: CaseRow, act: Act, worker: Worker) -> Transition:
    """Whether the act may be done now by this worker; changes nothing.

    Raises:
        Problem: `case-not-here`, `act-illegal`, `act-forbidden` or `case-on-hold`.
    """
    if case.custodian != context.code or case.custody_state != Custody.HERE:
        raise not_here(case)
    try:
        transition = find_transition(act, Status(case.status), case.pending)
    except IllegalTransitionError as error:
        raise illegal_act(case, error) from error
    if not transition.by & worker.letters or (
        worker.may is not None and not worker.may(act.value, case.item_code)
    ):
        raise not_permitted(case, transition, worker)
    if act in {Act.ISSUE, Act.DELIVER} and transition.source is not Status.REFUSED:
        holds = session.scalars(
            select(CaseHoldRow.kind).where(CaseHoldRow.case_id == case.id, CaseHoldRow.lifted_at.is_(None))
        ).all()
        if holds:
            raise on_hold(case, list(holds))
    return transition


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
    open_clocks: list[dict[str, object]],
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
            "at": change.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "post": change.post,
            "clocks": open_clocks,
            **(extra or {}),
        }
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


def _starting(transition: Transition, version: ItemVersion, case: CaseRow) -> dict[str, int]:
    starts: dict[str, int] = {}
    for clock_id in transition.starts:
        days = clock_days(version, clock_id)
        if days is None or (clock_id == "T2p" and days == 0):
            continue
        if clock_id == "T1" and case.via_proxy and transition.act is Act.SUBMIT:
            starts["T7"] = FORWARD_DAYS
            continue
        starts[clock_id] = days
    return starts


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
    if transition.act in {Act.ACCEPT, Act.ACCEPT_CONDITIONAL, Act.DEEM_ACCEPTED}:
        case.acceptance = {
            Act.ACCEPT: "EXPLICIT",
            Act.ACCEPT_CONDITIONAL: "CONDITIONAL",
            Act.DEEM_ACCEPTED: "DEEMED",
        }[transition.act]
