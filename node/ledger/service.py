"""Recording facts and reading them back.

`record` runs inside the transaction of the act it speaks of (architecture decision 2): the fact waits there without an
index until the sequencer (`node.ledger.sequencer`) gives it one. Its line, and so its leaf hash, is final at once, and
can be printed on a slip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from federation import merkle
from federation.ports import LogStore
from node.kernel.clock import local_date
from node.ledger.problems import fact_not_sequenced, unknown_fact
from node.ledger.rules import Fact, FactDraft, read_fact, write_fact
from node.ledger.tables import CommitmentRow, FactRow

LogStoreOf = Callable[[Session], LogStore]
"""Gives the log store of a session; supplied by the container, since the store is exchange's."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A fact as it stands in the ledger.

    Attributes:
        fact: None once its line was erased.
        line: the exact bytes; None once erased.
        leaf: RFC 6962 leaf hash.
        origin: the log; "" while it waits for the sequencer.
        index: place in the log; None while it waits.
        ordinal: place among all facts of this node, across epochs; None while it waits.
    """

    id: str
    type: str
    at: datetime
    fact: Fact | None
    line: bytes | None
    leaf: bytes
    origin: str
    index: int | None
    ordinal: int | None


def record(session: Session, draft: FactDraft) -> UUID:
    """Writes a fact into the ledger, in the caller's transaction.

    Raises:
        FactError: the draft is not a fact (a mistake of the caller).
        federation.errors.CanonicalError: a value has no canonical form.
    """
    written = write_fact(draft)
    fact_id = str(written.id)
    session.add(
        FactRow(
            id=fact_id,
            type=draft.type,
            case_id=draft.case or None,
            day=local_date(draft.at),
            at=draft.at.replace(microsecond=0),
            leaf=merkle.leaf_hash(written.line),
            line=written.line,
            origin=None,
            idx=None,
            ordinal=None,
        )
    )
    session.flush()
    if written.values:
        session.add(CommitmentRow(fact_id=fact_id, salt=written.salt, hidden=dict(written.values)))
        session.flush()
    return written.id


def find_entry(session: Session, logs: LogStore, fact_id: str | UUID) -> LedgerEntry:
    """One fact by its id.

    Raises:
        Problem: `fact-unknown`.
    """
    row = session.scalar(select(FactRow).where(FactRow.id == str(fact_id)))
    if row is None:
        raise unknown_fact(str(fact_id))
    return _entry(row, _line_of(row, logs))


def find_by_leaf(session: Session, logs: LogStore, leaf: bytes) -> LedgerEntry | None:
    """The fact with a leaf hash (what a slip's QR holds); None when this ledger has none."""
    row = session.scalar(select(FactRow).where(FactRow.leaf == leaf).limit(1))
    return None if row is None else _entry(row, _line_of(row, logs))


def leaf_of(session: Session, fact_id: str | UUID) -> bytes:
    """The 32-byte leaf hash of a fact, known from the moment it is recorded.

    Raises:
        Problem: `fact-unknown`.
    """
    leaf = session.scalar(select(FactRow.leaf).where(FactRow.id == str(fact_id)))
    if leaf is None:
        raise unknown_fact(str(fact_id))
    return bytes(leaf)


def entries_of_case(session: Session, logs: LogStore, case_id: str) -> list[LedgerEntry]:
    """Every fact about a case, in the order recorded."""
    rows = session.scalars(select(FactRow).where(FactRow.case_id == case_id).order_by(FactRow.position))
    return [_entry(row, _line_of(row, logs)) for row in rows]


def entries_of_days(
    session: Session,
    logs: LogStore,
    first: date,
    last: date,
    types: Sequence[str] = (),
    *,
    after: int = 0,
    limit: int = 1000,
) -> list[tuple[int, LedgerEntry]]:
    """Facts of local days, both ends inclusive, in the order recorded: what the service ledger (服务台账) is made from.

    Args:
        types: only these; all when empty.
        after: position to go on after, for paging; each result carries its own.
    """
    query = select(FactRow).where(FactRow.day >= first, FactRow.day <= last, FactRow.position > after)
    if types:
        query = query.where(FactRow.type.in_(types))
    rows = session.scalars(query.order_by(FactRow.position).limit(limit)).all()
    return [(row.position, _entry(row, _line_of(row, logs))) for row in rows]


def sequenced_entries(session: Session, logs: LogStore, start: int, limit: int) -> list[LedgerEntry]:
    """Sequenced facts from an ordinal, in order: what followers read. Lines are read in ranges, not one by one."""
    query = select(FactRow).where(FactRow.ordinal >= start).order_by(FactRow.ordinal).limit(limit)
    rows = session.scalars(query).all()
    lines: dict[tuple[str, int], bytes | None] = {}
    for origin, first, last in _spans(rows):
        for stored in logs.entries(origin, first, last - first + 1):
            lines[origin, stored.index] = stored.line
    return [
        _entry(row, lines.get((row.origin or "", row.idx if row.idx is not None else -1))) for row in rows
    ]


def revealed(session: Session, fact_id: str | UUID) -> tuple[bytes, dict[str, Any]] | None:
    """Salt and values behind a fact's commitments; None when there are none or they were erased."""
    row = session.get(CommitmentRow, str(fact_id))
    return None if row is None else (bytes(row.salt), dict(row.hidden))


def erase_commitments(session: Session, fact_ids: Iterable[str | UUID]) -> int:
    """Erases salts and values: what the facts committed to is a bare hash from now on. Returns how many facts.

    The caller records the erasure as a fact of its own.
    """
    numbers = [str(fact_id) for fact_id in fact_ids]
    done = session.execute(delete(CommitmentRow).where(CommitmentRow.fact_id.in_(numbers)))
    return int(done.rowcount)  # type: ignore[attr-defined]


def erase_fact(session: Session, logs: LogStore, fact_id: str | UUID, draft: FactDraft) -> UUID:
    """Erases a fact's line after its retention; the leaf hash stays, and the erasure is a fact (federation.md §5, §6).

    Args:
        draft: the fact that says who erased it and why; the place erased is added to its `data`.

    Raises:
        Problem: `fact-unknown`, `fact-not-sequenced`.
    """
    row = session.scalar(select(FactRow).where(FactRow.id == str(fact_id)))
    if row is None:
        raise unknown_fact(str(fact_id))
    if row.origin is None or row.idx is None:
        raise fact_not_sequenced(str(fact_id))
    logs.erase(row.origin, row.idx)
    erase_commitments(session, [row.id])
    place = {"origin": row.origin, "index": row.idx}
    return record(session, replace(draft, data={**draft.data, **place}))


def _spans(rows: Sequence[FactRow]) -> list[tuple[str, int, int]]:
    spans: list[tuple[str, int, int]] = []
    for row in rows:
        if row.origin is None or row.idx is None:
            continue
        if spans and spans[-1][0] == row.origin:
            spans[-1] = (row.origin, spans[-1][1], row.idx)
        else:
            spans.append((row.origin, row.idx, row.idx))
    return spans


def _line_of(row: FactRow, logs: LogStore) -> bytes | None:
    if row.origin is None or row.idx is None:
        return row.line
    stored = logs.entries(row.origin, row.idx, 1)
    return stored[0].line if stored else None


def _entry(row: FactRow, line: bytes | None) -> LedgerEntry:
    return LedgerEntry(
        id=row.id,
        type=row.type,
        at=row.at,
        fact=None if line is None else read_fact(line),
        line=line,
        leaf=bytes(row.leaf),
        origin=row.origin or "",
        index=row.idx,
        ordinal=row.ordinal,
    )
