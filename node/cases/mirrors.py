"""A change of a case as an event states it, put into this node's row: at a mirror, and at a custodian that lost its own.

Source: federation.md §8 (`case.status.v1`), §5 Loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.change import put_clocks
from node.cases.context import CaseContext
from node.cases.facts import clocks_of
from node.cases.states import TERMINAL, Act, IllegalTransitionError, Status, find_transition
from node.cases.tables import CaseChangeRow, CaseRow
from node.kernel.clock import local_date, parse_utc

DECISIONS = frozenset({Status.GRANTED, Status.REFUSED, Status.NOT_ACCEPTED})


def note_change(
    context: CaseContext, session: Session, case: CaseRow, node: str, data: Mapping[str, Any], *, ours: bool
) -> None:
    """Moves the row to the status an event states; the caller has judged that it may.

    Args:
        node: code of the custodian that changed it.
        data: open data of `case.status.v1`.
        ours: this node is that custodian: clocks that act by themselves run here.
    """
    seq, at = int(data["seq"]), parse_utc(str(data["at"]))
    source, target, act = Status(str(data["from"])), Status(str(data["to"])), str(data.get("act", ""))[:32]
    if session.get(CaseChangeRow, (case.id, seq)) is None:
        session.add(
            CaseChangeRow(
                case_id=case.id,
                seq=seq,
                custody=case.custody,
                node=node,
                act=act,
                source=source.value,
                target=target.value,
                at=at,
                post=str(data.get("post", ""))[:120],
                paper=str(data.get("paper", ""))[:64],
            )
        )
    case.seq, case.status, case.as_of = seq, target.value, at
    if ours:
        case.pending = _pending(act, source) if target is Status.NEG_PENDING else ""
    if target in DECISIONS:
        case.decided_by, case.decided_at = node, at
    if target is Status.CLOSED or target in TERMINAL:
        case.closed_at = case.closed_at or at
    put_stated_clocks(context, session, case, data.get("clocks", []), at=str(data["at"]), ours=ours)
    session.flush()


def put_stated_clocks(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    stated: Sequence[Mapping[str, Any]],
    *,
    at: str,
    ours: bool,
) -> None:
    """The clocks as an event stated them at an instant: those run as stated, the others stand stopped."""
    on = local_date(parse_utc(at))
    fresh = [clock_rules.mirrored(clock, on, context.calendar) for clock in stated]
    named = {clock.id for clock in fresh}
    old = [
        clock_rules.stop(clock, on, context.calendar)
        for clock in clocks_of(session, case.id)
        if clock.id not in named
    ]
    put_clocks(context, session, case, [*old, *fresh], ours=ours)


def _pending(act: str, source: Status) -> str:
    try:
        return find_transition(Act(act), source).pending
    except (ValueError, IllegalTransitionError):
        return ""
