"""Judging a round: every proof, every fact again, and what it found as rows, facts and an alert."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from federation.audit import Challenge, Finding, Opened
from federation.note import Checkpoint
from federation.ports import Alert
from federation.tree import claims_of
from node.audit.context import AuditContext
from node.audit.rejudging import Judgement, Subject, rejudge, rejudge_together
from node.audit.rules import Judged, State, judge_answers
from node.audit.tables import FindingRow, LeafRow, RoundRow
from node.ledger.service import leaf_of

FINDINGS_A_FACT = 100
"""A fact has at most 8192 bytes."""
_TEXT_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as it is kept. `record` and `should` where a fact differs from what it should say."""

    code: str
    index: int | None = None
    detail: str = ""
    record: str = ""
    should: str = ""


def found_of(finding: Finding) -> Found:
    """A finding of the proofs."""
    return Found(finding.code, finding.index, finding.detail)


def judge_round(
    context: AuditContext, session: Session, row: RoundRow, answers: Sequence[Mapping[str, Any]]
) -> None:
    """Judge everything that was asked for; ends the round but for its state."""
    assert row.head_size is not None, "a round that was challenged has a head"
    assert row.head_root is not None, "a round that was challenged has a head"
    assert row.cosigned_at is not None, "a head is cosigned before it is stood on"
    head = Checkpoint(row.origin, row.head_size, bytes(row.head_root))
    judged = judge_answers(Challenge(head, tuple(row.drawn), tuple(row.named)), answers)
    verdicts = _rejudge(context, session, row, judged.checked.opened)
    found = [found_of(one) for one in judged.checked.findings]
    found += [Found("erased", one.index, one.leaf.hex()) for one in judged.erased]
    for index in sorted(verdicts):
        found += [
            Found(one.rule, index, "", one.record, one.should)
            for one in verdicts[index]
            if one.holds is False
        ]
    _keep_leaves(session, row, judged, verdicts)
    _end(context, session, row, found)


def close_without_answers(
    context: AuditContext, session: Session, row: RoundRow, findings: Iterable[Finding]
) -> None:
    """End a round that never came to answers."""
    _end(context, session, row, [found_of(one) for one in findings])


def _rejudge(
    context: AuditContext, session: Session, row: RoundRow, opened: Sequence[Opened]
) -> dict[int, list[Judgement]]:
    assert row.cosigned_at is not None, "judged after the cosignature"
    member = context.stores(session).members.get(row.target)
    level = "" if member is None else claims_of(member.statement).level
    subject = Subject(row.target, level, row.cosigned_at)
    book = context.rulebook(session)
    verdicts = {one.index: rejudge(one.fact, subject, book) for one in opened}
    for index, together in rejudge_together(opened, cosigned_heads(session, row)).items():
        verdicts[index] = [*verdicts[index], *together]
    return verdicts


def cosigned_heads(session: Session, row: RoundRow) -> list[tuple[int, datetime]]:
    """(size, time) of every head of the ledger that earlier rounds saw cosigned."""
    query = select(RoundRow.head_size, RoundRow.cosigned_at).where(
        RoundRow.origin == row.origin, RoundRow.is_sound, RoundRow.state == State.JUDGED.value
    )
    return [(size, at) for size, at in session.execute(query) if size is not None and at is not None]


def _keep_leaves(
    session: Session, row: RoundRow, judged: Judged, verdicts: Mapping[int, list[Judgement]]
) -> None:
    erased = {one.index for one in judged.erased}
    bad = {one.index for one in judged.checked.findings}
    for index in sorted({*row.drawn, *row.named}):
        shown = judged.shown.get(index)
        made = verdicts.get(index, [])
        if shown is None:
            outcome = "missing"
        elif index in erased:
            outcome = "erased"
        elif index in bad:
            outcome = "false"
        else:
            outcome = "differs" if any(one.holds is False for one in made) else "good"
        session.add(
            LeafRow(
                round_id=row.id,
                idx=index,
                is_named=index in set(row.named) and index not in set(row.drawn),
                line=None if shown is None else shown.line,
                hashes=[] if shown is None else [_base64(one) for one in shown.hashes],
                outcome=outcome,
                judgements=[
                    {**asdict(one), "record": clean(one.record), "should": clean(one.should)} for one in made
                ],
            )
        )


def clean(text: str) -> str:
    """Text out of another node's entry as every database takes it: no U+0000, no half characters, not too long."""
    return text[:_TEXT_MOST].encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def add_findings(session: Session, row: RoundRow, found: Iterable[Found]) -> None:
    """Write findings behind those the round has."""
    first = session.scalar(select(func.count()).where(FindingRow.round_id == row.id)) or 0
    for place, one in enumerate(found, start=first):
        session.add(
            FindingRow(
                round_id=row.id,
                place=place,
                code=one.code,
                idx=one.index,
                detail=clean(one.detail),
                record=clean(one.record),
                should=clean(one.should),
            )
        )
    session.flush()


def _end(context: AuditContext, session: Session, row: RoundRow, found: Sequence[Found]) -> None:
    row.judged_at = context.now()
    add_findings(session, row, found)
    codes = [
        {"code": code} if index is None else {"code": code, "index": index}
        for code, index in session.execute(
            select(FindingRow.code, FindingRow.idx)
            .where(FindingRow.round_id == row.id)
            .order_by(FindingRow.place)
        )
    ]
    row.found = len(codes)
    told = {"round": row.id, "target": row.target, "origin": row.origin, "findings": len(codes)}
    told |= {"size": row.head_size or 0, "asked": len({*row.drawn, *row.named})}
    row.judged_leaf = leaf_of(session, context.fact(session, "audit.judged", told))
    for start in range(0, len(codes), FINDINGS_A_FACT):
        part = codes[start : start + FINDINGS_A_FACT]
        context.fact(session, "audit.found", {"round": row.id, "findings": part})
    if codes:
        detail = {"round": row.id, "findings": len(codes)}
        context.stores(session).alert(Alert("audit-findings", "critical", row.target, detail), context.now())
