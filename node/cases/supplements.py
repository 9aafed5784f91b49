"""Supplementing a case that lies above, and withdrawing it (federation.md §8: `case.supplement.v1`, `case.withdrawn.v1`).

Custodian down: a notice of everything that is missing, relayed to the citizen by the home. Home up: what the citizen
brought. Custody stays above. Source: requirements.md §4.3 (one notice), D2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.change import perform
from node.cases.context import MACHINE, CaseContext, Worker
from node.cases.custody import Custody
from node.cases.handover import mark_missing
from node.cases.problems import not_here
from node.cases.sending_problems import nothing_missing
from node.cases.states import BEFORE_DECISION, Act, Status
from node.cases.tables import AttachmentRow, CaseMaterialRow, CaseOfferRow, CaseRow
from node.kernel.problems import Problem


def give_notice(
    context: CaseContext, session: Session, case: CaseRow, worker: Worker, missing: Sequence[str]
) -> None:
    """The one-time notice (D2): names everything that is missing; goes down to the home when the home is elsewhere.

    Raises:
        Problem: `missing-unnamed`, or a refusal of the act.
    """
    listed = set(session.scalars(select(CaseMaterialRow.material).where(CaseMaterialRow.case_id == case.id)))
    if not missing or not set(missing) <= listed:
        raise nothing_missing()
    ordered = sorted(set(missing))
    change = perform(
        context, session, case, Act.GIVE_NOTICE, worker, reason="missing", data={"missing": ordered}
    )
    mark_missing(session, case, ordered, change.seq)
    if case.home != context.code:
        context.queue(
            session,
            destination=case.home,
            subject=case.id,
            type="case.supplement.v1",
            data={
                "case": case.id,
                "custody": case.custody,
                "notice": change.paper or str(change.seq),
                "missing": ordered,
            },
        )


def resupply(
    context: CaseContext, session: Session, case: CaseRow, worker: Worker, present: Sequence[str]
) -> None:
    """The applicant brought what was missing: taken in here, or sent up to the custodian.

    Raises:
        Problem: nothing was asked for, or the material is not on the list.
    """
    rows = {
        row.material: row
        for row in session.scalars(select(CaseMaterialRow).where(CaseMaterialRow.case_id == case.id))
    }
    if not present or not set(present) <= set(rows):
        raise nothing_missing()
    if case.custodian == context.code:
        perform(context, session, case, Act.RESUPPLY, worker, data={"present": sorted(present)})
    elif case.home != context.code or Status(case.status) is not Status.CORRECTION:
        raise not_here(case)
    else:
        _send_up(context, session, case, present)
    for material in present:
        rows[material].present, rows[material].received_at = True, context.now()
    session.flush()


def receive_supplement(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    sender: str,
    data: Mapping[str, Any],
    sealed: Mapping[str, Any],
    at: datetime,
) -> None:
    """A supplement event: the custodian's notice at the home, or the home's material at the custodian."""
    if sender == case.custodian and case.home == context.code:
        mark_missing(session, case, [str(m) for m in data.get("missing", [])], case.seq)
        return
    if sender != case.home or case.custodian != context.code or Status(case.status) is not Status.CORRECTION:
        return
    brought = [str(material) for material in sealed.get("materials", [])]
    for attachment in sealed.get("attachments", []):
        secret = {k: v for k, v in attachment.items() if k not in {"sha256", "material", "size", "media"}}
        session.merge(
            AttachmentRow(
                case_id=case.id,
                sha256=str(attachment["sha256"]),
                material=str(attachment["material"]),
                size=int(attachment["size"]),
                media=str(attachment["media"]),
                secret=secret,
                added_at=at,
            )
        )
    perform(context, session, case, Act.RESUPPLY, MACHINE, data={"present": sorted(brought)})
    for row in session.scalars(select(CaseMaterialRow).where(CaseMaterialRow.case_id == case.id)):
        if row.material in brought:
            row.present, row.received_at = True, at


def withdraw(context: CaseContext, session: Session, case: CaseRow, worker: Worker) -> bool:
    """The applicant stops the matter. Returns True when it is withdrawn now, False when it was asked for above.

    Raises:
        Problem: the case is decided, or is neither held here nor at home here.
    """
    if case.custodian == context.code and case.custody_state == Custody.HERE:
        perform(context, session, case, Act.WITHDRAW, worker, reason="applicant")
        return True
    if case.home != context.code:
        raise not_here(case)
    if Status(case.status) not in BEFORE_DECISION:
        raise Problem(
            "decided-already",
            "此件已有决定,不能再撤回。如不需要结果,可在送达时说明。",
            "This case is decided; it can no longer be withdrawn.",
            409,
            {"case": case.number},
        )
    addressee = case.custodian
    if case.custody_state == Custody.OFFERED:
        addressee = _waiting_addressee(session, case)
    context.queue(
        session,
        destination=addressee,
        subject=case.id,
        type="case.withdrawn.v1",
        data={
            "case": case.id,
            "custody": case.custody,
            "by": "applicant",
            "at": context.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )
    context.record(
        session,
        type="case.withdrawal_asked",
        actor=worker.actor,
        post=worker.post,
        case=case.id,
        item=case.item_code,
        number=case.number,
        authorization=worker.authorization,
    )
    return False


def _waiting_addressee(session: Session, case: CaseRow) -> str:
    return session.scalars(
        select(CaseOfferRow.addressee)
        .where(
            CaseOfferRow.case_id == case.id, CaseOfferRow.direction == "out", CaseOfferRow.state == "WAITING"
        )
        .limit(1)
    ).one()


def _send_up(context: CaseContext, session: Session, case: CaseRow, present: Sequence[str]) -> None:
    attachments = session.scalars(
        select(AttachmentRow).where(AttachmentRow.case_id == case.id, AttachmentRow.material.in_(present))
    ).all()
    context.queue(
        session,
        destination=case.custodian,
        subject=case.id,
        type="case.supplement.v1",
        data={
            "case": case.id,
            "custody": case.custody,
            "blobs": [{"sha256": a.sha256, "size": a.size, "media": a.media} for a in attachments],
        },
        sealed={
            "materials": sorted(present),
            "attachments": [
                {
                    "sha256": a.sha256,
                    "material": a.material,
                    "size": a.size,
                    "media": a.media,
                    **(a.secret or {}),
                }
                for a in attachments
            ],
        },
    )
