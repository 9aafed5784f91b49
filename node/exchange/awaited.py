"""What became of what this node sent further than its neighbour: acknowledged, late, undeliverable, refused.

A receipt says that the next node holds an entry; that its destination does is said by `relay.received.v1` (federation.md
§5 Relay). An entry not acknowledged in time (`acknowledge_days` working days, a setting; 1 by default, since a node that
works answers within seconds, and a line that is down is shown anyhow) shows as such where it began, and is alerted; so
is one that could not be routed or was refused. Source: federation.md §5 Apply, Relay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from federation.names import parse_origin
from federation.ports import Alert, Clock, Tx
from federation.standing import Notice, OpenedEpoch, Watchers
from node.exchange.links import recall, remember
from node.exchange.queueing import EventQueue
from node.exchange.stores import SqlDatabase, SqlTx
from node.exchange.tables import AwaitedRow
from node.kernel.database import Database

Kind = Literal["late", "undeliverable", "refused"]
LATE_A_ROUND = 500
KEPT = timedelta(days=90)
"""How long what was acknowledged is remembered."""
LEDGER_EPOCH = "ledger-epoch:{code}"
"""Name of the memory of a child's ledger epoch that waits for this node's operator."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something about a subject did not arrive as it should.

    Attributes:
        destination: code of the node it was for.
        by: code of the node that says so; "" where nobody said anything.
        reason: of a refusal, as the wire names it; "" otherwise.
        since: when it was sent off (late), or when it was said.
    """

    kind: Kind
    type: str
    destination: str
    by: str
    reason: str
    since: datetime


class Awaited:
    """Watches over this node's own entries. Built once by the container; `watchers` goes to the standing handlers."""

    def __init__(self, stores: SqlDatabase, database: Database, queue: EventQueue, clock: Clock) -> None:
        self._stores = stores
        self._database = database
        self._queue = queue
        self._clock = clock

    @property
    def watchers(self) -> Watchers:
        """Told by the standing handlers, in the transaction that applies the notice."""
        return Watchers(self.on_acknowledged, self.on_refused, self.on_undeliverable, self.on_epoch)

    def run(self) -> int:
        """Alert what is late, and send what waited for a key; returns how many entries."""
        with self._database.reading() as session:
            if session.scalar(_late(self._clock.now()).limit(1)) is None and not self._queue.has_unsealed(
                session
            ):
                return 0
        now = self._clock.now()
        with self._database.transaction() as session:
            late = session.scalars(_late(now).limit(LATE_A_ROUND).with_for_update(skip_locked=True)).all()
            for row in late:
                row.late_at = now
                alert = Alert("relay-unacknowledged", "warning", row.destination, {"subject": row.subject})
                self._stores.within(session).alert(alert, now)
            return len(late) + self._queue.seal_waiting(session)

    def forget(self) -> int:
        """Drop what was acknowledged long ago and had no fault; returns how many rows."""
        old = delete(AwaitedRow).where(
            AwaitedRow.acknowledged_at < self._clock.now() - KEPT, AwaitedRow.fault == ""
        )
        with self._database.transaction() as session:
            return int(session.connection().execute(old).rowcount)

    # --- what others say ---------------------------------------------------------------------------------------

    def on_acknowledged(self, tx: Tx, notice: Notice) -> None:
        """The destination holds it."""
        row = self._row(tx, notice)
        if row is not None and row.acknowledged_at is None:
            row.acknowledged_at = self._clock.now()

    def on_undeliverable(self, tx: Tx, notice: Notice) -> None:
        """Somebody on the way knows no way to go on; it moves nothing."""
        self._note(tx, notice, "undeliverable")

    def on_refused(self, tx: Tx, notice: Notice) -> None:
        """It was set aside; what was sealed to a key no longer held goes again, sealed to the newest, once that is known."""
        entry = notice.entry
        goes_again = (
            notice.reason == "seal-key"
            and entry is not None
            and isinstance(tx, SqlTx)
            and self._queue.seal_refused(tx.session, entry.id)
        )
        if not goes_again:
            self._note(tx, notice, notice.reason or "refused")

    def on_epoch(self, tx: Tx, opened: OpenedEpoch) -> None:
        """A child's ledger began anew: its parent cosigns nothing of it before an operator confirmed."""
        if not isinstance(tx, SqlTx) or parse_origin(opened.log).kind != "ledger":
            return
        known = tx.members.get(opened.sender)
        if known is None or known.direct != "child":
            return
        told = {"origin": opened.log, "reason": opened.reason, "fits": opened.fits}
        remember(tx.session, LEDGER_EPOCH.format(code=opened.sender), told, self._clock.now())
        tx.alert(Alert("epoch-waiting", "critical", opened.sender, told), self._clock.now())

    def _note(self, tx: Tx, notice: Notice, fault: str) -> None:
        row = self._row(tx, notice)
        if row is not None:
            row.fault, row.fault_by, row.fault_at = fault[:24], notice.sender, self._clock.now()

    def _row(self, tx: Tx, notice: Notice) -> AwaitedRow | None:
        """The row of the entry a notice is about; made for one that went to a neighbour. None for an erased one."""
        entry = notice.entry
        if entry is None or not isinstance(tx, SqlTx):
            return None
        row = tx.session.get(AwaitedRow, entry.id, with_for_update=True)
        if row is None:
            row = AwaitedRow(
                id=entry.id,
                type=entry.type,
                subject=entry.subject,
                destination=entry.destination,
                queued_at=self._clock.now(),
                due_at=None,
                fault="",
                fault_by="",
            )
            tx.session.add(row)
        return row


def troubles_of(session: Session, subject: str) -> list[Trouble]:
    """What of a subject did not arrive as it should, oldest first."""
    rows: Sequence[AwaitedRow] = session.scalars(
        select(AwaitedRow)
        .where(AwaitedRow.subject == subject, AwaitedRow.acknowledged_at.is_(None) | (AwaitedRow.fault != ""))
        .order_by(AwaitedRow.queued_at, AwaitedRow.id)
    ).all()
    return [trouble for row in rows if (trouble := _trouble(row)) is not None]


def waiting_ledger_epoch(session: Session, code: str) -> str:
    """Origin of the ledger epoch of a child that waits for an operator; "" when none does."""
    return str(recall(session, LEDGER_EPOCH.format(code=code)).get("origin", ""))


def confirmed_ledger_epoch(session: Session, code: str, now: datetime) -> None:
    """It waits no longer."""
    remember(session, LEDGER_EPOCH.format(code=code), {}, now)


def _trouble(row: AwaitedRow) -> Trouble | None:
    if row.fault != "" and row.fault_at is not None:
        kind: Kind = "undeliverable" if row.fault == "undeliverable" else "refused"
        reason = row.fault if kind == "refused" else ""
        return Trouble(kind, row.type, row.destination, row.fault_by, reason, row.fault_at)
    if row.late_at is not None:
        return Trouble("late", row.type, row.destination, "", "", row.queued_at)
    return None


def _late(now: datetime) -> Select[AwaitedRow]:
    return select(AwaitedRow).where(
        AwaitedRow.due_at <= now,
        AwaitedRow.acknowledged_at.is_(None),
        AwaitedRow.late_at.is_(None),
        AwaitedRow.fault == "",
    )
