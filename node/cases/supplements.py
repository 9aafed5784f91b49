"""Supplementing a case, here or above, and withdrawing it (`case.supplement.v1`, `case.withdrawn.v1`).

Custodian down: a notice of everything that is missing, relayed to the citizen by the home. Home up: what the citizen
brought. Custody stays above. Source: requirements.md §4.3 (one notice), D2; federation.md §8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.change import perform, require_version
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.facts import record_fact
from node.cases.handover import mark_missing
from node.cases.package import attachments_of, blob_list, put_attachments, sealed_attachments
from node.cases.problems import not_here
from node.cases.sending_problems import decided_already, nothing_missing
from node.cases.states import BEFORE_DECISION, Act, Status
from node.cases.tables import CaseMaterialRow, CaseOfferRow, CaseRow
from node.cases.workers import MACHINE, Worker, authorize
from node.kernel.clock import format_utc


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
    asked = {"missing": sorted(set(missing))}
    change = perform(
        context, session, case, Act.GIVE_NOTICE, worker, reason="missing", content=asked, data=asked
    )
    mark_missing(session, case, asked["missing"], change.seq)
    if case.home != context.code:
        data = {
            "case": case.id,
            "custody": case.custody,
            "seq": change.seq,
            "notice": change.paper,
            "missing": asked["missing"],
        }
        context.queue(session, destination=case.home, subject=case.id, type="case.supplement.v1", data=data)


def resupply(
    context: CaseContext, session: Session, case: CaseRow, worker: Worker, present: Sequence[str]
) -> bool:
    """The applicant brought what was missing: taken in here, or sent up to the custodian.

    Returns:
        True when it is taken in here, False when it is on its way to the custodian.

    Raises:
        Problem: nothing was asked for, the material is not on the list, or no right.
    """
    rows = {
        row.material: row
        for row in session.scalars(select(CaseMaterialRow).where(CaseMaterialRow.case_id == case.id))
    }
    if not present or not set(present) <= set(rows):
        raise nothing_missing()
    brought = sorted(set(present))
    here = case.custodian == context.code and case.custody_state == Custody.HERE
    if here:
        perform(
            context,
            session,
            case,
            Act.RESUPPLY,
            worker,
            data={"present": brought},
            materials=_as_materials(session, case.id, brought),
        )
    elif case.home == context.code and _asked_above(case):
        version = require_version(context, session, case)
        acting = authorize(worker, Act.RESUPPLY.value, case, version)
        _send_up(context, session, case, acting, brought)
    else:
        raise not_here(case, context.name_of(session, case.custodian))
    for material in brought:
        rows[material].present, rows[material].received_at = True, context.now()
    session.flush()
    return here


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
        seq = int(data.get("seq", case.seq))
        asked = session.scalars(
            select(CaseMaterialRow.asked_in).where(CaseMaterialRow.case_id == case.id)
        ).all()
        if seq > max(asked, default=0):  # said again, it takes nothing away that was brought since
            mark_missing(session, case, [str(material) for material in data.get("missing", [])], seq)
        return
    if sender != case.home or case.custodian != context.code or Status(case.status) is not Status.CORRECTION:
        return
    if not sealed:
        return  # it comes again, sealed, once the home knows this node's key
    rows = {
        row.material: row
        for row in session.scalars(select(CaseMaterialRow).where(CaseMaterialRow.case_id == case.id))
    }
    brought = sorted({str(material) for material in sealed.get("materials", [])} & set(rows))
    put_attachments(session, case.id, sealed.get("attachments", []), at)
    perform(
        context,
        session,
        case,
        Act.RESUPPLY,
        MACHINE,
        data={"present": brought},
        materials=_as_materials(session, case.id, brought),
    )
    for material in brought:
        rows[material].present, rows[material].received_at = True, at
    session.flush()


def withdraw(context: CaseContext, session: Session, case: CaseRow, worker: Worker) -> bool:
    """The applicant stops the matter. Returns True when it is withdrawn now, False when it was asked for above.

    Raises:
        Problem: the case is decided, is neither held here nor at home here, or no right.
    """
    if case.custodian == context.code and case.custody_state == Custody.HERE:
        if Status(case.status) not in BEFORE_DECISION:
            raise decided_already(case.number)
        perform(context, session, case, Act.WITHDRAW, worker, reason="applicant")
        return True
    if case.home != context.code:
        raise not_here(case, context.name_of(session, case.custodian))
    if Status(case.status) not in BEFORE_DECISION:
        raise decided_already(case.number)
    acting = authorize(worker, Act.WITHDRAW.value, case, require_version(context, session, case))
    case.withdrawal_asked_at = context.now()
    addressee = case.custodian
    if case.custody_state == Custody.OFFERED:
        addressee = _waiting_addressee(session, case)
    ask_withdrawal(context, session, case, addressee)
    record_fact(context, session, case, "case.withdrawal_asked", acting, data={"of": addressee})
    session.flush()
    return False


def ask_withdrawal(context: CaseContext, session: Session, case: CaseRow, addressee: str) -> None:
    """Queues the request to whoever holds the case, or is about to."""
    data = {
        "case": case.id,
        "custody": case.custody + (case.custody_state == Custody.OFFERED),
        "by": "applicant",
        "at": format_utc(case.withdrawal_asked_at or context.now()),
    }
    context.queue(session, destination=addressee, subject=case.id, type="case.withdrawn.v1", data=data)


def _asked_above(case: CaseRow) -> bool:
    return case.custody_state == Custody.AWAY and Status(case.status) is Status.CORRECTION


def _as_materials(session: Session, case_id: str, materials: Sequence[str]) -> list[dict[str, str]]:
    """What a fact commits to: each material, with the hash of its attachment's ciphertext where it has one."""
    by_material = {row.material: row.sha256 for row in attachments_of(session, case_id, materials)}
    return [{"material": one, "sha256": by_material.get(one, "")} for one in materials]


def _waiting_addressee(session: Session, case: CaseRow) -> str:
    return session.scalars(
        select(CaseOfferRow.addressee)
        .where(
            CaseOfferRow.case_id == case.id, CaseOfferRow.direction == "out", CaseOfferRow.state == "WAITING"
        )
        .limit(1)
    ).one()


def _send_up(
    context: CaseContext, session: Session, case: CaseRow, worker: Worker, present: Sequence[str]
) -> None:
    attachments = attachments_of(session, case.id, present)
    context.queue(
        session,
        destination=case.custodian,
        subject=case.id,
        type="case.supplement.v1",
        data={"case": case.id, "custody": case.custody, "blobs": blob_list(attachments)},
        sealed={"materials": list(present), "attachments": sealed_attachments(attachments)},
    )
    record_fact(
        context,
        session,
        case,
        "case.supplement_sent",
        worker,
        materials=_as_materials(session, case.id, present),
        data={"present": list(present), "to": case.custodian},
    )
