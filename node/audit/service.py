"""What the auditor does: opens a round, reveals the seed once the ledger is sealed, judges the answers (federation.md §6).

Each function works in the caller's transaction: the row, the fact, the queued entry and the timer commit together.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from federation.audit import SEED_BYTES, Finding, commitment
from federation.names import origin_ledger, parse_origin
from federation.note import Checkpoint
from federation.ports import Tx
from federation.received import EntryRefused, Received
from node.audit import problems
from node.audit.context import AuditContext
from node.audit.judging import add_findings, close_without_answers, found_of, judge_round
from node.audit.parties import parties, witness_of
from node.audit.rules import (
    ANSWER_WITHIN,
    COUNT_MOST,
    SEAL_WITHIN,
    Sample,
    Seal,
    State,
    after,
    draw_sample,
    hashes_of,
    is_complete,
    judge_seal,
)
from node.audit.tables import AnswerRow, RoundRow
from node.exchange.neighbours import hop_to
from node.kernel.clock import format_utc
from node.kernel.database import lock_row
from node.kernel.timers import Timer, cancel_timer, set_timer

SEAL_TIMER = "audit.seal"
ANSWER_TIMER = "audit.answer"
PERIOD_LEAST = timedelta(seconds=2)
"""How far the end of a period lies ahead when nobody says otherwise."""
ANSWERS_MOST = 1_000
"""Responses kept of one round; an honest node needs two hundred at most."""


def open_round(
    context: AuditContext,
    session: Session,
    target: str,
    count: int,
    *,
    indices: Iterable[int] = (),
    period_end: datetime | None = None,
    seal_within: timedelta = SEAL_WITHIN,
    answer_within: timedelta = ANSWER_WITHIN,
    actor: str = "machine",
    post: str = "",
) -> RoundRow:
    """Commit to a seed and say so to the node that is to be audited.

    Args:
        target: code of a node below.
        count: leaves to be drawn, 1 to 500.
        indices: named by a complaint, apart from those drawn.
        period_end: in the future; whole seconds; two seconds ahead when None.
        seal_within: after the end of the period; no seal by then is a finding.
        answer_within: after the seed was revealed.
        actor, post: who opened it.

    Raises:
        Problem: `audit-target-unknown`, `audit-target-not-below`, `audit-count`, `audit-period-over`,
            `audit-round-open`.
    """
    wanted = sorted(set(indices))
    if not 1 <= count <= COUNT_MOST or len(wanted) > COUNT_MOST or any(one < 0 for one in wanted):
        raise problems.count_out_of_range(COUNT_MOST)
    now = context.now()
    end = (now + PERIOD_LEAST if period_end is None else period_end).replace(microsecond=0)
    if end <= now:
        raise problems.period_over()
    origin = _ledger_of(context, session, target)
    seed = secrets.token_bytes(SEED_BYTES)
    row = RoundRow(
        id=str(uuid.uuid4()),
        target=target,
        origin=origin,
        period_end=end,
        count=count,
        wanted=wanted,
        commitment=commitment(seed),
        secret={"seed": seed.hex()},
        state=State.COMMITTED.value,
        actor=actor,
        post=post,
        created_at=now,
        seal_due=end + seal_within,
        answer_within_s=int(answer_within.total_seconds()),
        witness=witness_of(context.stores(session).members, target),
    )
    session.add(row)
    session.flush()
    _announce(context, session, row)
    return row


def _announce(context: AuditContext, session: Session, row: RoundRow) -> None:
    """Tells the node and the own ledger of the commitment, and sets the time by which it is to be sealed."""
    said: dict[str, object] = {
        "round": row.id,
        "origin": row.origin,
        "period_end": format_utc(row.period_end),
        "count": row.count,
        "commitment": row.commitment,
    }
    context.queue(session, destination=row.target, subject=row.id, type="audit.committed.v1", data=said)
    context.fact(session, "audit.committed", said, actor=row.actor, post=row.post)
    set_timer(session, SEAL_TIMER, row.id, row.seal_due)


def _ledger_of(context: AuditContext, session: Session, target: str) -> str:
    """The origin of the target's ledger as far as this node knows, free of an open round."""
    tx = context.stores(session)
    identity = context.identity()
    member = tx.members.get(target)
    if member is None or member.revoked:
        raise problems.target_unknown(target)
    if hop_to(tx, identity, target).kind != "child":
        raise problems.target_not_below(target)
    heard = tx.logs.find("peer-ledger", target)
    epochs = [1] if heard is None else [heard.epoch]
    name = f"{identity.network}/{target}"
    query = select(RoundRow.origin, RoundRow.checkpoint).where(RoundRow.target == target)
    for origin, note in session.execute(query.order_by(RoundRow.created_at.desc()).limit(20)):
        epochs += [parse_origin(origin).epoch, _epoch_in(note, name)]
    origin = origin_ledger(name, max(epochs))
    open_id = session.scalar(
        select(RoundRow.id).where(RoundRow.origin == origin, RoundRow.state != State.JUDGED.value).limit(1)
    )
    if open_id is not None:
        raise problems.round_open(origin, open_id)
    return origin


def _epoch_in(note: str, name: str) -> int:
    """The epoch of the ledger that a sealed note is of: a node answers from the epoch that is open."""
    first = note.partition("\n")[0]
    prefix = f"{name}/ledger/"
    return (
        int(first.removeprefix(prefix)) if first.startswith(prefix) and first[len(prefix) :].isdigit() else 1
    )


# --- sealed --------------------------------------------------------------------------------------------------


def take_seal(context: AuditContext, session: Session, tx: Tx, received: Received) -> None:
    """The node named its first head cosigned after the period: judge it, and reveal the seed.

    Raises:
        EntryRefused: no such round (`schema`), or another node's (`sender`).
    """
    row = _round_of(session, received)
    if row.state != State.COMMITTED.value:
        return
    note = str(received.data["checkpoint"])
    row.checkpoint, row.sealed_at = note, context.now()
    cancel_timer(session, SEAL_TIMER, row.id, context.now())
    last = last_head(session, row.origin)
    owner, witness = parties(tx.members, row.target, row.origin, note, received.stored_at)
    previous = received.data.get("previous")
    path = hashes_of(received.data.get("consistency"))
    is_from_last = last is not None and previous == last.size
    seal = judge_seal(note, owner, witness, row.period_end, last, path if is_from_last else None)
    row.cosigned_at = seal.cosigned_at
    if seal.head is None:
        row.state = after(State.COMMITTED, "seal_refused").value
        close_without_answers(context, session, row, seal.findings)
        return
    row.state = after(State.COMMITTED, "seal").value
    row.head_size, row.head_root = seal.head.size, seal.head.root
    row.is_sound = not seal.findings
    _reveal(context, session, row, seal, last)


def _reveal(
    context: AuditContext, session: Session, row: RoundRow, seal: Seal, last: Checkpoint | None
) -> None:
    seed = bytes.fromhex(str(row.secret["seed"]))
    sample = draw_sample(seed, seal, last, row.count, row.wanted)
    now = context.now()
    due = (now + timedelta(seconds=row.answer_within_s)).replace(microsecond=0)
    row.start, row.drawn, row.named = sample.start, list(sample.drawn), list(sample.named)
    row.challenged_at, row.due = now, due
    row.state = after(State.SEALED, "challenge").value
    context.queue(
        session,
        destination=row.target,
        subject=row.id,
        type="audit.challenge.v1",
        data=_challenge(row, sample, seed, due),
    )
    told = {"round": row.id, "size": row.head_size, "from": row.start, "drawn": len(row.drawn)}
    context.fact(session, "audit.challenged", {**told, "seed": seed.hex(), "due": format_utc(due)})
    add_findings(session, row, map(found_of, seal.findings))
    set_timer(session, ANSWER_TIMER, row.id, due)


def _challenge(row: RoundRow, sample: Sample, seed: bytes, due: datetime) -> dict[str, object]:
    data: dict[str, object] = {
        "round": row.id,
        "origin": row.origin,
        "size": row.head_size,
        "seed": seed.hex(),
        "from": sample.start,
        "count": row.count,
        "due": format_utc(due),
    }
    if sample.named:
        data["indices"] = list(sample.named)
    return data


def last_head(session: Session, origin: str) -> Checkpoint | None:
    """The head audited last of a ledger; None in a first round."""
    query = (
        select(RoundRow.head_size, RoundRow.head_root)
        .where(RoundRow.origin == origin, RoundRow.state == State.JUDGED.value, RoundRow.is_sound)
        .order_by(RoundRow.judged_at.desc(), RoundRow.id)
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    if found is None or found.head_size is None or found.head_root is None:
        return None
    return Checkpoint(origin, int(found.head_size), bytes(found.head_root))


# --- answers -------------------------------------------------------------------------------------------------


def take_answer(context: AuditContext, session: Session, received: Received) -> None:
    """Keep an answer; judge when everything was answered, or the node said that there is no more.

    Raises:
        EntryRefused: no such round (`schema`), or another node's (`sender`).
    """
    row = _round_of(session, received)
    if row.state != State.CHALLENGED.value:
        return
    count = session.scalar(select(func.count()).where(AnswerRow.round_id == row.id)) or 0
    if count >= ANSWERS_MOST:
        return
    data = {name: value for name, value in received.data.items() if name != "sealed"}
    session.add(AnswerRow(round_id=row.id, place=count, received_at=received.stored_at, data=data))
    session.flush()
    answers = session.scalars(
        select(AnswerRow.data).where(AnswerRow.round_id == row.id).order_by(AnswerRow.place)
    ).all()
    if not is_complete([*row.drawn, *row.named], answers):
        return
    cancel_timer(session, ANSWER_TIMER, row.id, context.now())
    row.answered_at = context.now()
    row.state = after(State.CHALLENGED, "answer").value
    judge_round(context, session, row, answers)
    row.state = after(State.ANSWERED, "judge").value


def _round_of(session: Session, received: Received) -> RoundRow:
    row = lock_row(session, RoundRow, str(received.data["round"]))
    if row is None:
        raise EntryRefused("schema", f"{received.data['round']} is no round of this node")
    if received.sender != row.target:
        raise EntryRefused("sender", f"{received.sender} was not asked in round {row.id}")
    return row


# --- what happens by itself ----------------------------------------------------------------------------------


def seal_overdue(context: AuditContext, session: Session, timer: Timer) -> None:
    """Nothing was sealed in time."""
    row = lock_row(session, RoundRow, timer.subject)
    if row is None or row.state != State.COMMITTED.value:
        return
    row.state = after(State.COMMITTED, "seal_overdue").value
    close_without_answers(context, session, row, [Finding("not-sealed", detail=format_utc(row.seal_due))])


def answer_overdue(context: AuditContext, session: Session, timer: Timer) -> None:
    """The time to answer is past: what came by then is judged, what did not come is a finding."""
    row = lock_row(session, RoundRow, timer.subject)
    if row is None or row.state != State.CHALLENGED.value:
        return
    answers = session.scalars(
        select(AnswerRow.data).where(AnswerRow.round_id == row.id).order_by(AnswerRow.place)
    ).all()
    row.state = after(State.CHALLENGED, "answer_overdue").value
    judge_round(context, session, row, answers)
