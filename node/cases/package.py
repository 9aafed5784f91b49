"""What travels with an offer: the open part a relay may read, and the sealed part for the addressee's eyes.

Open: item, version, home, status, dates, clocks, ciphertext names. Sealed: applicant, form, materials handed in, opinion,
each attachment's key, and the history so far, so that the next custodian's record begins where this one's ends.
Source: federation.md §5 Sealing, §7, §8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.context import CaseContext
from node.cases.facts import open_clocks
from node.cases.tables import (
    AttachmentRow,
    CaseChangeRow,
    CaseCustodyRow,
    CaseMaterialRow,
    CaseOfferRow,
    CaseRow,
)
from node.kernel.clock import format_utc, parse_utc

OPEN_PARTS = frozenset({"sha256", "material", "size", "media"})


def attachments_of(
    session: Session, case_id: str, materials: Iterable[str] | None = None
) -> list[AttachmentRow]:
    """A case's attachments by name; of some materials only where those are given."""
    query = select(AttachmentRow).where(AttachmentRow.case_id == case_id).order_by(AttachmentRow.sha256)
    if materials is not None:
        query = query.where(AttachmentRow.material.in_(list(materials)))
    return list(session.scalars(query))


def blob_list(attachments: Iterable[AttachmentRow]) -> list[dict[str, Any]]:
    """`data.blobs`: `[{sha256, size, media}]`."""
    return [{"sha256": a.sha256, "size": a.size, "media": a.media} for a in attachments]


def sealed_attachments(attachments: Iterable[AttachmentRow]) -> list[dict[str, Any]]:
    """The attachments with their keys, for `sealed` only."""
    return [
        {"sha256": a.sha256, "material": a.material, "size": a.size, "media": a.media, **(a.secret or {})}
        for a in attachments
    ]


def put_attachments(
    session: Session, case_id: str, attachments: Iterable[Mapping[str, Any]], at: datetime
) -> None:
    """Notes attachments that came with a package; their bytes may still be on the way."""
    for one in attachments:
        session.merge(
            AttachmentRow(
                case_id=case_id,
                sha256=str(one["sha256"]),
                material=str(one["material"]),
                size=int(one["size"]),
                media=str(one["media"]),
                secret={name: value for name, value in one.items() if name not in OPEN_PARTS},
                added_at=at,
            )
        )
    session.flush()


def open_package(context: CaseContext, session: Session, case: CaseRow, row: CaseOfferRow) -> dict[str, Any]:
    """The open data of `case.offered.v1`."""
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
        "offered_at": format_utc(row.offered_at or context.now()),
        "clocks": [clock for clock in open_clocks(context, session, case.id) if clock["id"] != "T7"],
        "blobs": blob_list(attachments_of(session, case.id)),
        "seq": case.seq,
        "status": case.status,
        "watchers": list(case.watchers),
    }


def sealed_package(session: Session, case: CaseRow) -> dict[str, Any]:
    """What is sealed to the addressee."""
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
        "attachments": sealed_attachments(attachments_of(session, case.id)),
        "received_on": case.received_on.isoformat(),
        "registered_at": format_utc(case.registered_at),
        "acceptance": case.acceptance,
        "channel": case.channel,
        "history": _history(session, case.id),
        "custodies": _custodies(session, case.id),
    }


def _history(session: Session, case_id: str) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(CaseChangeRow).where(CaseChangeRow.case_id == case_id).order_by(CaseChangeRow.seq)
    )
    return [
        {
            "seq": row.seq,
            "custody": row.custody,
            "node": row.node,
            "act": row.act,
            "from": row.source,
            "to": row.target,
            "at": format_utc(row.at),
            "post": row.post,
            "paper": row.paper,
        }
        for row in rows
    ]


def _custodies(session: Session, case_id: str) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(CaseCustodyRow).where(CaseCustodyRow.case_id == case_id).order_by(CaseCustodyRow.custody)
    )
    return [
        {
            "custody": row.custody,
            "node": row.node,
            "offered_at": format_utc(row.offered_at) if row.offered_at is not None else "",
            "taken_at": format_utc(row.taken_at),
        }
        for row in rows
    ]


def put_history(session: Session, case_id: str, package: Mapping[str, Any]) -> None:
    """Takes over the history of the custodians before; what is known already stays."""
    known = set(session.scalars(select(CaseChangeRow.seq).where(CaseChangeRow.case_id == case_id)))
    for one in _mappings(package.get("history")):
        if int(one["seq"]) not in known:
            session.add(
                CaseChangeRow(
                    case_id=case_id,
                    seq=int(one["seq"]),
                    custody=int(one["custody"]),
                    node=str(one["node"]),
                    act=str(one.get("act", "")),
                    source=str(one["from"]),
                    target=str(one["to"]),
                    at=parse_utc(str(one["at"])),
                    post=str(one.get("post", "")),
                    paper=str(one.get("paper", "")),
                )
            )
    for one in _mappings(package.get("custodies")):
        offered_at = str(one.get("offered_at", ""))
        note_custody(
            session,
            case_id,
            int(one["custody"]),
            str(one["node"]),
            parse_utc(offered_at) if offered_at else None,
            parse_utc(str(one["taken_at"])),
        )
    session.flush()


def note_custody(
    session: Session, case_id: str, custody: int, node: str, offered_at: datetime | None, taken_at: datetime
) -> None:
    """Notes who holds a case from when; the first knowledge of a custody number stands."""
    if session.get(CaseCustodyRow, (case_id, custody)) is None:
        session.add(
            CaseCustodyRow(
                case_id=case_id, custody=custody, node=node, offered_at=offered_at, taken_at=taken_at
            )
        )
        session.flush()


def received_on(package: Mapping[str, Any], otherwise: str) -> date:
    """The day the matter was handed in at its home."""
    return date.fromisoformat(str(package.get("received_on", otherwise)))


def _mappings(value: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
