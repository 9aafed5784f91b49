"""The answer to an offer: taken by the machine, or by a person, or declined; once.

Source: federation.md §8 (the addressee alone answers, once: its first logged answer stands), requirements.md §4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.change import clock_days, clocks_of, put_clocks
from node.cases.context import MACHINE, CaseContext, Worker
from node.cases.custody import Custody, Reason, RequiredMaterial, judge_offer
from node.cases.register import blind_indexes, put_materials
from node.cases.routes import deciding_level, review_level
from node.cases.sending_problems import nothing_missing, offer_answered, offer_unknown
from node.cases.states import Status
from node.cases.tables import AttachmentRow, CaseOfferRow, CaseRow
from node.catalogue.rules import ItemVersion


def consider(context: CaseContext, session: Session, row: CaseOfferRow) -> CaseRow | None:
    """The machine's look at an offer just stored: takes it when complete, else leaves it to a person."""
    open_data, package = row.open_data or {}, row.package or {}
    version = context.version(session, str(open_data.get("item_version", "")))
    taking = judge_offer(
        level=context.level,
        deciding_level=deciding_level(version) if version is not None else "",
        review_level=review_level(version) if version is not None else None,
        needed=required_of(version) if version is not None else (),
        present=set(package.get("materials", [])),
        version_known=version is not None,
    )
    if taking.by_machine and version is not None:
        return take(context, session, row, MACHINE, version)
    row.doubt, row.missing = (taking.doubt or Reason.NOT_COMPETENT).value, list(taking.missing)
    session.flush()
    return None


def required_of(version: ItemVersion) -> list[RequiredMaterial]:
    """The item's list as custody rules see it."""
    return [RequiredMaterial(m.id, required=m.required, deferrable=m.deferrable) for m in version.materials]


def find_waiting(session: Session, offer: str) -> CaseOfferRow:
    """An offer made to this node that has no answer yet.

    Raises:
        Problem: `offer-unknown`, `offer-answered`.
    """
    row = session.scalars(
        select(CaseOfferRow).where(CaseOfferRow.id == offer, CaseOfferRow.direction == "in").with_for_update()
    ).one_or_none()
    if row is None:
        raise offer_unknown(offer)
    if row.state != "WAITING":
        raise offer_answered(offer)
    return row


def take_by_person(context: CaseContext, session: Session, offer: str, worker: Worker) -> CaseRow:
    """A person settles the doubt and takes the case.

    Raises:
        Problem: `offer-unknown`, `offer-answered`; the item version is not in this catalogue.
    """
    row = find_waiting(session, offer)
    version = context.version(session, str((row.open_data or {}).get("item_version", "")))
    if version is None:
        raise offer_unknown(offer)
    return take(context, session, row, worker, version)


def decline_by_person(
    context: CaseContext,
    session: Session,
    offer: str,
    worker: Worker,
    reason: Reason,
    missing: Sequence[str] = (),
) -> CaseOfferRow:
    """A person declines; for missing material this is the level's one-time notice.

    Raises:
        Problem: `offer-unknown`, `offer-answered`, `missing-unnamed`.
    """
    row = find_waiting(session, offer)
    if reason is Reason.MISSING and not missing:
        raise nothing_missing()
    row.state, row.answered_at = "DECLINED", context.now()
    row.doubt, row.missing = reason.value, list(missing)
    data = {
        "offer": row.id,
        "custody": row.custody,
        "case": row.case_id,
        "reason": reason.value,
        "missing": list(missing),
    }
    context.queue(
        session, destination=row.offered_by, subject=row.case_id, type="case.declined.v1", data=data
    )
    open_data = row.open_data or {}
    context.record(
        session,
        type="case.declined",
        actor=worker.actor,
        post=worker.post,
        case=row.case_id,
        item=str(open_data.get("item", "")),
        number=str(open_data.get("number", "")),
        reason=reason.value,
        authorization=worker.authorization,
        data={"offer": row.id, "missing": list(missing)},
    )
    row.package = None
    session.flush()
    return row


def take(
    context: CaseContext, session: Session, row: CaseOfferRow, worker: Worker, version: ItemVersion
) -> CaseRow:
    """Custody comes here: the row is made (or the mirror turned), the clock runs from the day of storing."""
    open_data, package = row.open_data or {}, row.package or {}
    now = context.now()
    stored_on = context.local_date(row.stored_at or now)
    case = session.get(CaseRow, row.case_id)
    if case is None:
        case = CaseRow(id=row.case_id, seq=0, pending="", acceptance="", via_proxy=False, entrustment="")
        session.add(case)
    _fill(context, case, row, open_data, package, version, now)
    session.flush()
    put_materials(session, case, version, package.get("materials", []), context)
    _put_attachments(session, case, package, now)
    _start_clocks(context, session, case, open_data, version, stored_on)
    row.state, row.answered_at = "TAKEN", now
    by = "machine" if worker is MACHINE else "post"
    answer = {
        "offer": row.id,
        "custody": row.custody,
        "case": case.id,
        "by": by,
        "post": worker.post,
        "taken_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for node in dict.fromkeys((row.offered_by, case.home)):
        context.queue(session, destination=node, subject=case.id, type="case.taken.v1", data=answer)
    case.fact_id = context.record(
        session,
        type="case.taken",
        actor=worker.actor,
        post=worker.post,
        case=case.id,
        seq=case.seq,
        item=case.item_code,
        item_version=case.item_version,
        number=case.number,
        authorization=worker.authorization,
        clocks=[
            clock_rules.open_form(clock) for clock in clocks_of(session, case.id) if clock.state != "stopped"
        ],
        data={"offer": row.id, "from": row.offered_by, "mode": row.mode, "by": by},
    )
    session.flush()
    return case


def _fill(
    context: CaseContext,
    case: CaseRow,
    row: CaseOfferRow,
    open_data: Mapping[str, Any],
    package: Mapping[str, Any],
    version: ItemVersion,
    now: datetime,
) -> None:
    applicant = dict(package.get("applicant", {}))
    case.number = str(open_data["number"])
    case.item_code, case.item_version = version.code, version.hash
    case.handling = str(version.handling)
    case.home = str(open_data["home"])
    case.custodian, case.custody, case.custody_state = context.code, row.custody, Custody.HERE.value
    case.seq = max(case.seq, int(open_data.get("seq", 1)))
    case.status = str(open_data.get("status", Status.RECEIVED.value))
    case.pre_reviewed = row.mode == "referral"
    case.channel = str(package.get("channel", "window"))
    case.post = ""
    case.received_on = date.fromisoformat(str(package.get("received_on", open_data["offered_on"])))
    case.registered_at = case.registered_at or now
    case.as_of = now
    case.watchers = list(dict.fromkeys((case.home, row.offered_by)))
    case.personal = {
        "applicant": applicant,
        "form": dict(package.get("form", {})),
        "opinion": str(package.get("opinion", "")),
    }
    for column, value in blind_indexes(context, applicant).items():
        setattr(case, column, value)


def _put_attachments(session: Session, case: CaseRow, package: Mapping[str, Any], now: datetime) -> None:
    for attachment in package.get("attachments", []):
        secret = {k: v for k, v in attachment.items() if k not in {"sha256", "material", "size", "media"}}
        session.merge(
            AttachmentRow(
                case_id=case.id,
                sha256=str(attachment["sha256"]),
                material=str(attachment["material"]),
                size=int(attachment["size"]),
                media=str(attachment["media"]),
                secret=secret,
                added_at=now,
            )
        )


def _start_clocks(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    open_data: Mapping[str, Any],
    version: ItemVersion,
    stored_on: date,
) -> None:
    """RECEIVED: T1 from the day of storing. Under review already: the promise goes on with the days used; the
    statutory clock starts anew where the first review had its own limit (requirements.md §4.3)."""
    if case.status == Status.RECEIVED:
        starting = {"T1": (clock_days(version, "T1") or 0, 0)}
    else:
        starting = {}
        own_review_limit = (
            version.first_review is not None and version.first_review.statutory_days is not None
        )
        for clock in open_data.get("clocks", []):
            days = clock_days(version, str(clock["id"]))
            if days:
                fresh = clock["id"] == "T2" and own_review_limit
                starting[str(clock["id"])] = (days, 0 if fresh else int(clock["used_days"]))
    clocks = tuple(
        clock_rules.start(clock_id, days, stored_on, context.calendar, used_days)
        for clock_id, (days, used_days) in starting.items()
    )
    put_clocks(session, case, clocks)
