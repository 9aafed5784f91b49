"""What case events of other nodes do here: offers, answers, status changes, supplements, withdrawals.

Each handler runs inside the transaction that applies the entry. What cannot be believed raises `Refused` and is set
aside; what is merely older than what this node knows is ignored. Source: federation.md §5 Apply, §8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.change import clocks_of, perform, put_clocks
from node.cases.context import MACHINE, CaseContext
from node.cases.custody import Custody, judge_number
from node.cases.handover import mark_missing, offer_declined, offer_taken, start_hand_over
from node.cases.states import BEFORE_DECISION, TERMINAL, Act, Status, is_legal_step
from node.cases.supplements import receive_supplement
from node.cases.tables import CaseChangeRow, CaseOfferRow, CaseRow
from node.cases.taking import consider


class EventRefusedError(Exception):
    """The event may not be applied; `reason` is `schema` or `sender` (federation.md §5)."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class EventEarlyError(Exception):
    """The event belongs to a custody this node has not seen taken yet: it waits for its taking."""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """An event of another node, its sender proven.

    Attributes:
        sender: code of the node whose log it began in.
        data: the open data; `sealed` opened already, or None.
        stored_at: when this node stored it.
    """

    type: str
    sender: str
    subject: str
    data: Mapping[str, Any]
    sealed: Mapping[str, Any] | None
    stored_at: datetime


CaseHandler = Callable[[CaseContext, Session, CaseEvent], None]


def on_offered(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """An offer made to this node is stored, and taken by the machine when complete."""
    data = event.data
    if session.get(CaseOfferRow, str(data["offer"])) is not None:
        return
    case = session.get(CaseRow, event.subject)
    if case is not None and int(data["custody"]) <= case.custody:
        return
    row = CaseOfferRow(
        id=str(data["offer"]),
        case_id=event.subject,
        direction="in",
        custody=int(data["custody"]),
        offered_by=event.sender,
        addressee=context.code,
        mode=str(data["mode"]),
        state="WAITING",
        doubt="",
        missing=[],
        offered_on=date.fromisoformat(str(data["offered_on"])),
        stored_at=event.stored_at,
        open_data=dict(data),
        package=dict(event.sealed or {}),
    )
    session.add(row)
    session.flush()
    consider(context, session, row)


def on_taken(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """The addressee took the case: at the offerer custody leaves, at home the mirror learns its new custodian."""
    case = _known_case(session, event)
    row = session.get(CaseOfferRow, str(event.data["offer"]))
    if row is None or row.addressee != event.sender:
        raise EventRefusedError("sender", "the case was not offered to this node")
    if row.state != "WAITING":
        return
    if row.direction == "out":
        offer_taken(context, session, case, row, str(event.data["taken_at"]))
        return
    row.state, row.answered_at = "TAKEN", context.now()
    case.custodian, case.custody, case.as_of = event.sender, row.custody, context.now()


def on_declined(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """Declined: the case is here again; what is missing becomes the one-time notice (T1 stops, T1b runs)."""
    case = _known_case(session, event)
    row = session.get(CaseOfferRow, str(event.data["offer"]))
    if row is None or row.addressee != event.sender:
        raise EventRefusedError("sender", "the case was not offered to this node")
    if row.state != "WAITING" or row.direction != "out":
        return
    missing = [str(material) for material in event.data.get("missing", [])]
    reason = str(event.data["reason"])
    offer_declined(context, session, case, row, reason, missing)
    if reason == "missing" and case.status == Status.RECEIVED:
        change = perform(
            context, session, case, Act.GIVE_NOTICE, MACHINE, reason="missing", data={"missing": missing}
        )
        mark_missing(session, case, missing, change.seq)


def on_status(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """The custodian's change moves the mirror, in the custodian's order, along the declared table only."""
    case = _known_case(session, event)
    data = event.data
    verdict = judge_number(case.custody, int(data["custody"]))
    if verdict == "older":
        return
    if verdict == "newer":
        raise EventEarlyError
    if case.custodian != event.sender:
        raise EventRefusedError("sender", "only the custodian changes a status")
    seq, source, target = int(data["seq"]), Status(str(data["from"])), Status(str(data["to"]))
    _note_offer(context, session, event, case)
    if seq <= case.seq:
        return
    if not is_legal_step(source, target):
        raise EventRefusedError("schema", f"{source} does not lead to {target}")
    at = _instant(str(data["at"]))
    session.add(
        CaseChangeRow(
            case_id=case.id,
            seq=seq,
            custody=case.custody,
            node=event.sender,
            act="",
            source=source.value,
            target=target.value,
            at=at,
            post=str(data.get("post", "")),
            paper=str(data.get("paper", "")),
        )
    )
    case.seq, case.status, case.as_of = seq, target.value, at
    if target in {Status.GRANTED, Status.REFUSED, Status.NOT_ACCEPTED}:
        case.decided_by, case.decided_at = event.sender, at
    if target is Status.CLOSED or target in TERMINAL:
        case.closed_at = at
    if event.sealed and case.personal is not None:
        case.personal = {**case.personal, **dict(event.sealed)}
    _mirror_clocks(context, session, case, data)
    session.flush()


def on_supplement(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """Downward: the custodian's notice of what is missing. Upward: what the home collected."""
    case = _known_case(session, event)
    receive_supplement(context, session, case, event.sender, event.data, event.sealed or {}, event.stored_at)


def on_returned(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """The decided case comes home: taken by the machine; T7 counts until the citizen has the result."""
    case = _known_case(session, event)
    data = event.data
    if case.custodian != event.sender:
        raise EventRefusedError("sender", "only the custodian returns a case")
    if int(data["custody"]) <= case.custody:
        return
    now = context.now()
    session.add(
        CaseOfferRow(
            id=str(data["offer"]),
            case_id=case.id,
            direction="in",
            custody=int(data["custody"]),
            offered_by=event.sender,
            addressee=context.code,
            mode="return",
            state="TAKEN",
            doubt="",
            missing=[],
            offered_on=context.local_date(event.stored_at),
            stored_at=event.stored_at,
            answered_at=now,
            open_data=dict(data),
        )
    )
    case.custodian, case.custody, case.custody_state = context.code, int(data["custody"]), Custody.HERE.value
    case.as_of = now
    case.watchers = [event.sender]
    if event.sealed:
        case.personal = {**(case.personal or {}), **dict(event.sealed)}
    start_hand_over(context, session, case)
    context.queue(
        session,
        destination=event.sender,
        subject=case.id,
        type="case.taken.v1",
        data={
            "offer": str(data["offer"]),
            "custody": case.custody,
            "case": case.id,
            "by": "machine",
            "post": "",
            "taken_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )
    case.fact_id = context.record(
        session,
        type="case.result_in",
        actor="machine",
        post="",
        case=case.id,
        seq=case.seq,
        item=case.item_code,
        item_version=case.item_version,
        number=case.number,
        paper=str(data.get("paper", "")),
        data={"offer": str(data["offer"]), "from": event.sender, "result": str(data["result"])},
    )


def on_withdrawn(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """The home asks to stop: granted while nothing is decided, else ignored (the decision went first)."""
    case = _known_case(session, event)
    if case.home != event.sender:
        raise EventRefusedError("sender", "only the home node asks for a withdrawal")
    if case.custodian != context.code or case.custody_state != Custody.HERE:
        return
    if Status(case.status) in BEFORE_DECISION:
        perform(context, session, case, Act.WITHDRAW, MACHINE, reason="applicant")


HANDLERS: Mapping[str, CaseHandler] = {
    "case.offered.v1": on_offered,
    "case.taken.v1": on_taken,
    "case.declined.v1": on_declined,
    "case.status.v1": on_status,
    "case.supplement.v1": on_supplement,
    "case.returned.v1": on_returned,
    "case.withdrawn.v1": on_withdrawn,
}


def _known_case(session: Session, event: CaseEvent) -> CaseRow:
    case = session.get(CaseRow, event.subject)
    if case is None:
        raise EventRefusedError("sender", "this node does not know the case")
    return case


def _note_offer(context: CaseContext, session: Session, event: CaseEvent, case: CaseRow) -> None:
    """The custodian says to whom it offered the case: the taking is judged by this."""
    offer, addressee = event.data.get("offer"), event.data.get("offered_to")
    if not offer or not addressee or session.get(CaseOfferRow, str(offer)) is not None:
        return
    session.add(
        CaseOfferRow(
            id=str(offer),
            case_id=case.id,
            direction="seen",
            custody=case.custody + 1,
            offered_by=event.sender,
            addressee=str(addressee),
            mode="handover",
            state="WAITING",
            doubt="",
            missing=[],
            offered_on=context.local_date(event.stored_at),
            stored_at=event.stored_at,
        )
    )


def _mirror_clocks(context: CaseContext, session: Session, case: CaseRow, data: Mapping[str, Any]) -> None:
    """Shows the custodian's clocks: stated ones run as stated, the others stand stopped."""
    stated = {str(clock["id"]): clock for clock in data.get("clocks", [])}
    kept = {clock.id: clock for clock in clocks_of(session, case.id)}
    today = context.local_date(_instant(str(data["at"])))
    clocks = [clock_rules.stop(c, today, context.calendar) for c in kept.values() if c.id not in stated]
    for clock_id, clock in stated.items():
        due = date.fromisoformat(str(clock["due_on"])) if clock.get("due_on") else None
        started = date.fromisoformat(str(clock["started_on"]))
        used_days = int(clock["used_days"])
        days = used_days + (context.calendar.between(started, due) if due is not None else 0)
        running = started if due is not None else None
        clocks.append(clock_rules.CaseClock(clock_id, days, started, used_days, running, due))
    put_clocks(session, case, tuple(clocks))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
