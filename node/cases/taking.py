"""The answer to an offer: taken by the machine, or by a person, or declined; once.

Source: federation.md §8 (the addressee alone answers, once: its first logged answer stands), requirements.md §4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases import clocks as clock_rules
from node.cases.change import clock_days, put_clocks
from node.cases.context import CaseContext
from node.cases.custody import Custody, Reason, RequiredMaterial, judge_offer
from node.cases.facts import open_clocks, record_fact
from node.cases.package import note_custody, put_attachments, put_history, received_on
from node.cases.register import blind_indexes, put_materials
from node.cases.routes import deciding_level, review_level
from node.cases.sending_problems import (
    nothing_missing,
    offer_answered,
    offer_unknown,
    unsealed_offer,
    version_unknown,
)
from node.cases.states import Status
from node.cases.tables import CaseOfferRow, CaseRow
from node.cases.workers import MACHINE, ActDeniedError, Worker
from node.catalogue.rules import ItemVersion
from node.kernel.clock import format_utc, local_date, parse_utc
from node.kernel.faultpoints import reach_around
from node.ledger.rules import FactDraft
from node.people.authority import Matter


def consider(context: CaseContext, session: Session, row: CaseOfferRow) -> CaseRow | None:
    """The machine's look at an offer just stored: takes it when complete, else leaves it to a person."""
    open_data, package = row.open_data or {}, row.package or {}
    if not package:
        row.doubt = "sealed"  # what was sealed comes again by itself, once the sender knows this node's key
        session.flush()
        return None
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
    row.doubt = (taking.doubt or Reason.NOT_COMPETENT).value
    row.missing = list(taking.missing)
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
        Problem: `offer-unknown`, `offer-answered`, `version-unknown`, `offer-sealed` (what was sealed has not come),
            or no right.
    """
    row = find_waiting(session, offer)
    version = context.version(session, str((row.open_data or {}).get("item_version", "")))
    if version is None:
        raise version_unknown(str((row.open_data or {}).get("item", "")))
    if not row.package:
        raise unsealed_offer()
    acting = authorize_answer(context, session, row, worker, "take")
    return take(context, session, row, acting, version)


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
    version = context.version(session, str((row.open_data or {}).get("item_version", "")))
    listed = {material.id for material in version.materials} if version is not None else set(missing)
    if reason is Reason.MISSING and (not missing or not set(missing) <= listed):
        raise nothing_missing()
    acting = authorize_answer(context, session, row, worker, "decline")
    return decline(context, session, row, acting, reason, missing if reason is Reason.MISSING else ())


def authorize_answer(
    context: CaseContext, session: Session, row: CaseOfferRow, worker: Worker, act: str
) -> Worker:
    """The worker in the post the answer is given with.

    Raises:
        ActDeniedError: no right.
    """
    if worker.authority is None:
        return worker
    open_data = row.open_data or {}
    item = str(open_data.get("item", ""))
    version = context.version(session, str(open_data.get("item_version", "")))
    handling = str(version.handling) if version is not None else ""
    decision = worker.authority(act, Matter(item, handling, bool(version.sensitive) if version else False))
    if not decision.allowed:
        raise ActDeniedError(worker, act, None, decision)
    return replace(worker, post=decision.post_name, authorization=decision.authorization_id)


def decline(
    context: CaseContext,
    session: Session,
    row: CaseOfferRow,
    worker: Worker,
    reason: Reason,
    missing: Sequence[str],
) -> CaseOfferRow:
    """Answers an offer with no; custody stays where it is, and nothing personal of it is kept here."""
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
        FactDraft(
            type="case.declined",
            at=context.now(),
            actor=worker.actor,
            post=worker.post,
            case=row.case_id,
            item=str(open_data.get("item", "")),
            number=str(open_data.get("number", "")),
            reason=reason.value,
            authorization=worker.authorization,
            data={"offer": row.id, "missing": list(missing)},
        ),
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
    case = session.get(CaseRow, row.case_id)
    if case is None:
        case = CaseRow(id=row.case_id, seq=0, pending="", acceptance="", via_proxy=False, entrustment="")
        case.registered_at = parse_utc(str(package.get("registered_at") or format_utc(now)))
        session.add(case)
    _fill(context, case, row, open_data, package, version, now)
    session.flush()
    put_history(session, case.id, package)
    note_custody(session, case.id, row.custody, context.code, row.offered_at, now)
    put_materials(session, case, version, package.get("materials", []), context)
    put_attachments(session, case.id, package.get("attachments", []), now)
    _start_clocks(context, session, case, row, version)
    row.state, row.answered_at, row.package = "TAKEN", now, None
    by = "machine" if worker is MACHINE else "post"
    alive = open_clocks(context, session, case.id)
    answer = {
        "offer": row.id,
        "custody": row.custody,
        "case": case.id,
        "by": by,
        "post": worker.post,
        "taken_at": format_utc(now),
        "clocks": alive,
    }
    for node in case.watchers:
        context.queue(session, destination=node, subject=case.id, type="case.taken.v1", data=answer)
    record_fact(
        context,
        session,
        case,
        "case.taken",
        worker,
        seq=case.seq,
        clocks=alive,
        data={"offer": row.id, "from": row.offered_by, "mode": row.mode, "by": by},
    )
    session.flush()
    reach_around(session, "take")
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
    case.acceptance = str(package.get("acceptance", ""))
    case.pre_reviewed = row.mode == "referral"
    case.channel = str(package.get("channel", "window"))
    case.post = ""
    case.received_on = received_on(package, str(open_data["offered_on"]))
    case.as_of = now
    others = (case.home, row.offered_by, *(str(node) for node in open_data.get("watchers", [])))
    case.watchers = [node for node in dict.fromkeys(others) if node != context.code]
    case.personal = {
        "applicant": applicant,
        "form": dict(package.get("form", {})),
        "opinion": str(package.get("opinion", "")),
    }
    for column, value in blind_indexes(context, applicant).items():
        setattr(case, column, value)


def _start_clocks(
    context: CaseContext, session: Session, case: CaseRow, row: CaseOfferRow, version: ItemVersion
) -> None:
    """RECEIVED: T1 from the day of storing. Under review already: the promise goes on with the days used, those of
    the way included; the statutory clock starts anew where the first review had its own limit (§4.3)."""
    calendar = context.calendar
    stored_on = local_date(row.stored_at or context.now())
    clocks = []
    if case.status == Status.RECEIVED:
        days = clock_days(version, "T1", context.level) or 0
        clocks.append(clock_rules.start("T1", days, stored_on, calendar))
    else:
        own_limit = version.first_review is not None and version.first_review.statutory_days is not None
        for stated in (row.open_data or {}).get("clocks", []):
            clock_id = str(stated["id"])
            given = clock_days(version, clock_id, context.level)
            if given is None:
                continue
            if clock_id == "T2" and own_limit:
                clocks.append(clock_rules.start(clock_id, given, stored_on, calendar))
                continue
            used_days = int(stated["used_days"]) + calendar.between(row.offered_on, stored_on)
            running = clock_rules.start(clock_id, given, stored_on, calendar, used_days)
            clocks.append(replace(running, started_on=date.fromisoformat(str(stated["started_on"]))))
        statutory = clock_days(version, "T2", context.level)
        if own_limit and statutory is not None and not any(clock.id == "T2" for clock in clocks):
            clocks.append(clock_rules.start("T2", statutory, stored_on, calendar))
    put_clocks(context, session, case, clocks)
