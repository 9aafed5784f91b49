"""What case events of other nodes do here: offers, answers, status changes, supplements, withdrawals.

Each handler runs inside the transaction that applies the entry. What cannot be believed raises `EntryRefused` and
is set aside; what belongs to a custody not yet seen raises `EntryEarly` and waits; what is merely older than what
this node knows is ignored. Source: federation.md §5 Apply, §8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from federation.ports import Tx
from federation.received import EntryEarly, EntryRefused, Handler, Received
from node.cases.believing import CaseEvent, check_offer, known_case, offer_to, offered_at_of, status_of
from node.cases.change import perform
from node.cases.context import CaseContext
from node.cases.custody import Custody, Reason, judge_number
from node.cases.facts import open_clocks, record_fact
from node.cases.handover import (
    RETURNABLE,
    mirror_custody,
    offer_declined,
    offer_taken,
    start_hand_over,
)
from node.cases.mirrors import note_change
from node.cases.package import note_custody
from node.cases.reimport import is_answered, settle
from node.cases.states import BEFORE_DECISION, Act, Status, is_legal_step
from node.cases.supplements import ask_withdrawal, receive_supplement
from node.cases.tables import CaseOfferRow, CaseRow
from node.cases.taking import consider, decline, take
from node.cases.workers import MACHINE
from node.exchange.stores import SqlTx
from node.kernel.clock import format_utc, local_date, parse_utc
from node.kernel.database import lock_row

CaseHandler = Callable[[CaseContext, Session, CaseEvent], None]


def on_offered(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """An offer made to this node is stored, and taken by the machine when complete.

    The same offer again, now with what was sealed (the key was not known at first), completes it.
    """
    data = event.data
    row = session.get(CaseOfferRow, str(data["offer"]))
    if row is not None:
        if row.offered_by == event.sender and row.state == "WAITING" and not row.package and event.sealed:
            row.package = dict(event.sealed)
            _judge(context, session, row)
        return
    check_offer(session, event)
    case = lock_row(session, CaseRow, event.subject)
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
        offered_at=offered_at_of(data),
        entry_id="",
        stored_at=event.stored_at,
        open_data={name: value for name, value in data.items() if name != "sealed"},
        package=dict(event.sealed or {}),
    )
    session.add(row)
    session.flush()
    _judge(context, session, row)


def _judge(context: CaseContext, session: Session, row: CaseOfferRow) -> None:
    """The machine's look; an answer this node gave before its database was lost stands (`reimport`)."""
    if not is_answered(session, row.id):
        consider(context, session, row)


def on_taken(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """The addressee took the case: at the offerer custody leaves, a mirror learns its new custodian."""
    case = known_case(session, event)
    row = offer_to(session, event)
    if row.state != "WAITING":
        return
    taken_at, clocks = parse_utc(str(event.data["taken_at"])), list(event.data.get("clocks", []))
    if row.direction == "out":
        offer_taken(context, session, case, row, taken_at, clocks)
        return
    row.state, row.answered_at = "TAKEN", taken_at
    mirror_custody(context, session, case, row, taken_at, clocks)
    if (
        case.home == context.code
        and case.withdrawal_asked_at is not None
        and Status(case.status) in BEFORE_DECISION
    ):
        ask_withdrawal(context, session, case, event.sender)


def on_declined(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """Declined: the case is here again; what is missing becomes the one-time notice (T1 stops, T1b runs)."""
    case = known_case(session, event)
    row = offer_to(session, event)
    if row.state != "WAITING" or row.direction != "out":
        return
    missing = [str(material) for material in event.data.get("missing", [])]
    offer_declined(context, session, case, row, str(event.data["reason"]), missing)


def on_status(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """The custodian's change moves the mirror, in the custodian's order, along the declared table only."""
    case = known_case(session, event)
    data = event.data
    verdict = judge_number(case.custody, int(data["custody"]))
    if verdict == "older":
        return
    if verdict == "newer":
        raise EntryEarly
    if case.custodian != event.sender:
        raise EntryRefused("sender", "only the custodian changes a status")
    _note_offer(session, event, case)
    if event.sealed and case.personal is not None:
        case.personal = {
            **case.personal,
            **dict(event.sealed),
        }  # sealed anew, it may come after the change itself
    seq, source, target = int(data["seq"]), status_of(data["from"]), status_of(data["to"])
    if seq <= case.seq:
        return
    follows = source == case.status if seq == case.seq + 1 else True
    if not follows or not is_legal_step(source, target):
        raise EntryRefused("schema", f"{source} does not lead from {case.status} to {target}")
    note_change(context, session, case, event.sender, data, ours=False)


def on_supplement(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """Downward: the custodian's notice of what is missing. Upward: what the home collected."""
    case = known_case(session, event)
    verdict = judge_number(case.custody, int(event.data["custody"]))
    if verdict == "older":
        return
    if verdict == "newer":
        raise EntryEarly
    if event.sender not in {case.custodian, case.home}:
        raise EntryRefused("sender", "only the custodian and the home speak of supplements")
    receive_supplement(context, session, case, event.sender, event.data, event.sealed or {}, event.stored_at)


def on_returned(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """The decided case comes home: taken by the machine; T7 counts until the citizen has the result."""
    case = known_case(session, event)
    data = event.data
    custody = int(data["custody"])
    if custody <= case.custody:
        _complete_return(session, event, case)
        return
    if custody > case.custody + 1:
        raise EntryEarly
    if case.custodian != event.sender or case.home != context.code:
        raise EntryRefused("sender", "only the custodian returns a case, and only to its home")
    if status_of(data.get("status", case.status)) not in RETURNABLE:
        raise EntryRefused("schema", "only a result is returned")
    now = context.now()
    row = _returned_offer(context, session, event, case)
    case.custodian, case.custody, case.custody_state = context.code, custody, Custody.HERE.value
    case.status, case.seq = str(data.get("status", case.status)), max(case.seq, int(data.get("seq", 0)))
    case.as_of = now
    others = [event.sender, *(str(node) for node in data.get("watchers", []))]
    case.watchers = [node for node in dict.fromkeys(others) if node != context.code]
    if event.sealed:
        case.personal = {**(case.personal or {}), **dict(event.sealed)}
    note_custody(session, case.id, custody, context.code, row.offered_at, now)
    start_hand_over(context, session, case)
    answer = {
        "offer": row.id,
        "custody": custody,
        "case": case.id,
        "by": "machine",
        "post": "",
        "taken_at": format_utc(now),
        "clocks": open_clocks(context, session, case.id),
    }
    for node in case.watchers:
        context.queue(session, destination=node, subject=case.id, type="case.taken.v1", data=answer)
    record_fact(
        context,
        session,
        case,
        "case.result_in",
        MACHINE,
        seq=case.seq,
        paper=str(data.get("paper", "")),
        data={"offer": row.id, "from": event.sender, "result": str(data["result"])},
    )


def _returned_offer(context: CaseContext, session: Session, event: CaseEvent, case: CaseRow) -> CaseOfferRow:
    """The return as an offer this node has taken; it may have been announced before."""
    data = event.data
    row = session.get(CaseOfferRow, str(data["offer"]))
    if row is None:
        row = CaseOfferRow(
            id=str(data["offer"]),
            case_id=case.id,
            custody=int(data["custody"]),
            offered_by=event.sender,
            addressee=context.code,
            mode="return",
            doubt="",
            missing=[],
            offered_on=local_date(event.stored_at),
            offered_at=offered_at_of(data),
            entry_id="",
        )
        session.add(row)
    row.direction, row.state, row.stored_at, row.answered_at = "in", "TAKEN", event.stored_at, context.now()
    row.mode = "return"
    row.open_data = {name: value for name, value in data.items() if name != "sealed"}
    session.flush()
    return row


def on_withdrawn(context: CaseContext, session: Session, event: CaseEvent) -> None:
    """The home asks to stop: granted while nothing is decided, else ignored (the decision went first).

    An offer that still waits is answered first: the addressee alone answers, and it takes what it is asked to stop.
    """
    offer = session.scalars(
        select(CaseOfferRow).where(
            CaseOfferRow.case_id == event.subject,
            CaseOfferRow.direction == "in",
            CaseOfferRow.state == "WAITING",
        )
    ).first()
    if offer is not None:
        _withdraw_offer(context, session, event, offer)
        return
    case = known_case(session, event)
    if case.home != event.sender:
        raise EntryRefused("sender", "only the home node asks for a withdrawal")
    if case.custodian != context.code or Status(case.status) not in BEFORE_DECISION:
        return
    case.withdrawal_asked_at = event.stored_at
    if case.custody_state == Custody.HERE:
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


def case_handlers(context: CaseContext) -> Mapping[str, Handler]:
    """The handlers of this capability's event types, for `federation.inbox`."""
    return {type: _handler(context, handler) for type, handler in HANDLERS.items()}


def _handler(context: CaseContext, handler: CaseHandler) -> Handler:
    def apply(tx: Tx, received: Received) -> None:
        if not isinstance(tx, SqlTx):
            raise TypeError("cases are applied on the node's own stores")
        event = CaseEvent(
            received.type,
            received.sender,
            received.subject,
            received.data,
            received.opened,
            received.stored_at,
        )
        handler(context, tx.session, event)
        settle(context, tx.session, event.subject)

    return apply


def _withdraw_offer(context: CaseContext, session: Session, event: CaseEvent, offer: CaseOfferRow) -> None:
    open_data = offer.open_data or {}
    if open_data.get("home") != event.sender:
        raise EntryRefused("sender", "only the home node asks for a withdrawal")
    version = context.version(session, str(open_data.get("item_version", "")))
    if version is None:
        decline(context, session, offer, MACHINE, Reason.NOT_IN_FORCE, ())
        return
    case = take(context, session, offer, MACHINE, version)
    case.withdrawal_asked_at = event.stored_at
    if Status(case.status) in BEFORE_DECISION:
        perform(context, session, case, Act.WITHDRAW, MACHINE, reason="applicant")


def _complete_return(session: Session, event: CaseEvent, case: CaseRow) -> None:
    """A return that came before without what was sealed: the result is filled in."""
    row = session.get(CaseOfferRow, str(event.data["offer"]))
    if row is not None and row.offered_by == event.sender and event.sealed:
        case.personal = {**(case.personal or {}), **dict(event.sealed)}


def _note_offer(session: Session, event: CaseEvent, case: CaseRow) -> None:
    """The custodian says to whom it offered the case: the taking is judged by this."""
    offer, addressee = event.data.get("offer"), event.data.get("offered_to")
    if not offer or not addressee or session.get(CaseOfferRow, str(offer)) is not None:
        return
    at = parse_utc(str(event.data["at"]))
    session.add(
        CaseOfferRow(
            id=str(offer),
            case_id=case.id,
            direction="seen",
            custody=case.custody + 1,
            offered_by=event.sender,
            addressee=str(addressee),
            mode="return" if addressee == case.home else "handover",
            state="WAITING",
            doubt="",
            missing=[],
            offered_on=local_date(at),
            offered_at=at,
            entry_id="",
            stored_at=event.stored_at,
        )
    )
    session.flush()
