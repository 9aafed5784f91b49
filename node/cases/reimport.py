"""Own entries that came back from a neighbour after a loss: what they said stands, and the cases are brought up to it.

A database restored from an old copy knows nothing of what this node wrote since; the neighbours do, and give it back
(federation.md §5 Loss). Each own entry about a case is kept as a row and applied once its case stands where it stood
when the entry was written: an offer makes the case OFFERED under the same offer id, so that it is not offered twice; an
answer given stays given; a change is made again. What builds on another node's event, which comes again too, waits for
it (`settle`, after every event of a case). Nothing of this is sent: it was. Each step is a fact, `case.restored`.

Where the row itself was lost, a row known by its entries takes its place: what stood open, and nothing personal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from federation.event import Entry, EntryError, parse_entry
from federation.ports import Alert, Tx
from node.cases.context import CaseContext
from node.cases.custody import Custody, judge_number
from node.cases.entrustment import ENTRUSTMENT_TABLE, Entrustment, EntrustmentAct
from node.cases.facts import record_fact
from node.cases.handover import mark_missing
from node.cases.mirrors import note_change, put_stated_clocks
from node.cases.register import UNKNOWN_CHANNEL
from node.cases.states import Status
from node.cases.tables import CaseCustodyRow, CaseOfferRow, CaseReimportedRow, CaseRow
from node.cases.taking import take
from node.cases.workers import MACHINE
from node.exchange.stores import SqlTx
from node.kernel.clock import format_utc, local_date, parse_utc
from node.kernel.database import lock_row
from node.ledger.numbers import last_number, next_number
from node.ledger.rules import FactDraft

RESTORED = "case.restored"
_DAY, _RUNNING = slice(12, 20), slice(20, 25)
"""Places of day and running number in a case number."""


class OwnEntries:
    """What `federation.client.Client` and `federation.server.Server` tell of own lines that came back."""

    def __init__(self, context: CaseContext) -> None:
        self._context = context

    def __call__(self, tx: Tx, lines: Sequence[bytes]) -> None:
        """Keeps every own entry about a case, and brings the cases up to them, in the transaction that stores them."""
        if not isinstance(tx, SqlTx):
            raise TypeError("cases are kept on the node's own stores")
        subjects: dict[str, None] = {}
        for line in lines:
            entry = _read(line)
            if entry is not None and entry.type in _APPLY and _keep(tx.session, entry):
                subjects[entry.subject] = None
        tx.session.flush()
        for case_id in subjects:
            left = settle(self._context, tx.session, case_id)
            if left:
                detail = {"case": case_id, "entries": left}
                tx.alert(Alert("case-restoring", "warning", "", detail), self._context.now())


def is_answered(session: Session, offer: str) -> bool:
    """Whether this node has answered an offer before its database was lost: nobody judges it anew."""
    kept = select(CaseReimportedRow).where(
        CaseReimportedRow.offer == offer,
        CaseReimportedRow.type.in_(("case.taken.v1", "case.declined.v1")),
        CaseReimportedRow.applied_at.is_(None),
    )
    return session.scalars(kept.limit(1)).first() is not None


def settle(context: CaseContext, session: Session, case_id: str) -> int:
    """Applies what waits about a case, in the order written, as far as it can; returns how many still wait."""
    waiting = session.scalars(
        select(CaseReimportedRow)
        .where(CaseReimportedRow.case_id == case_id, CaseReimportedRow.applied_at.is_(None))
        .order_by(CaseReimportedRow.position)
    ).all()
    for place, row in enumerate(waiting):
        if not _APPLY[row.type](_again(context, row), session, row):
            return len(waiting) - place
        row.applied_at = context.now()
        session.flush()
    return 0


def _read(line: bytes) -> Entry | None:
    try:
        return parse_entry(line)
    except EntryError:
        return None  # erased since


def _keep(session: Session, entry: Entry) -> bool:
    known = select(CaseReimportedRow.position).where(CaseReimportedRow.entry_id == entry.id)
    if session.scalar(known) is not None:
        return False
    session.add(
        CaseReimportedRow(
            entry_id=entry.id,
            case_id=entry.subject,
            offer=str(entry.data.get("offer", "")),
            type=entry.type,
            destination=entry.destination,
            written_at=parse_utc(entry.time),
            data={name: value for name, value in entry.data.items() if name != "sealed"},
            applied_at=None,
        )
    )
    return True


def _again(context: CaseContext, row: CaseReimportedRow) -> CaseContext:
    """The context in which an act is made again: nothing is sent, and its fact says so."""

    def record(session: Session, draft: FactDraft) -> UUID:
        data = {**draft.data, "was": draft.type, "entry": row.entry_id}
        return context.record(session, replace(draft, type=RESTORED, data=data))

    def queue(session: Session, **_entry: Any) -> str:
        return row.entry_id

    return replace(context, record=record, queue=queue)


# --- offers made ---------------------------------------------------------------------------------------------


def _on_offered(context: CaseContext, session: Session, row: CaseReimportedRow) -> bool:
    known = session.get(CaseOfferRow, row.offer)
    if known is not None:
        known.entry_id = known.entry_id or row.entry_id
        return True
    case = lock_row(session, CaseRow, row.case_id)
    if case is None:
        case = _known_by_entries(context, session, row)
        if case is None:
            return False
    stated = int(row.data["custody"])
    if case.custody >= stated:
        _put_offer(context, session, row, "TAKEN")
        return True
    if case.custodian != context.code or case.custody != stated - 1:
        return False
    if case.custody_state == Custody.OFFERED and not _take_back_offer(context, session, case):
        return False
    _offer_again(context, session, case, row)
    return True


def _offer_again(context: CaseContext, session: Session, case: CaseRow, row: CaseReimportedRow) -> None:
    data = row.data
    case.custody_state, case.as_of = Custody.OFFERED.value, row.written_at
    case.status, case.seq = str(data.get("status", case.status)), max(case.seq, int(data.get("seq", 0)))
    case.pre_reviewed = case.pre_reviewed or data.get("mode") == "referral"
    case.watchers = [str(node) for node in data.get("watchers", case.watchers)]
    if data.get("mode") == "proxy":
        case.entrustment = _entrusted_and_offered(case.entrustment)
    offer = _put_offer(context, session, row, "WAITING")
    if case.channel == UNKNOWN_CHANNEL:
        put_stated_clocks(
            context, session, case, data.get("clocks", []), at=format_utc(row.written_at), ours=True
        )
    told = {"offer": offer.id, "to": offer.addressee, "mode": offer.mode}
    record_fact(context, session, case, row.type.removesuffix(".v1"), MACHINE, data=told)


def _entrusted_and_offered(state: str) -> str:
    for act in (EntrustmentAct.COLLECT, EntrustmentAct.OFFER):
        moved = ENTRUSTMENT_TABLE.get((act, Entrustment(state))) if state else Entrustment.OFFERED
        state = state if moved is None else moved.value
    return state


def _put_offer(context: CaseContext, session: Session, row: CaseReimportedRow, state: str) -> CaseOfferRow:
    data, at = row.data, row.written_at
    day = data.get("offered_on")
    offer = CaseOfferRow(
        id=row.offer,
        case_id=row.case_id,
        direction="out",
        custody=int(data["custody"]),
        offered_by=context.code,
        addressee=row.destination,
        mode=str(data.get("mode", "return")),
        state=state,
        doubt="",
        missing=[],
        offered_on=datetime.fromisoformat(str(day)).date() if day else local_date(at),
        offered_at=parse_utc(str(data["offered_at"])) if data.get("offered_at") else at,
        entry_id=row.entry_id,
    )
    session.add(offer)
    session.flush()
    return offer


def _take_back_offer(context: CaseContext, session: Session, case: CaseRow) -> bool:
    """An offer made since the database was restored, not sent yet: the one that was sent before stands."""
    made = session.scalars(
        select(CaseOfferRow).where(
            CaseOfferRow.case_id == case.id, CaseOfferRow.direction == "out", CaseOfferRow.state == "WAITING"
        )
    ).first()
    if made is None or not context.take_back(session, made.entry_id):
        return False
    session.delete(made)
    session.flush()
    return True


def _known_by_entries(context: CaseContext, session: Session, row: CaseReimportedRow) -> CaseRow | None:
    """A row in the place of one that was lost: of a matter that began here. None where that cannot be."""
    data = row.data
    version = context.version(session, str(data.get("item_version", "")))
    number = str(data.get("number", ""))
    taken = session.scalars(select(CaseRow.id).where(CaseRow.number == number)).first()
    if data.get("home") != context.code or int(data["custody"]) != 1 or version is None or taken is not None:
        return None
    case = CaseRow(
        id=row.case_id,
        number=number,
        item_code=version.code,
        item_version=version.hash,
        handling=str(version.handling),
        home=context.code,
        custodian=context.code,
        custody=0,
        custody_state=Custody.HERE.value,
        seq=int(data.get("seq", 1)),
        status=str(data.get("status", Status.RECEIVED.value)),
        channel=UNKNOWN_CHANNEL,
        via_proxy=data.get("mode") == "proxy",
        received_on=datetime.strptime(number[_DAY], "%Y%m%d").date(),  # noqa: DTZ007  a day
        registered_at=row.written_at,
        as_of=row.written_at,
        watchers=[],
        personal=None,
    )
    session.add(case)
    session.flush()
    session.add(
        CaseCustodyRow(
            case_id=case.id, custody=0, node=context.code, offered_at=None, taken_at=row.written_at
        )
    )
    _reach_number(session, f"case:{case.received_on}", int(number[_RUNNING]))
    return case


def _reach_number(session: Session, series: str, wanted: int) -> None:
    """No number that was given before the loss is given again."""
    while last_number(session, series) < wanted:
        next_number(session, series)


# --- answers given, changes made -----------------------------------------------------------------------------


def _on_taken(context: CaseContext, session: Session, row: CaseReimportedRow) -> bool:
    offer = session.get(CaseOfferRow, row.offer)
    if offer is None:
        return False  # it comes again, and is taken then
    if offer.state != "WAITING" or offer.direction != "in":
        return True
    version = context.version(session, str((offer.open_data or {}).get("item_version", "")))
    if version is None or not offer.package:
        return False
    post = str(row.data.get("post", ""))
    worker = MACHINE if row.data.get("by") == "machine" else replace(MACHINE, post=post)
    case = take(context, session, offer, worker, version)
    offer.answered_at = parse_utc(str(row.data["taken_at"]))
    case.as_of = offer.answered_at
    return True


def _on_declined(context: CaseContext, session: Session, row: CaseReimportedRow) -> bool:
    offer = session.get(CaseOfferRow, row.offer)
    if offer is None:
        return False
    if offer.state == "WAITING" and offer.direction == "in":
        offer.state, offer.answered_at, offer.package = "DECLINED", row.written_at, None
        offer.doubt = str(row.data.get("reason", ""))
        offer.missing = [str(one) for one in row.data.get("missing", [])]
        draft = FactDraft(
            type="case.declined",
            at=context.now(),
            actor="machine",
            post=MACHINE.post,
            case=row.case_id,
            number=str((offer.open_data or {}).get("number", "")),
            reason=offer.doubt,
            data={"offer": offer.id, "missing": list(offer.missing)},
        )
        context.record(session, draft)
    return True


def _on_status(context: CaseContext, session: Session, row: CaseReimportedRow) -> bool:
    if "offered_to" in row.data:
        return True  # an announcement: the offer itself says it
    case = lock_row(session, CaseRow, row.case_id)
    if case is None:
        return False
    verdict = judge_number(case.custody, int(row.data["custody"]))
    if verdict == "older" or (verdict == "current" and int(row.data["seq"]) <= case.seq):
        return True
    if verdict == "newer" or case.custodian != context.code or case.custody_state != Custody.HERE:
        return False
    note_change(context, session, case, context.code, row.data, ours=True)
    record_fact(
        context,
        session,
        case,
        f"case.{row.data.get('act') or 'change'}",
        MACHINE,
        seq=case.seq,
        source=str(row.data["from"]),
        target=case.status,
        paper=str(row.data.get("paper", "")),
    )
    return True


def _on_supplement(context: CaseContext, session: Session, row: CaseReimportedRow) -> bool:
    """The notice of a custodian; what a home sent up was sealed, and shows in the custodian's next change."""
    missing = row.data.get("missing")
    if not missing:
        return True
    case = lock_row(session, CaseRow, row.case_id)
    if case is None or case.custody < int(row.data["custody"]):
        return False
    mark_missing(session, case, [str(material) for material in missing], int(row.data.get("seq", case.seq)))
    return True


def _on_withdrawn(context: CaseContext, session: Session, row: CaseReimportedRow) -> bool:
    case = lock_row(session, CaseRow, row.case_id)
    if case is None:
        return False
    case.withdrawal_asked_at = case.withdrawal_asked_at or parse_utc(str(row.data["at"]))
    return True


_Applying = Callable[[CaseContext, Session, CaseReimportedRow], bool]
"""Applies one kept entry; False: it waits for an event that comes again."""
_APPLY: Mapping[str, _Applying] = {
    "case.offered.v1": _on_offered,
    "case.returned.v1": _on_offered,
    "case.taken.v1": _on_taken,
    "case.declined.v1": _on_declined,
    "case.status.v1": _on_status,
    "case.supplement.v1": _on_supplement,
    "case.withdrawn.v1": _on_withdrawn,
}
