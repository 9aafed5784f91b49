"""Reading rounds: lines of a list, one round with its stations, what was asked for, what was found."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from federation import canonical
from federation.errors import CanonicalError
from federation.merkle import leaf_hash
from federation.names import parse_node_name
from federation.ports import MemberStore
from federation.stream import erased_leaf
from node.audit.context import AuditContext
from node.audit.pictures import Bar, Tree, draw_bar, draw_tree
from node.audit.problems import round_unknown
from node.audit.rules import State
from node.audit.tables import AnswerRow, AskedRow, FindingRow, LeafRow, RoundRow
from node.audit.words import STATIONS, Pair, sentence_of
from node.kernel.clock import parse_utc


@dataclass(frozen=True, slots=True)
class Station:
    """One of the five stations. `at` None: not reached; `hash` hex, "" where there is none."""

    key: str
    words: Pair
    at: datetime | None
    signers: tuple[str, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class FoundView:
    """A finding as a sentence, and what it rests on."""

    code: str
    index: int | None
    words: Pair
    detail: str
    record: str
    should: str


@dataclass(frozen=True, slots=True)
class LeafLine:
    """One entry that was asked for. `type` is "" and `at` None where nothing readable was shown."""

    index: int
    is_named: bool
    outcome: str
    type: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class LeafView:
    """One entry opened: the fact's members in order, the path as a tree, the rules put to it."""

    line: LeafLine
    members: tuple[tuple[str, str], ...]
    text: str
    leaf: str
    tree: Tree | None
    judgements: tuple[Mapping[str, Any], ...]
    findings: tuple[FoundView, ...]


@dataclass(frozen=True, slots=True)
class RoundView:
    """One round as pages, API and command line show it."""

    row: RoundRow
    target_name: str
    stations: tuple[Station, ...]
    findings: tuple[FoundView, ...]
    leaves: tuple[LeafLine, ...]
    bar: Bar | None

    @property
    def is_clean(self) -> bool:
        """Judged, and nothing was found."""
        return self.row.state == State.JUDGED.value and not self.findings


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A round in the list."""

    row: RoundRow
    target_name: str


def list_rounds(
    context: AuditContext, session: Session, cursor: str | None = None, limit: int = 50
) -> tuple[list[RoundLine], str | None]:
    """Rounds of this node, the newest first, and where the next page begins."""
    query = select(RoundRow).order_by(RoundRow.created_at.desc(), RoundRow.id.desc()).limit(limit + 1)
    after = session.get(RoundRow, cursor) if cursor else None
    if after is not None:
        query = query.where(tuple_(RoundRow.created_at, RoundRow.id) < (after.created_at, after.id))
    rows = list(session.scalars(query))
    members = context.stores(session).members
    lines = [RoundLine(row, _name(members, row.target)) for row in rows[:limit]]
    return lines, rows[limit - 1].id if len(rows) > limit else None


def list_asked(context: AuditContext, session: Session, limit: int = 50) -> list[tuple[AskedRow, str]]:
    """Rounds that nodes above put to this one, the newest first, with their names."""
    rows = session.scalars(select(AskedRow).order_by(AskedRow.received_at.desc()).limit(limit))
    members = context.stores(session).members
    return [(row, _name(members, row.auditor)) for row in rows]


def read_round(context: AuditContext, session: Session, round_id: str) -> RoundView:
    """One round.

    Raises:
        Problem: `audit-round-unknown`.
    """
    row = session.get(RoundRow, round_id)
    if row is None:
        raise round_unknown(round_id)
    members = context.stores(session).members
    leaves = _leaf_lines(session, row)
    bar = None
    if row.head_size:
        bar = draw_bar(row.head_size, row.start, [(one.index, one.outcome, one.is_named) for one in leaves])
    return RoundView(
        row,
        _name(members, row.target),
        _stations(context, session, row, members),
        _findings(session, row.id),
        tuple(leaves),
        bar,
    )


def _name(members: MemberStore, code: str) -> str:
    member = members.get(code)
    return code if member is None else member.name


def _stations(
    context: AuditContext, session: Session, row: RoundRow, members: MemberStore
) -> tuple[Station, ...]:
    auditor, target = _name(members, context.code), _name(members, row.target)
    witness = _name(members, parse_node_name(row.witness)[1]) if row.witness else ""
    revealed = str(row.secret["seed"]) if row.challenged_at is not None else ""
    root = "" if row.head_root is None else bytes(row.head_root).hex()
    judged = "" if row.judged_leaf is None else bytes(row.judged_leaf).hex()
    sealers = (target, witness) if row.head_size is not None and witness != target else (target,)
    reached: tuple[tuple[str, datetime | None, tuple[str, ...], str], ...] = (
        ("committed", row.created_at, (auditor,), row.commitment),
        ("sealed", row.cosigned_at or row.sealed_at, sealers, root),
        ("revealed", row.challenged_at, (auditor,), revealed),
        ("drawn", row.answered_at, (target,), _answers_hash(session, row.id)),
        ("judged", row.judged_at, (auditor,), judged),
    )
    return tuple(Station(key, STATIONS[key], at, who, value) for key, at, who, value in reached)


def _answers_hash(session: Session, round_id: str) -> str:
    """SHA-256 over the answers as they came; "" when none did."""
    query = select(AnswerRow.data).where(AnswerRow.round_id == round_id).order_by(AnswerRow.place)
    answers = list(session.scalars(query))
    return hashlib.sha256(canonical.dump(answers)).hexdigest() if answers else ""


def _findings(session: Session, round_id: str, index: int | None = None) -> tuple[FoundView, ...]:
    query = select(FindingRow).where(FindingRow.round_id == round_id).order_by(FindingRow.place)
    if index is not None:
        query = query.where(FindingRow.idx == index)
    return tuple(
        FoundView(
            row.code,
            row.idx,
            sentence_of(row.code, row.idx, row.record, row.should),
            row.detail,
            row.record,
            row.should,
        )
        for row in session.scalars(query)
    )


def _leaf_lines(session: Session, row: RoundRow) -> list[LeafLine]:
    """What was asked for, by index; before the judging without outcome."""
    rows = list(session.scalars(select(LeafRow).where(LeafRow.round_id == row.id).order_by(LeafRow.idx)))
    if rows:
        return [_line(one) for one in rows]
    named = set(row.named) - set(row.drawn)
    return [LeafLine(index, index in named, "", "", None) for index in sorted({*row.drawn, *named})]


def _line(row: LeafRow) -> LeafLine:
    fact = _read(row.line)
    return LeafLine(row.idx, row.is_named, row.outcome, str(fact.get("type", "")), _instant(fact.get("at")))


def _instant(text: object) -> datetime | None:
    try:
        return parse_utc(str(text))
    except ValueError:
        return None


def _read(line: bytes | None) -> Mapping[str, Any]:
    try:
        return canonical.load_object(line or b"")
    except CanonicalError:
        return {}


def read_leaf(session: Session, row: RoundRow, index: int) -> LeafView | None:
    """One entry that was judged, opened; None when it was not asked for, or is not judged yet."""
    found = session.get(LeafRow, (row.id, index))
    if found is None:
        return None
    fact = _read(found.line)
    leaf = b"" if found.line is None else erased_leaf(found.line) or leaf_hash(found.line)
    tree = None
    if found.line is not None and row.head_size is not None and row.head_root is not None:
        path = [base64.b64decode(text) for text in found.hashes]
        tree = draw_tree(index, row.head_size, leaf, path, bytes(row.head_root))
    return LeafView(
        _line(found),
        tuple((name, _text(value)) for name, value in fact.items() if name != "v"),
        "" if found.line is None else found.line.decode("utf-8", "replace"),
        leaf.hex(),
        tree,
        tuple(found.judgements),
        _findings(session, row.id, index),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical.dump(value).decode("utf-8")


def first_leaf(leaves: Sequence[LeafLine]) -> int | None:
    """The entry a page opens by itself: the first that does not hold, else the first."""
    bad = next((one.index for one in leaves if one.outcome not in ("", "good")), None)
    return bad if bad is not None else next((one.index for one in leaves if one.outcome), None)


# --- for programs --------------------------------------------------------------------------------------------


def round_document(view: RoundView) -> dict[str, Any]:
    """A round as JSON values: the API's and the command line's."""
    row = view.row
    return {
        **line_document(RoundLine(row, view.target_name)),
        "from": row.start,
        "drawn": list(row.drawn),
        "named": list(row.named),
        "due": _iso(row.due),
        "clean": view.is_clean,
        "stations": [
            {
                "station": one.key,
                "zh": one.words[0],
                "en": one.words[1],
                "at": _iso(one.at),
                "signers": list(one.signers),
                "hash": one.hash,
            }
            for one in view.stations
        ],
        "leaves": [
            {"index": one.index, "named": one.is_named, "outcome": one.outcome, "type": one.type}
            for one in view.leaves
        ],
        "findings": [
            {
                "code": one.code,
                "index": one.index,
                "zh": one.words[0],
                "en": one.words[1],
                "record": one.record,
                "should": one.should,
                "detail": one.detail,
            }
            for one in view.findings
        ],
    }


def line_document(line: RoundLine) -> dict[str, Any]:
    """A round of the list as JSON values."""
    row = line.row
    return {
        "round": row.id,
        "target": row.target,
        "target_name": line.target_name,
        "origin": row.origin,
        "period_end": _iso(row.period_end),
        "count": row.count,
        "indices": list(row.wanted),
        "commitment": row.commitment,
        "state": row.state,
        "created_at": _iso(row.created_at),
        "size": row.head_size,
        "found": row.found,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
