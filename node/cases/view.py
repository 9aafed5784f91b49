"""A matter as JSON values, for the API and the pages: masked, with its truths, way and clocks.

Words are `{zh, en}`, instants RFC 3339 in UTC, days ISO dates; absent values are null.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.change import not_arrived_materials, require_version
from node.cases.context import CaseContext
from node.cases.masking import mask_applicant
from node.cases.package import attachments_of
from node.cases.papers import PAPER_WORDS
from node.cases.problems import ACT_WORDS, STATUS_WORDS
from node.cases.reading import changes_of, clock_lines, next_words, truths_of, way_of
from node.cases.states import TERMINAL, Act, Status
from node.cases.tables import (
    CaseHoldRow,
    CaseMaterialRow,
    CaseOfferRow,
    CasePaperRow,
    CaseRow,
)
from node.cases.troubles import troubles_in_words
from node.cases.way import Way
from node.catalogue.rules import ItemVersion
from node.kernel.clock import format_utc


def words(pair: tuple[str, str]) -> dict[str, str]:
    """A pair as JSON."""
    return {"zh": pair[0], "en": pair[1]}


def instant(value: datetime | None) -> str | None:
    """RFC 3339 in UTC, None for None."""
    return format_utc(value) if value is not None else None


def day(value: date | None) -> str | None:
    """ISO date, None for None."""
    return value.isoformat() if value is not None else None


def plain_line(context: CaseContext, session: Session, case: CaseRow) -> dict[str, Any]:
    """A matter as a list shows it; nothing personal."""
    version = context.version(session, case.item_version)
    name = (version.name_zh, version.name_en) if version is not None else (case.item_code, case.item_code)
    truths = truths_of(context, session, case) if version is not None else None
    open_case = Status(case.status) not in {*TERMINAL, Status.CLOSED}
    return {
        "number": case.number,
        "item": case.item_code,
        "item_name": words(name),
        "handling": case.handling,
        "status": case.status,
        "status_words": words(STATUS_WORDS[case.status]),
        "custodian": case.custodian,
        "custodian_name": context.name_of(session, case.custodian),
        "home": case.home,
        "home_name": context.name_of(session, case.home),
        "custody_state": case.custody_state,
        "due_on": day(case.due_on) if open_case else None,
        "overdue": open_case and case.due_on is not None and case.due_on < context.today(),
        "received_on": day(case.received_on),
        "as_of": instant(case.as_of),
        "truth": truths.stage.value if truths is not None else "",
        "truth_words": words(truths.words if truths is not None else ("", "")),
    }


def plain_case(
    context: CaseContext, session: Session, case: CaseRow, acts: Sequence[str] = ()
) -> dict[str, Any]:
    """A matter as staff see it: the applicant masked.

    Args:
        acts: what the reader may do now.
    """
    version = require_version(context, session, case)
    personal = case.personal or {}
    return {
        **plain_line(context, session, case),
        "id": case.id,
        "seq": case.seq,
        "custody": case.custody,
        "channel": case.channel,
        "via_proxy": case.via_proxy,
        "entrustment": case.entrustment,
        "acceptance": case.acceptance,
        "pre_reviewed": case.pre_reviewed,
        "registered_at": instant(case.registered_at),
        "decided_at": instant(case.decided_at),
        "decided_by": case.decided_by or None,
        "closed_at": instant(case.closed_at),
        "withdrawal_asked_at": instant(case.withdrawal_asked_at),
        "post": case.post,
        "applicant": mask_applicant(personal.get("applicant", {})),
        "opinion": personal.get("opinion", ""),
        "result": personal.get("result"),
        "outside": case.outside,
        "materials": plain_materials(context, session, case, version),
        "attachments": plain_attachments(context, session, case),
        "clocks": plain_clocks(context, session, case),
        "truths": plain_truths(context, session, case),
        "way": plain_way(context, session, case, way_of(context, session, case)),
        "path": list(way_of(context, session, case).path),
        "history": plain_history(context, session, case),
        "papers": plain_papers(session, case),
        "holds": list(
            session.scalars(
                select(CaseHoldRow.kind).where(
                    CaseHoldRow.case_id == case.id, CaseHoldRow.lifted_at.is_(None)
                )
            )
        ),
        "acts": list(acts),
        "troubles": [
            {
                "kind": one.kind,
                "words": words(sentence),
                "destination": one.destination,
                "by": one.by or None,
                "since": instant(one.since),
            }
            for one, sentence in troubles_in_words(context, session, case)
        ],
        "next": words(next_words(context, session, case)),
    }


CITIZEN_HIDDEN = frozenset({"opinion", "outside", "acts", "holds", "troubles", "post", "id"})
"""What a citizen's page does not show of a case."""


def plain_for_citizen(context: CaseContext, session: Session, case: CaseRow) -> dict[str, Any]:
    """A matter as its applicant sees it by number and query code."""
    full = plain_case(context, session, case)
    return {name: value for name, value in full.items() if name not in CITIZEN_HIDDEN}


def plain_materials(
    context: CaseContext, session: Session, case: CaseRow, version: ItemVersion
) -> list[dict[str, Any]]:
    """The item's list with what was handed in: `present`, `missing`, `not_arrived`."""
    rows = {
        row.material: row
        for row in session.scalars(select(CaseMaterialRow).where(CaseMaterialRow.case_id == case.id))
    }
    waited_for = set(not_arrived_materials(context, session, case.id))
    found = []
    for material in version.materials:
        row = rows.get(material.id)
        present = row is not None and row.present
        state = "not_arrived" if material.id in waited_for else "present" if present else "missing"
        found.append(
            {
                "id": material.id,
                "name": material.name,
                "required": material.required,
                "deferrable": material.deferrable,
                "shared": material.shared,
                "present": present,
                "state": state,
                "asked_in": row.asked_in if row is not None else 0,
            }
        )
    return found


def plain_attachments(context: CaseContext, session: Session, case: CaseRow) -> list[dict[str, Any]]:
    """The attachments; `arrived` false while their bytes are on the way."""
    blobs = context.blobs(session)
    found = []
    for row in attachments_of(session, case.id):
        state = blobs.get(row.sha256)
        found.append(
            {
                "sha256": row.sha256,
                "material": row.material,
                "size": row.size,
                "media": row.media,
                "name": str((row.secret or {}).get("name", row.material)),
                "arrived": state is not None and state.complete,
            }
        )
    return found


def plain_clocks(context: CaseContext, session: Session, case: CaseRow) -> list[dict[str, Any]]:
    """The clocks with what is used and left, in working days."""
    return [
        {
            "id": line.clock.id,
            "words": words(line.words),
            "days": line.clock.days,
            "used_days": line.used_days,
            "left_days": line.left_days,
            "started_on": day(line.clock.started_on),
            "due_on": day(line.clock.due_on),
            "state": line.clock.state,
            "provisional": line.clock.provisional,
        }
        for line in clock_lines(context, session, case)
    ]


def plain_truths(context: CaseContext, session: Session, case: CaseRow) -> dict[str, Any]:
    """The five truths."""
    truths = truths_of(context, session, case)
    return {
        "stage": truths.stage.value,
        "words": words(truths.words),
        "queued_at": instant(truths.queued_at),
        "received_at": instant(truths.received_at),
        "taken_at": instant(truths.taken_at),
        "accepted_at": instant(truths.accepted_at),
        "decided_at": instant(truths.decided_at),
        "decided_by": truths.decider,
    }


def plain_way(context: CaseContext, session: Session, case: CaseRow, way: Way) -> dict[str, Any]:
    """The way's picture as data; lanes from the top level down to the home."""
    lanes = []
    for code in reversed(way.path):
        found = context.network.find(session, code)
        level = context.level if code == context.code else found.level if found is not None else ""
        lanes.append({"code": code, "level": level, "name": context.name_of(session, code)})
    return {
        "lanes": lanes,
        "spans": [
            {"node": s.node, "kind": s.kind, "from": instant(s.start), "to": instant(s.end)}
            for s in way.spans
        ],
        "moves": [
            {
                "from": move.source,
                "to": move.target,
                "offered_at": instant(move.offered_at),
                "taken_at": instant(move.taken_at),
            }
            for move in way.moves
        ],
        "flags": [{"kind": flag.kind, "due_on": day(flag.due_on)} for flag in way.flags],
        "open": way.is_open,
        "now": instant(way.end),
    }


def plain_history(context: CaseContext, session: Session, case: CaseRow) -> list[dict[str, Any]]:
    """Every change, oldest first."""
    return [
        {
            "seq": row.seq,
            "act": row.act,
            "from": row.source,
            "to": row.target,
            "at": instant(row.at),
            "node": row.node,
            "node_name": context.name_of(session, row.node),
            "post": row.post,
            "paper": row.paper,
            "words": words(_change_words(row.act, row.target)),
        }
        for row in changes_of(session, case.id)
    ]


def plain_papers(session: Session, case: CaseRow) -> list[dict[str, Any]]:
    """The papers made here."""
    rows = session.scalars(
        select(CasePaperRow)
        .where(CasePaperRow.case_id == case.id)
        .order_by(CasePaperRow.made_on, CasePaperRow.number)
    )
    return [
        {
            "kind": row.kind,
            "words": words(PAPER_WORDS[row.kind]),
            "number": row.number,
            "made_on": day(row.made_on),
            "sha256": row.sha256,
        }
        for row in rows
    ]


def plain_offer(context: CaseContext, session: Session, row: CaseOfferRow) -> dict[str, Any]:
    """An offer, open values only."""
    open_data = row.open_data or {}
    case = session.get(CaseRow, row.case_id)
    item = str(open_data.get("item") or (case.item_code if case is not None else ""))
    number = str(open_data.get("number") or (case.number if case is not None else ""))
    name_of_version = str(open_data.get("item_version") or (case.item_version if case is not None else ""))
    version = context.version(session, name_of_version)
    return {
        "id": row.id,
        "case": row.case_id,
        "number": number,
        "item": item,
        "item_name": words((version.name_zh, version.name_en) if version is not None else (item, item)),
        "from": row.offered_by,
        "from_name": context.name_of(session, row.offered_by),
        "to": row.addressee,
        "to_name": context.name_of(session, row.addressee),
        "mode": row.mode,
        "state": row.state,
        "doubt": row.doubt,
        "missing": [
            {"id": one, "name": material.name if version and (material := version.material(one)) else one}
            for one in row.missing
        ],
        "offered_on": day(row.offered_on),
        "stored_at": instant(row.stored_at),
        "answered_at": instant(row.answered_at),
    }


def _change_words(act: str, target: str) -> tuple[str, str]:
    try:
        return ACT_WORDS[Act(act)]
    except ValueError:
        return STATUS_WORDS[target]
