"""The events of an audit, and the timers: what the container registers (federation.md §6, §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from federation.inbox import Handler
from federation.ports import Tx
from federation.received import Received
from node.audit import answering, service
from node.audit.context import AuditContext
from node.exchange.stores import SqlTx
from node.kernel import timers
from node.kernel.database import Database

TimerAct = Callable[[AuditContext, Session, timers.Timer], None]
TIMER_ACTS: Mapping[str, TimerAct] = {
    service.SEAL_TIMER: service.seal_overdue,
    service.ANSWER_TIMER: service.answer_overdue,
    answering.REVEAL_TIMER: answering.reveal_overdue,
}


def audit_handlers(context: AuditContext) -> Mapping[str, Handler]:
    """The four event types; that the first two come from above is the inbox's check."""

    def committed(tx: Tx, received: Received) -> None:
        answering.note_commitment(context, _session(tx), received)

    def sealed(tx: Tx, received: Received) -> None:
        service.take_seal(context, _session(tx), tx, received)

    def challenged(tx: Tx, received: Received) -> None:
        answering.answer(context, _session(tx), tx, received)

    def answered(tx: Tx, received: Received) -> None:
        service.take_answer(context, _session(tx), received)

    return {
        "audit.committed.v1": committed,
        "audit.sealed.v1": sealed,
        "audit.challenge.v1": challenged,
        "audit.response.v1": answered,
    }


def audit_timers(context: AuditContext) -> Mapping[str, timers.Handler]:
    """What happens when a time is past."""

    def bound(act: TimerAct) -> timers.Handler:
        return lambda session, timer: act(context, session, timer)

    return {kind: bound(act) for kind, act in TIMER_ACTS.items()}


def audit_steps(context: AuditContext, database: Database) -> Callable[[], int]:
    """One pass over the rounds that were put to this node; returns how many moved."""
    return answering.AuditSteps(context, database).run


def _session(tx: Tx) -> Session:
    if not isinstance(tx, SqlTx):
        raise TypeError(f"the audit needs the node's own transaction, not {type(tx).__name__}")
    return tx.session
