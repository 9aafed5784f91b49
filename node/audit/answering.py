"""What the audited node does: notes the commitment, seals its ledger after the period, shows what was drawn.

    audit.committed.v1   kept; a fact says so
    (the period ends)    a fact says so: so the ledger grows, and the level above cosigns it anew
    audit.sealed.v1      the first head cosigned from then on that this node sees
    audit.challenge.v1   the seed must be the one committed to; then the entries go out with their paths

An auditor that never reveals its seed, or reveals another one, is a finding of this node, in its own ledger, which the
level above witnesses. An unreachable auditor stops nothing.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from federation.audit import Answered, check_reveal, draw
from federation.dating import parse_instant
from federation.errors import LogProofError, TrustError
from federation.merkle import prove_consistency, prove_inclusion
from federation.names import WireNameError, parse_origin
from federation.note import parse_checkpoint, split_note
from federation.ports import Alert, LogRole, LogState, Tx
from federation.received import EntryRefused, Received
from federation.stream import erased_line
from federation.subtrees import reader_of
from node.audit.context import AuditContext
from node.audit.parties import parties
from node.audit.rules import COUNT_MOST, REVEAL_WITHIN, Asked, after_asked, judge_seal, split_answers
from node.audit.tables import AskedRow
from node.exchange.queueing import ENVELOPE_BYTES
from node.kernel.clock import format_utc
from node.kernel.database import Database, lock_row
from node.kernel.timers import Timer, cancel_timer, set_timer

REVEAL_TIMER = "audit.reveal"
LEDGER: LogRole = "own-ledger"
GROW_AGAIN = timedelta(minutes=1)
"""After how long an idle ledger is made to grow once more, while no head was cosigned after the period."""
_SPARE_BYTES = 512
"""What a part of an answer has beside its entries: round, `last`, names."""


def note_commitment(context: AuditContext, session: Session, received: Received) -> None:
    """A node above committed to a seed.

    Raises:
        EntryRefused: `schema`: not this node's ledger, too many leaves, or sent after the period had ended; `sender`:
            a round of that name is another auditor's.
    """
    data = received.data
    known = session.get(AskedRow, str(data["round"]))
    if known is not None:
        if known.auditor != received.sender:
            raise EntryRefused("sender", f"round {known.id} is not {received.sender}'s")
        return
    try:
        period_end, said_at = parse_instant(str(data["period_end"])), parse_instant(received.entry.time)
    except TrustError as error:
        raise EntryRefused("schema", f"period_end: {error.detail}") from error
    if not _is_own_ledger(context, str(data["origin"])):
        raise EntryRefused("schema", f"{data['origin']} is no ledger of this node")
    if int(data["count"]) > COUNT_MOST:
        raise EntryRefused("schema", f"a round draws at most {COUNT_MOST}")
    if said_at > period_end:
        raise EntryRefused("schema", "committed after the period had ended")
    row = AskedRow(
        id=str(data["round"]),
        auditor=received.sender,
        origin=str(data["origin"]),
        period_end=period_end,
        count=int(data["count"]),
        commitment=str(data["commitment"]),
        state=Asked.ASKED.value,
        received_at=context.now(),
    )
    session.add(row)
    session.flush()
    told = {"round": row.id, "auditor": row.auditor, "period_end": format_utc(period_end)}
    context.fact(session, "audit.asked", {**told, "count": row.count, "commitment": row.commitment})


def _is_own_ledger(context: AuditContext, origin: str) -> bool:
    try:
        named = parse_origin(origin)
    except WireNameError:
        return False
    return named.kind == "ledger" and named.owner == context.identity().name


# --- the period's end ----------------------------------------------------------------------------------------


class AuditSteps:
    """The steps no event sets off; looked at again and again by the worker (architecture decision 5)."""

    def __init__(self, context: AuditContext, database: Database) -> None:
        self._context = context
        self._database = database

    def run(self) -> int:
        """Closes periods that ended, seals what was cosigned since; returns how many rounds moved."""
        return sum(self._step(round_id) for round_id in self._due())

    def _due(self) -> list[str]:
        with self._database.reading() as session:
            query = (
                select(AskedRow)
                .where(
                    AskedRow.state.in_((Asked.ASKED.value, Asked.CLOSING.value)),
                    AskedRow.period_end <= self._context.now(),
                )
                .order_by(AskedRow.period_end, AskedRow.id)
            )
            rows = session.scalars(query).all()
            return [row.id for row in rows if self._is_ready(session, row)]

    def _is_ready(self, session: Session, row: AskedRow) -> bool:
        if row.state == Asked.ASKED.value:
            return True
        state = self._context.stores(session).logs.find(LEDGER, "")
        if state is None:
            return False
        is_sealed = sealed_at(self._context, session, state, row.period_end) is not None
        return is_sealed or self._must_grow(state, row)

    def _must_grow(self, state: LogState, row: AskedRow) -> bool:
        """All is cosigned, but before the period's end by the clock of the level above, which is behind."""
        is_idle = state.size == state.receipted_size
        since = row.closed_at or row.period_end
        return is_idle and self._context.now() - since >= GROW_AGAIN

    def _step(self, round_id: str) -> int:
        with self._database.transaction() as session:
            row = lock_row(session, AskedRow, round_id)
            if row is None:
                return 0
            if row.state == Asked.ASKED.value:
                row.state = after_asked(Asked.ASKED, "period_ended").value
            elif row.state != Asked.CLOSING.value or seal(self._context, session, row):
                return int(row.state == Asked.SEALED.value)
            grow(self._context, session, row)
            return 1


def grow(context: AuditContext, session: Session, row: AskedRow) -> None:
    """The period has ended: said as a fact, so that there is a head to be cosigned after it."""
    row.closed_at = context.now()
    context.fact(session, "audit.period_ended", {"round": row.id, "auditor": row.auditor})


def sealed_at(
    context: AuditContext, session: Session, state: LogState, period_end: datetime
) -> datetime | None:
    """When the ledger's last cosigned head was cosigned, if that was after the period."""
    if state.receipted_note == "":
        return None
    members = context.stores(session).members
    note = state.receipted_note
    owner, witness = parties(members, context.code, state.origin, note, context.now())
    judged = judge_seal(note, owner, witness, period_end, None, None)
    return None if judged.head is None else judged.cosigned_at


def seal(context: AuditContext, session: Session, row: AskedRow) -> bool:
    """Name the first head cosigned after the period; False while there is none."""
    tx = context.stores(session)
    state = tx.logs.find(LEDGER, "")
    if state is None or sealed_at(context, session, state, row.period_end) is None:
        return False
    head = parse_checkpoint(split_note(state.receipted_note)[0])
    row.checkpoint, row.head_size, row.head_root = state.receipted_note, head.size, head.root
    row.sealed_at = context.now()
    row.state = after_asked(Asked(row.state), "seal").value
    data: dict[str, object] = {"round": row.id, "checkpoint": state.receipted_note}
    data |= _growth(session, tx, row, state.origin, head.size)
    context.queue(session, destination=row.auditor, subject=row.id, type="audit.sealed.v1", data=data)
    told = {"round": row.id, "auditor": row.auditor, "size": head.size, "root": head.root.hex()}
    context.fact(session, "audit.sealed", told)
    set_timer(session, REVEAL_TIMER, row.id, row.sealed_at + REVEAL_WITHIN)
    return True


def _growth(session: Session, tx: Tx, row: AskedRow, origin: str, size: int) -> dict[str, object]:
    """The consistency proof from the head this auditor audited last, so that it need not believe the witness."""
    query = (
        select(AskedRow.head_size)
        .where(
            AskedRow.auditor == row.auditor,
            AskedRow.origin == origin,
            AskedRow.state == Asked.ANSWERED.value,
        )
        .order_by(AskedRow.answered_at.desc(), AskedRow.id)
        .limit(1)
    )
    previous = session.scalar(query)
    if previous is None or not 0 < previous <= size:
        return {}
    path = prove_consistency(reader_of(tx.logs, origin), previous, size)
    return {"previous": previous, "consistency": [_base64(one) for one in path]}


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


# --- the challenge -------------------------------------------------------------------------------------------


def answer(context: AuditContext, session: Session, tx: Tx, received: Received) -> None:
    """The seed is revealed: show what it draws, and what a complaint names.

    Raises:
        EntryRefused: `schema`: no such round, not sealed yet, or other terms than were committed to; `sender`: another
            auditor's.
    """
    data = received.data
    row = lock_row(session, AskedRow, str(data["round"]))
    if row is None:
        raise EntryRefused("schema", f"{data['round']} was never committed to")
    if row.auditor != received.sender:
        raise EntryRefused("sender", f"round {row.id} is not {received.sender}'s")
    if row.state != Asked.SEALED.value:
        if row.state in (Asked.ASKED.value, Asked.CLOSING.value):
            raise EntryRefused("schema", f"round {row.id} was not sealed yet")
        return
    start, size = int(data["from"]), int(data["size"])
    sealed = (parse_checkpoint(split_note(row.checkpoint)[0]).origin, row.head_size, row.count)
    if (str(data["origin"]), size, int(data["count"])) != sealed or start > size:
        raise EntryRefused("schema", f"round {row.id} was committed to and sealed otherwise")
    row.challenged_at = context.now()
    cancel_timer(session, REVEAL_TIMER, row.id, context.now())
    seed = bytes.fromhex(str(data["seed"]))
    if check_reveal(row.commitment, seed):
        row.state = after_asked(Asked(row.state), "bad_seed").value
        _accuse(context, session, row, "bad-seed")
        return
    assert row.head_root is not None, "sealed rounds have a root"
    drawn = draw(seed, bytes(row.head_root), start, size, row.count)
    asked = sorted({*drawn, *(int(one) for one in data.get("indices", []) if int(one) < size)})
    row.asked = asked
    _send(context, session, row, _answers(tx, sealed[0], size, asked))


def _answers(tx: Tx, origin: str, size: int, asked: list[int]) -> list[Answered]:
    """The entries as they stand, with their paths; what is gone from the database is left out."""
    read = reader_of(tx.logs, origin)
    found: list[Answered] = []
    for index in asked:
        stored = next(iter(tx.logs.entries(origin, index, 1)), None)
        if stored is None or stored.line == b"":
            continue
        line = erased_line(stored.leaf) if stored.line is None else stored.line
        try:
            path = prove_inclusion(read, index, size)
        except (
            AssertionError,
            LogProofError,
        ):  # leaves beside it are gone: the auditor sees that it leads nowhere
            path = []
        found.append(Answered(index, line, tuple(path)))
    return found


def _send(context: AuditContext, session: Session, row: AskedRow, answers: list[Answered]) -> None:
    around = ENVELOPE_BYTES + len(context.identity().name) + len(row.id) + _SPARE_BYTES
    parts = split_answers(answers, context.limits.own_entry_bytes - around)
    for place, entries in enumerate(parts, start=1):
        data: dict[str, object] = {"round": row.id, "entries": entries}
        if place == len(parts):
            data["last"] = True
        context.queue(session, destination=row.auditor, subject=row.id, type="audit.response.v1", data=data)
    row.parts, row.answered_at = len(parts), context.now()
    row.state = after_asked(Asked(row.state), "answer").value
    told = {"round": row.id, "auditor": row.auditor, "asked": len(row.asked), "parts": len(parts)}
    context.fact(session, "audit.answered", told)


# --- findings against the auditor ----------------------------------------------------------------------------


def reveal_overdue(context: AuditContext, session: Session, timer: Timer) -> None:
    """The seed was never revealed."""
    row = lock_row(session, AskedRow, timer.subject)
    if row is None or row.state != Asked.SEALED.value:
        return
    row.state = after_asked(Asked(row.state), "reveal_overdue").value
    _accuse(context, session, row, "not-revealed")


def _accuse(context: AuditContext, session: Session, row: AskedRow, code: str) -> None:
    row.finding = code
    told = {"round": row.id, "auditor": row.auditor, "commitment": row.commitment, "code": code}
    context.fact(session, "audit.auditor_failed", told)
    alert = Alert("audit-auditor-failed", "critical", row.auditor, {"round": row.id, "code": code})
    context.stores(session).alert(alert, context.now())
