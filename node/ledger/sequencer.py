"""The ledger's sequencer: waiting facts get their place in the log, in groups (federation.md §5 Writing, §6).

Acts insert facts without an index (`node.ledger.service.record`); one loop, under one lease, takes them in the order
recorded, appends them to the open epoch, signs one head for the group, and gives each its index and its ordinal. A fact's
line moves from its row into the log in the same transaction, so it stands in one place at a time. Two loops at once
cannot harm: the log's state is read under a lock, judged and written back in one transaction.

Order of durability: commit, then the head file. A head file that knows more than the database, or that is gone while the
ledger is not empty, means that something was restored: then nothing is signed, facts wait, and work goes on.

`at` never decreases by more than 60 s from one entry to the next. Where a clock was set back, a fact of its own says so
first: `clock.set_back`, `data` `{"from": "<last at>", "to": "<new at>"}`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from federation.errors import LogProofError
from federation.keys import Identity
from federation.note import parse_checkpoint, split_note
from federation.ports import Alert, HeadFile, Limits, LogRole, LogState, Tx
from federation.writer import append_signed, open_log
from node.kernel.clock import Clock, format_utc
from node.kernel.database import Database
from node.kernel.faultpoints import reach
from node.ledger.problems import ledger_halted
from node.ledger.rules import FactDraft
from node.ledger.service import record
from node.ledger.tables import FactRow

MOST_DECREASE = timedelta(seconds=60)
CLOCK_SET_BACK = "clock.set_back"
LEDGER: LogRole = "own-ledger"


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """How the ledger stands, for the operator.

    Attributes:
        origin: the open epoch.
        size: facts in it.
        witnessed: how many of them lie under a head that the level above cosigned.
        waiting: facts without a place yet.
        halted: why nothing is signed; "" when it is: `behind`, `no-head-file`, `diverged`, `not-ready`, or what the
            log itself says (`lost` …).
    """

    origin: str
    size: int
    witnessed: int
    waiting: int
    halted: str


class LedgerSequencer:
    """See the module.

    Args:
        stores: the federation's stores inside a session's transaction.
        identity: read anew at every run, since keys rotate.
        is_ready: whether the ledger may be written as far as the exchange knows (`LogWriter.is_ready`): false while a
            restored node waits for its parent's or its operator's word.
    """

    def __init__(
        self,
        database: Database,
        stores: Callable[[Session], Tx],
        identity: Callable[[], Identity],
        heads: HeadFile,
        clock: Clock,
        limits: Limits,
        is_ready: Callable[[], bool] | None = None,
    ) -> None:
        self._database = database
        self._stores = stores
        self._identity = identity
        self._heads = heads
        self._clock = clock
        self._limits = limits
        self._is_ready = is_ready
        self._told = ""
        self._began = False

    def run(self, limit: int = 500) -> int:
        """Gives at most `limit` waiting facts their place; returns how many facts were written.

        0 when none waits, and when the ledger may not be written (an operator is alerted once).
        """
        self._save_unsaved_head()
        if limit < 1 or not self._has_waiting():
            return 0
        identity = self._identity()
        with self._database.transaction() as session:
            tx = self._stores(session)
            state = open_log(tx, identity, LEDGER, "")
            halted = self._why_halted(state)
            if halted != "":
                self._alert(tx, state, halted)
                return 0
            self._told = ""
            rows = self._take(session, limit)
            if not rows:
                return 0
            lines = [_line_of(row) for row in rows]
            start = state.size
            state = append_signed(tx, identity, state, lines, self._clock.now(), self._limits)
            _place(session, rows, state.origin, start)
            reach("ledger.before-commit")
        reach("ledger.after-commit")
        self._heads.save({state.origin: state.note})
        reach("ledger.after-head-file")
        return len(rows)

    def status(self) -> LedgerStatus:
        """How the ledger stands."""
        identity = self._identity()
        with self._database.reading() as session:
            state = open_log(self._stores(session), identity, LEDGER, "")
            waiting = session.scalar(
                select(func.count()).select_from(FactRow).where(FactRow.ordinal.is_(None))
            )
        return LedgerStatus(
            state.origin, state.size, state.receipted_size, int(waiting or 0), self._why_halted(state)
        )

    def require_running(self) -> None:
        """Makes sure the ledger is being signed.

        Raises:
            Problem: `ledger-halted`.
        """
        status = self.status()
        if status.halted != "":
            raise ledger_halted(status.origin, status.halted)

    def _has_waiting(self) -> bool:
        with self._database.reading() as session:
            return (
                session.scalar(select(FactRow.position).where(FactRow.ordinal.is_(None)).limit(1)) is not None
            )

    def _save_unsaved_head(self) -> None:
        """At the first run: a process before may have ended between commit and head file."""
        if self._began:
            return
        with self._database.reading() as session:
            state = open_log(self._stores(session), self._identity(), LEDGER, "")
        is_kept = state.origin in self._heads.load()
        if is_kept and state.note != "" and self._why_halted(state) == "":
            self._heads.save({state.origin: state.note})
        self._began = True

    def _why_halted(self, state: LogState) -> str:
        if state.halted != "" or state.frozen:
            return state.halted or "frozen"
        kept = self._heads.load().get(state.origin)
        if kept is not None:
            judged = _compare(kept, state)
            if judged != "":
                return judged
        is_ready = kept is not None or state.size == 0 if self._is_ready is None else self._is_ready()
        if is_ready:
            return ""
        return "no-head-file" if kept is None else "not-ready"

    def _alert(self, tx: Tx, state: LogState, halted: str) -> None:
        """Once for each reason: the loop comes by every second."""
        if self._told != halted:
            detail = {"origin": state.origin, "why": halted, "size": state.size}
            tx.alert(Alert("ledger-halted", "critical", "", detail), self._clock.now())
            self._told = halted

    def _take(self, session: Session, limit: int) -> list[FactRow]:
        """The oldest waiting facts in the order recorded, with a fact in front of each that goes back in time."""
        query = select(FactRow).where(FactRow.ordinal.is_(None)).order_by(FactRow.position).limit(limit)
        waiting = list(session.scalars(query))
        last = _last_at(session)
        rows: list[FactRow] = []
        for row in waiting:
            if last is not None and row.at < last - MOST_DECREASE and row.type != CLOCK_SET_BACK:
                rows.append(_set_back(session, last, row.at))
            rows.append(row)
            last = row.at
        return rows


def _compare(kept: str, state: LogState) -> str:
    """What a kept head says of the database's; "" when the database has all of it.

    Raises:
        LogProofError: the head file holds something that is no checkpoint.
    """
    head = parse_checkpoint(split_note(kept)[0])
    if head.size > state.size:
        return "behind"
    if head.size == state.size and state.note != "":
        held = parse_checkpoint(split_note(state.note)[0])
        if held.root != head.root:
            return "diverged"
    return ""


def _last_at(session: Session) -> datetime | None:
    query = select(FactRow.at).where(FactRow.ordinal.is_not(None)).order_by(FactRow.ordinal.desc()).limit(1)
    return session.scalar(query)


def _set_back(session: Session, last: datetime, at: datetime) -> FactRow:
    data = {"from": format_utc(last), "to": format_utc(at)}
    fact_id = record(session, FactDraft(type=CLOCK_SET_BACK, at=at, actor="machine", data=data))
    return session.scalars(select(FactRow).where(FactRow.id == str(fact_id))).one()


def _line_of(row: FactRow) -> bytes:
    if row.line is None:
        raise LogProofError(f"fact {row.id} waits for its place and has no line")
    return bytes(row.line)


def _place(session: Session, rows: Sequence[FactRow], origin: str, start: int) -> None:
    last = session.scalar(select(func.max(FactRow.ordinal)))
    first = 0 if last is None else int(last) + 1
    session.execute(
        update(FactRow),
        [
            {"position": row.position, "origin": origin, "idx": start + n, "ordinal": first + n, "line": None}
            for n, row in enumerate(rows)
        ],
    )
