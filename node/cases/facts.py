"""The facts of cases: what each act writes into the ledger, without personal data (federation.md §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.clocks import CaseClock
from node.cases.context import CaseContext
from node.cases.tables import CaseClockRow, CaseRow
from node.cases.workers import ActDeniedError, Worker
from node.ledger.rules import FactDraft


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


def open_clocks(context: CaseContext, session: Session, case_id: str) -> list[dict[str, object]]:
    """The clocks that are alive, in open form as of today."""
    today = context.today()
    return [
        clock_rules.open_form(clock, today, context.calendar)
        for clock in clocks_of(session, case_id)
        if clock.state != "stopped"
    ]


def record_fact(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    type: str,
    worker: Worker,
    *,
    seq: int | None = None,
    source: str = "",
    target: str = "",
    reason: str = "",
    paper: str = "",
    clocks: Sequence[Mapping[str, Any]] = (),
    materials: Sequence[Any] = (),
    data: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> str:
    """Writes one fact about a case; it becomes the case's latest.

    Args:
        reason: a code, never free text.
        data: open values; nothing personal.
        personal: values that stand in the fact as commitments.
    """
    draft = FactDraft(
        type=type,
        at=context.now(),
        actor=worker.actor,
        post=worker.post,
        case=case.id,
        seq=seq,
        source=source,
        target=target,
        item=case.item_code,
        item_version=case.item_version,
        authorization=worker.authorization,
        clocks=clocks,
        paper=paper,
        materials=materials,
        number=case.number,
        reason=reason,
        data=dict(data or {}),
        personal=dict(personal or {}),
    )
    case.fact_id = str(context.record(session, draft))
    return case.fact_id


def record_denied(context: CaseContext, session: Session, denied: ActDeniedError) -> str:
    """The fact of an act that was refused for want of a right (requirements.md B3)."""
    draft = FactDraft(
        type="case.act_denied",
        at=context.now(),
        actor=denied.actor,
        post=denied.post,
        case=denied.case_id,
        item=denied.item,
        number=denied.number,
        reason=denied.reason,
        data={"act": denied.act},
    )
    return str(context.record(session, draft))
