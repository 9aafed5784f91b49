"""Custody moves: offers made here, answers that come back, results sent home.

Every function works inside the caller's transaction and writes the row, the fact and the outgoing entry together.
Source: federation.md §8, requirements.md §4.3.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.change import perform, put_clocks, require_here, require_version, tell_watchers
from node.cases.context import CaseContext
from node.cases.custody import Custody, CustodyAct, Mode, next_custody
from node.cases.entrustment import Entrustment, EntrustmentAct, next_entrustment
from node.cases.facts import clocks_of, open_clocks, record_fact
from node.cases.intake_problems import LEVEL_WORDS, no_level_above, proxy_needs_entrustment
from node.cases.package import note_custody, open_package, sealed_package
from node.cases.routes import NETWORK_LEVELS, Desk, desk_for
from node.cases.sending_problems import (
    destination_needed,
    destination_wrong,
    nothing_to_offer,
    nothing_to_return,
    pre_review_first,
    stays_here,
)
from node.cases.states import BEFORE_DECISION, Act, Status
from node.cases.tables import CaseChangeRow, CaseMaterialRow, CaseOfferRow, CaseRow
from node.cases.workers import MACHINE, Worker, authorize
from node.kernel.clock import format_utc, local_date
from node.kernel.faultpoints import reach_around

RESULT_DAYS = 2
"""T7 on the way back: result in → handed to the citizen; requirements.md §4.2."""
RETURNABLE = frozenset({Status.ISSUED, Status.REFUSED})
OFFERABLE = frozenset({Status.RECEIVED, Status.IN_REVIEW})
"""A matter is handed up as received, or under review once the first review is written."""


def offer(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    worker: Worker,
    *,
    entrustment_signed: bool = False,
    destination: str | None = None,
) -> CaseOfferRow:
    """Offers a case to the node that handles it next (待上送).

    Args:
        entrustment_signed: the applicant signed the 委托书; needed for proxied matters, once.
        destination: the addressee where the way leads down; ignored where it leads up.

    Raises:
        Problem: the case is not here, is decided here, is not pre-reviewed, waits for the applicant, the level does
            not exist in this network, the entrustment is missing, or no right.
    """
    require_here(context, session, case)
    version = require_version(context, session, case)
    acting = authorize(worker, "offer", case, version)
    desk = desk_for(version, context.level)
    addressee = _addressee(context, session, case, desk, destination)
    if desk.mode is Mode.PROXY:
        _entrust(case, entrustment_signed)
    row = _put_out(context, session, case, addressee, (desk.mode or Mode.HANDOVER).value)
    announce(context, session, case, row)
    row.entry_id = context.queue(
        session,
        destination=addressee,
        subject=case.id,
        type="case.offered.v1",
        data=open_package(context, session, case, row),
        sealed=sealed_package(session, case),
    )
    told = {"offer": row.id, "to": addressee, "mode": row.mode}
    record_fact(context, session, case, "case.offered", acting, data=told)
    session.flush()
    return row


def return_result(context: CaseContext, session: Session, case: CaseRow, worker: Worker) -> CaseOfferRow:
    """Offers the decided case back to its home, which hands the result to the citizen.

    Raises:
        Problem: not here, nothing decided yet, the case is at home already, or no right.
    """
    require_here(context, session, case)
    if case.home == context.code or Status(case.status) not in RETURNABLE:
        raise nothing_to_return(case)
    acting = authorize(worker, "offer", case, require_version(context, session, case))
    row = _put_out(context, session, case, case.home, "return")
    announce(context, session, case, row)
    row.entry_id = context.queue(
        session,
        destination=case.home,
        subject=case.id,
        type="case.returned.v1",
        data={
            "offer": row.id,
            "custody": row.custody,
            "case": case.id,
            "result": "granted" if case.status == Status.ISSUED else "refused",
            "paper": _last_paper(session, case.id),
            "offered_at": format_utc(context.now()),
            "seq": case.seq,
            "status": case.status,
            "clocks": open_clocks(context, session, case.id),
            "watchers": [node for node in case.watchers if node != case.home],
        },
        sealed={"result": (case.personal or {}).get("result", {})},
    )
    record_fact(
        context, session, case, "case.return_offered", acting, data={"offer": row.id, "to": case.home}
    )
    session.flush()
    return row


def offer_taken(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    row: CaseOfferRow,
    at: datetime,
    clocks: Sequence[Mapping[str, Any]],
) -> None:
    """The addressee took the case: custody is its own from now on; this node keeps a mirror."""
    row.state, row.answered_at = "TAKEN", at
    row.received_at = row.received_at or context.receipt_at(session, case.id, row.entry_id)
    case.custody_state = next_custody(CustodyAct.TAKEN_BY_OTHER, Custody(case.custody_state)).value
    mirror_custody(context, session, case, row, at, clocks)
    case.watchers = []
    data = {"offer": row.id, "to": row.addressee}
    record_fact(context, session, case, "case.custody_left", MACHINE, data=data)
    session.flush()


def mirror_custody(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    row: CaseOfferRow,
    at: datetime,
    clocks: Sequence[Mapping[str, Any]],
) -> None:
    """What a mirror learns from a taking: the new custodian, and its clocks."""
    case.custodian, case.custody, case.as_of = row.addressee, row.custody, at
    note_custody(session, case.id, row.custody, row.addressee, row.offered_at, at)
    mirror_clocks(context, session, case, clocks, at)


def mirror_clocks(
    context: CaseContext, session: Session, case: CaseRow, stated: Sequence[Mapping[str, Any]], at: datetime
) -> None:
    """Shows the custodian's clocks: stated ones run as stated, the others stand stopped."""
    on = local_date(at)
    fresh = [clock_rules.mirrored(clock, on, context.calendar) for clock in stated]
    named = {clock.id for clock in fresh}
    old = [
        clock_rules.stop(clock, on, context.calendar)
        for clock in clocks_of(session, case.id)
        if clock.id not in named
    ]
    put_clocks(context, session, case, [*old, *fresh], ours=False)


def offer_declined(
    context: CaseContext, session: Session, case: CaseRow, row: CaseOfferRow, reason: str, missing: list[str]
) -> None:
    """The addressee declined: custody stays here; what is missing becomes that level's one-time notice."""
    row.state, row.answered_at = "DECLINED", context.now()
    row.doubt, row.missing = reason, list(missing)
    case.custody_state = next_custody(CustodyAct.DECLINED_BY_OTHER, Custody(case.custody_state)).value
    case.as_of = context.now()
    if case.entrustment == Entrustment.OFFERED:
        case.entrustment = next_entrustment(EntrustmentAct.SENT_BACK, Entrustment.OFFERED).value
    data = {"offer": row.id, "by": row.addressee, "missing": list(missing)}
    record_fact(context, session, case, "case.offer_declined", MACHINE, reason=reason, data=data)
    if case.withdrawal_asked_at is not None and Status(case.status) in BEFORE_DECISION:
        perform(context, session, case, Act.WITHDRAW, MACHINE, reason="applicant")
    elif reason == "missing" and case.status == Status.RECEIVED:
        asked = {"missing": list(missing), "asked_by": row.addressee}
        change = perform(
            context, session, case, Act.GIVE_NOTICE, MACHINE, reason="missing", content=asked, data=asked
        )
        mark_missing(session, case, missing, change.seq)
    session.flush()


def note_receipts(context: CaseContext, session: Session, limit: int = 200) -> int:
    """Notes when the next node received what was offered; for a job that looks often. Returns how many were noted.

    The receipt at hand proves the time only while it is the newest; what is noted stays.
    """
    waiting = select(CaseOfferRow).where(
        CaseOfferRow.direction == "out", CaseOfferRow.state == "WAITING", CaseOfferRow.received_at.is_(None)
    )
    noted = 0
    for row in session.scalars(waiting.order_by(CaseOfferRow.offered_on, CaseOfferRow.id).limit(limit)).all():
        row.received_at = context.receipt_at(session, row.case_id, row.entry_id)
        noted += row.received_at is not None
    session.flush()
    return noted


def mark_missing(session: Session, case: CaseRow, missing: Sequence[str], seq: int) -> None:
    """Notes which materials a notice asked for."""
    for material in session.scalars(select(CaseMaterialRow).where(CaseMaterialRow.case_id == case.id)):
        if material.material in missing:
            material.present, material.received_at, material.asked_in = False, None, seq
    session.flush()


def start_hand_over(context: CaseContext, session: Session, case: CaseRow) -> None:
    """The result is back at home: T7 counts the days until the citizen has it."""
    if case.entrustment == Entrustment.OFFERED:
        case.entrustment = next_entrustment(EntrustmentAct.RESULT, Entrustment.OFFERED).value
    clocks = clock_rules.turn(
        clocks_of(session, case.id),
        starts={"T7": RESULT_DAYS},
        stops=(),
        pauses=(),
        resumes=(),
        on=context.today(),
        calendar=context.calendar,
    )
    put_clocks(context, session, case, clocks)


def announce(context: CaseContext, session: Session, case: CaseRow, row: CaseOfferRow) -> None:
    """Tells the mirrors to whom the case was offered, so that they can judge the taking (sender table).

    It is queued before the offer itself, so that on a common way it arrives before the answer can.
    """
    change = CaseChangeRow(
        seq=case.seq, source=case.status, target=case.status, at=context.now(), post="", paper="", act=""
    )
    told = {"offered_to": row.addressee, "offer": row.id}
    alive = open_clocks(context, session, case.id)
    tell_watchers(context, session, case, change, alive, extra=told)


def _put_out(
    context: CaseContext, session: Session, case: CaseRow, addressee: str, mode: str
) -> CaseOfferRow:
    now = context.now()
    case.custody_state = next_custody(CustodyAct.OFFER, Custody(case.custody_state)).value
    case.as_of = now
    row = CaseOfferRow(
        id=str(uuid.uuid4()),
        case_id=case.id,
        direction="out",
        custody=case.custody + 1,
        offered_by=context.code,
        addressee=addressee,
        mode=mode,
        state="WAITING",
        doubt="",
        missing=[],
        offered_on=context.today(),
        offered_at=now,
        entry_id="",
    )
    session.add(row)
    session.flush()
    reach_around(session, "offer")
    return row


def _addressee(
    context: CaseContext, session: Session, case: CaseRow, desk: Desk, destination: str | None
) -> str:
    if desk.next_level is None:
        raise stays_here(case)
    if Status(case.status) not in OFFERABLE or (desk.reviews and not case.pre_reviewed):
        raise pre_review_first(case) if desk.reviews else nothing_to_offer(case)
    if NETWORK_LEVELS.index(desk.next_level) > NETWORK_LEVELS.index(context.level):
        above = context.ancestor_at(session, desk.next_level)
        if above is None:
            raise no_level_above(desk.next_level)
        return above
    if not destination:
        raise destination_needed(*LEVEL_WORDS[desk.next_level])
    found = context.network.find(session, destination)
    if found is None or found.level != desk.next_level:
        raise destination_wrong(destination)
    return found.code


def _entrust(case: CaseRow, signed: bool) -> None:
    if case.entrustment == Entrustment.ENTRUSTED:
        if not signed:
            raise proxy_needs_entrustment()
        case.entrustment = next_entrustment(EntrustmentAct.COLLECT, Entrustment.ENTRUSTED).value
    if case.entrustment == Entrustment.COLLECTED:
        case.entrustment = next_entrustment(EntrustmentAct.OFFER, Entrustment.COLLECTED).value


def _last_paper(session: Session, case_id: str) -> str:
    found = session.scalars(
        select(CaseChangeRow.paper)
        .where(CaseChangeRow.case_id == case_id, CaseChangeRow.paper != "")
        .order_by(CaseChangeRow.seq.desc())
        .limit(1)
    ).first()
    return found or ""
