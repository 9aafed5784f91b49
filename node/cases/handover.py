"""Custody moves: offers made here, answers that come back, results sent home.

Every function works inside the caller's transaction and writes the row, the fact and the outgoing entry together.
Source: federation.md §8, requirements.md §4.3.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.change import clocks_of, put_clocks, require_version, tell_watchers
from node.cases.context import CaseContext, Worker
from node.cases.custody import Custody, CustodyAct, Mode, next_custody
from node.cases.entrustment import Entrustment, EntrustmentAct, next_entrustment
from node.cases.intake_problems import no_level_above, proxy_needs_entrustment
from node.cases.problems import not_here
from node.cases.routes import Desk, desk_for
from node.cases.sending_problems import nothing_to_return, pre_review_first, stays_here
from node.cases.states import Letter, Status
from node.cases.tables import AttachmentRow, CaseChangeRow, CaseMaterialRow, CaseOfferRow, CaseRow

RESULT_DAYS = 2
"""T7 on the way back: result in → handed to the citizen; requirements.md §4.2."""
RETURNABLE = frozenset({Status.ISSUED, Status.REFUSED})


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
        destination: the addressee where the way leads down (a child of the deciding level).

    Raises:
        Problem: the case is not here, is decided here, is not pre-reviewed, the level does not exist in this
            network, or the entrustment is missing.
    """
    if case.custodian != context.code or case.custody_state != Custody.HERE:
        raise not_here(case)
    version = require_version(context, session, case)
    desk = desk_for(version, context.level)
    addressee = _addressee(context, session, case, desk, destination)
    if desk.mode is Mode.PROXY:
        _entrust(case, entrustment_signed)
    case.custody_state = next_custody(CustodyAct.OFFER, Custody(case.custody_state)).value
    case.as_of = context.now()
    row = CaseOfferRow(
        id=str(uuid.uuid4()),
        case_id=case.id,
        direction="out",
        custody=case.custody + 1,
        offered_by=context.code,
        addressee=addressee,
        mode=(desk.mode or Mode.HANDOVER).value,
        state="WAITING",
        doubt="",
        missing=[],
        offered_on=context.today(),
    )
    session.add(row)
    attachments = _attachments(session, case.id)
    data = {
        **_open_package(context, session, case, row),
        "blobs": [{"sha256": a.sha256, "size": a.size, "media": a.media} for a in attachments],
    }
    context.queue(
        session,
        destination=addressee,
        subject=case.id,
        type="case.offered.v1",
        data=data,
        sealed=_sealed_package(session, case, attachments),
    )
    _record(
        context, session, case, "case.offered", worker, {"offer": row.id, "to": addressee, "mode": row.mode}
    )
    _announce(context, session, case, row)
    session.flush()
    return row


def return_result(context: CaseContext, session: Session, case: CaseRow, worker: Worker) -> CaseOfferRow:
    """Offers the decided case back to its home, which hands the result to the citizen.

    Raises:
        Problem: not here, nothing decided yet, or the case is at home already.
    """
    if case.custodian != context.code or case.custody_state != Custody.HERE:
        raise not_here(case)
    if case.home == context.code or Status(case.status) not in RETURNABLE:
        raise nothing_to_return(case)
    case.custody_state = next_custody(CustodyAct.OFFER, Custody(case.custody_state)).value
    case.as_of = context.now()
    row = CaseOfferRow(
        id=str(uuid.uuid4()),
        case_id=case.id,
        direction="out",
        custody=case.custody + 1,
        offered_by=context.code,
        addressee=case.home,
        mode="return",
        state="WAITING",
        doubt="",
        missing=[],
        offered_on=context.today(),
    )
    session.add(row)
    paper = session.scalars(
        select(CaseChangeRow.paper)
        .where(CaseChangeRow.case_id == case.id, CaseChangeRow.paper != "")
        .order_by(CaseChangeRow.seq.desc())
        .limit(1)
    ).first()
    result = "granted" if case.status == Status.ISSUED else "refused"
    context.queue(
        session,
        destination=case.home,
        subject=case.id,
        type="case.returned.v1",
        data={
            "offer": row.id,
            "custody": row.custody,
            "case": case.id,
            "result": result,
            "paper": paper or "",
            "seq": case.seq,
            "status": case.status,
        },
        sealed={"result": (case.personal or {}).get("result", {})},
    )
    _record(context, session, case, "case.return_offered", worker, {"offer": row.id, "to": case.home})
    session.flush()
    return row


def offer_taken(context: CaseContext, session: Session, case: CaseRow, row: CaseOfferRow, at: str) -> None:
    """The addressee took the case: custody is its own from now on; this node keeps a mirror."""
    row.state, row.answered_at = "TAKEN", context.now()
    case.custody_state = next_custody(CustodyAct.TAKEN_BY_OTHER, Custody(case.custody_state)).value
    case.custodian, case.custody, case.as_of = row.addressee, row.custody, context.now()
    case.watchers = []
    clocks = clock_rules.turn(
        clocks_of(session, case.id),
        starts={},
        stops=("T7", "T1"),
        pauses=(),
        resumes=(),
        on=context.today(),
        calendar=context.calendar,
    )
    put_clocks(session, case, clocks)
    context.record(
        session,
        type="case.custody_left",
        actor="machine",
        post="",
        case=case.id,
        item=case.item_code,
        number=case.number,
        data={"offer": row.id, "to": row.addressee, "taken_at": at},
    )
    session.flush()


def offer_declined(
    context: CaseContext, session: Session, case: CaseRow, row: CaseOfferRow, reason: str, missing: list[str]
) -> None:
    """The addressee declined: custody stays here; missing materials become that level's one-time notice."""
    row.state, row.answered_at = "DECLINED", context.now()
    row.doubt, row.missing = reason, list(missing)
    case.custody_state = next_custody(CustodyAct.DECLINED_BY_OTHER, Custody(case.custody_state)).value
    case.as_of = context.now()
    if case.entrustment == Entrustment.OFFERED:
        case.entrustment = next_entrustment(EntrustmentAct.SENT_BACK, Entrustment(case.entrustment)).value
    context.record(
        session,
        type="case.offer_declined",
        actor="machine",
        post="",
        case=case.id,
        item=case.item_code,
        number=case.number,
        reason=reason,
        data={"offer": row.id, "by": row.addressee, "missing": list(missing)},
    )
    session.flush()


def mark_missing(session: Session, case: CaseRow, missing: list[str], seq: int) -> None:
    """Notes which materials a notice asked for."""
    for material in session.scalars(select(CaseMaterialRow).where(CaseMaterialRow.case_id == case.id)):
        if material.material in missing:
            material.present, material.received_at, material.asked_in = False, None, seq
    session.flush()


def start_hand_over(context: CaseContext, session: Session, case: CaseRow) -> None:
    """The result is back at home: T7 counts the days until the citizen has it."""
    if case.entrustment == Entrustment.OFFERED:
        case.entrustment = next_entrustment(EntrustmentAct.RESULT, Entrustment(case.entrustment)).value
    clocks = clock_rules.turn(
        clocks_of(session, case.id),
        starts={"T7": RESULT_DAYS},
        stops=(),
        pauses=(),
        resumes=(),
        on=context.today(),
        calendar=context.calendar,
    )
    put_clocks(session, case, clocks)


def _addressee(
    context: CaseContext, session: Session, case: CaseRow, desk: Desk, destination: str | None
) -> str:
    if desk.next_level is None:
        raise stays_here(case)
    if desk.reviews and not case.pre_reviewed:
        raise pre_review_first(case)
    addressee = context.ancestor_at(session, desk.next_level) or destination
    if addressee is None:
        raise no_level_above(desk.next_level)
    return addressee


def _entrust(case: CaseRow, signed: bool) -> None:
    if case.entrustment == Entrustment.ENTRUSTED:
        if not signed:
            raise proxy_needs_entrustment()
        case.entrustment = next_entrustment(EntrustmentAct.COLLECT, Entrustment.ENTRUSTED).value
    if case.entrustment == Entrustment.COLLECTED:
        case.entrustment = next_entrustment(EntrustmentAct.OFFER, Entrustment.COLLECTED).value


def _attachments(session: Session, case_id: str) -> list[AttachmentRow]:
    return list(
        session.scalars(
            select(AttachmentRow).where(AttachmentRow.case_id == case_id).order_by(AttachmentRow.sha256)
        )
    )


def _open_package(context: CaseContext, session: Session, case: CaseRow, row: CaseOfferRow) -> dict[str, Any]:
    alive = [clock for clock in clocks_of(session, case.id) if clock.state != "stopped" and clock.id != "T7"]
    today = context.today()
    return {
        "offer": row.id,
        "custody": row.custody,
        "case": case.id,
        "number": case.number,
        "item": case.item_code,
        "item_version": case.item_version,
        "home": case.home,
        "mode": row.mode,
        "offered_on": row.offered_on.isoformat(),
        "clocks": [
            {
                "id": clock.id,
                "started_on": clock.started_on.isoformat(),
                "used_days": clock_rules.used(clock, today, context.calendar),
                "due_on": clock.due_on.isoformat() if clock.due_on is not None else None,
            }
            for clock in alive
        ],
        "seq": case.seq,
        "status": case.status,
    }


def _sealed_package(session: Session, case: CaseRow, attachments: list[AttachmentRow]) -> dict[str, Any]:
    personal = case.personal or {}
    present = session.scalars(
        select(CaseMaterialRow.material)
        .where(CaseMaterialRow.case_id == case.id, CaseMaterialRow.present)
        .order_by(CaseMaterialRow.material)
    )
    return {
        "applicant": personal.get("applicant", {}),
        "form": personal.get("form", {}),
        "materials": list(present),
        "opinion": personal.get("opinion", ""),
        "attachments": [
            {"sha256": a.sha256, "material": a.material, "size": a.size, "media": a.media, **(a.secret or {})}
            for a in attachments
        ],
        "received_on": case.received_on.isoformat(),
        "channel": case.channel,
    }


def _announce(context: CaseContext, session: Session, case: CaseRow, row: CaseOfferRow) -> None:
    """Tells the mirrors to whom the case was offered, so that they can judge the taking (sender table)."""
    change = CaseChangeRow(
        seq=case.seq, source=case.status, target=case.status, at=context.now(), post="", paper=""
    )
    tell_watchers(context, session, case, change, [], extra={"offered_to": row.addressee, "offer": row.id})


def _record(
    context: CaseContext, session: Session, case: CaseRow, type: str, worker: Worker, data: Mapping[str, Any]
) -> None:
    context.record(
        session,
        type=type,
        actor=worker.actor,
        post=worker.post,
        case=case.id,
        item=case.item_code,
        item_version=case.item_version,
        number=case.number,
        authorization=worker.authorization,
        data=data,
    )


MACHINE_LETTERS = frozenset({Letter.UP, Letter.SY})
