"""What an expired clock does by itself: silence is acceptance (T1), no supplement is a lapse (T1b).

The timers are set wherever a clock starts (`change.put_clocks`); the handlers look again at the case, because only its
present state decides. Source: 行政许可法 32; requirements.md §4.1, §4.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from node.cases.change import perform, put_clocks, timer_kind
from node.cases.clocks import overdue, stop
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.facts import clocks_of
from node.cases.states import Act, Status
from node.cases.tables import CaseRow
from node.cases.workers import MACHINE
from node.kernel.database import lock_row
from node.kernel.timers import Handler, Timer


def timer_handlers(context: CaseContext) -> Mapping[str, Handler]:
    """The handlers of this capability's timers, by kind; for `kernel.timers.TimerRunner`."""

    def completeness(session: Session, timer: Timer) -> None:
        _on_silence(context, session, timer.subject)

    def correction(session: Session, timer: Timer) -> None:
        _on_no_supplement(context, session, timer.subject)

    return {timer_kind("T1"): completeness, timer_kind("T1b"): correction}


def _on_silence(context: CaseContext, session: Session, case_id: str) -> None:
    """RECEIVED → ACCEPTED, mode DEEMED, back-dated to the day the materials were received here."""
    case = _expired(context, session, case_id, "T1", Status.RECEIVED)
    if case is None:
        return
    today = context.today()
    clocks = {clock.id: clock for clock in clocks_of(session, case.id)}
    received_on = clocks["T1"].started_on
    clocks["T1"] = stop(clocks["T1"], today, context.calendar)
    put_clocks(context, session, case, list(clocks.values()))
    data = {"received_on": received_on.isoformat()}
    perform(
        context,
        session,
        case,
        Act.DEEM_ACCEPTED,
        MACHINE,
        reason="silence",
        content=data,
        data=data,
        on=received_on,
    )


def _on_no_supplement(context: CaseContext, session: Session, case_id: str) -> None:
    """CORRECTION → LAPSED; the applicant may file again."""
    case = _expired(context, session, case_id, "T1b", Status.CORRECTION)
    if case is not None:
        perform(context, session, case, Act.LAPSE, MACHINE, reason="not_supplemented")


def _expired(
    context: CaseContext, session: Session, case_id: str, clock_id: str, status: Status
) -> CaseRow | None:
    case = lock_row(session, CaseRow, case_id)
    if case is None or case.custodian != context.code or case.custody_state != Custody.HERE:
        return None
    clock = next((one for one in clocks_of(session, case_id) if one.id == clock_id), None)
    if clock is None or Status(case.status) is not status or not overdue(clock, context.today()):
        return None
    return case
