"""Timers: one table for everything that happens by itself at a time (architecture decision 5).

A timer is a row of (kind, subject), due at an instant. A loop takes due rows one by one: the handler's work and the
row's end are one transaction, so a timer fires once, and again only if that transaction did not commit. A handler that
fails is tried later, at growing intervals, and its error stands in the row. Handlers are given by the container.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, Integer, Select, String, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from node.kernel.clock import Clock
from node.kernel.database import Base, Database, UtcDateTime

_log = logging.getLogger(__name__)
RETRY_FIRST_S = 60
RETRY_LONGEST_S = 6 * 3600
_ERROR_MAX = 500


class TimerRow(Base):
    """One timer. It waits while `fired_at` and `cancelled_at` are null; `try_at` is when the loop looks at it."""

    __tablename__ = "timer"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    fired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(
            "uq_timer_live",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("fired_at IS NULL AND cancelled_at IS NULL"),
            postgresql_where=text("fired_at IS NULL AND cancelled_at IS NULL"),
        ),
        Index(
            "ix_timer_due",
            "try_at",
            sqlite_where=text("fired_at IS NULL AND cancelled_at IS NULL"),
            postgresql_where=text("fired_at IS NULL AND cancelled_at IS NULL"),
        ),
        Index("ix_timer_subject", "subject", "kind"),
    )


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that is due, as a handler sees it."""

    id: str
    kind: str
    subject: str
    due_at: datetime


Handler = Callable[[Session, Timer], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What a round did."""

    fired: int
    failed: int


def set_timer(session: Session, kind: str, subject: str, due_at: datetime) -> str:
    """Sets the timer of (kind, subject); one that waits is moved. Returns its id."""
    row = session.scalar(_waiting(kind, subject).with_for_update())
    if row is None:
        row = TimerRow(
            id=str(uuid.uuid4()),
            kind=kind,
            subject=subject,
            due_at=due_at,
            try_at=due_at,
            fired_at=None,
            cancelled_at=None,
        )
        session.add(row)
    else:
        row.due_at = row.try_at = due_at
        row.failures, row.last_error = 0, ""
    session.flush()
    return row.id


def cancel_timer(session: Session, kind: str, subject: str, now: datetime) -> bool:
    """Ends a waiting timer without firing it; False when none waits."""
    row = session.scalar(_waiting(kind, subject).with_for_update())
    if row is None:
        return False
    row.cancelled_at = now
    session.flush()
    return True


def due_at(session: Session, kind: str, subject: str) -> datetime | None:
    """When the waiting timer of (kind, subject) is due; None when none waits."""
    row = session.scalar(_waiting(kind, subject))
    return None if row is None else row.due_at


def failing(session: Session) -> list[TimerRow]:
    """Timers that are waiting after a failure, for the operator."""
    query = select(TimerRow).where(
        TimerRow.failures > 0, TimerRow.fired_at.is_(None), TimerRow.cancelled_at.is_(None)
    )
    return list(session.scalars(query.order_by(TimerRow.due_at)))


def overdue_count(session: Session, now: datetime) -> int:
    """How many timers should have fired already."""
    query = select(func.count()).where(
        TimerRow.fired_at.is_(None), TimerRow.cancelled_at.is_(None), TimerRow.due_at <= now
    )
    return int(session.scalar(query) or 0)


def _waiting(kind: str, subject: str) -> Select[TimerRow]:
    return select(TimerRow).where(
        TimerRow.kind == kind,
        TimerRow.subject == subject,
        TimerRow.fired_at.is_(None),
        TimerRow.cancelled_at.is_(None),
    )


class TimerRunner:
    """Fires what is due.

    Args:
        handlers: by kind. A timer of a kind that nobody handles stays and is logged: an older program may have set it.
    """

    def __init__(self, database: Database, clock: Clock, handlers: Mapping[str, Handler]) -> None:
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers)

    def run_due(self, limit: int = 100) -> Run:
        """Fires due timers, the longest due first, each in its own transaction; at most `limit`."""
        fired = failed = 0
        for timer_id in self._due(limit):
            outcome = self._fire(timer_id)
            fired += outcome is True
            failed += outcome is False
        return Run(fired, failed)

    def _due(self, limit: int) -> list[str]:
        with self._database.reading() as session:
            query = (
                select(TimerRow.id)
                .where(
                    TimerRow.try_at <= self._clock.now(),
                    TimerRow.fired_at.is_(None),
                    TimerRow.cancelled_at.is_(None),
                    TimerRow.kind.in_(self._handlers),
                )
                .order_by(TimerRow.try_at, TimerRow.id)
                .limit(limit)
            )
            return list(session.scalars(query))

    def _fire(self, timer_id: str) -> bool | None:
        """True when it fired, False when it failed, None when another worker has it or it is due no more."""
        try:
            with self._database.transaction() as session:
                row = self._take(session, timer_id)
                if row is None:
                    return None
                self._handlers[row.kind](session, Timer(row.id, row.kind, row.subject, row.due_at))
                row.fired_at = self._clock.now()
        except Exception as error:
            _log.exception("timer failed", extra={"timer": timer_id})
            self._postpone(timer_id, error)
            return False
        return True

    def _take(self, session: Session, timer_id: str) -> TimerRow | None:
        query = select(TimerRow).where(TimerRow.id == timer_id).with_for_update(skip_locked=True)
        row = session.scalar(query)
        if row is None or row.fired_at is not None or row.cancelled_at is not None:
            return None
        return row if row.try_at <= self._clock.now() else None

    def _postpone(self, timer_id: str, error: Exception) -> None:
        with self._database.transaction() as session:
            row = self._take(session, timer_id)
            if row is not None:
                wait_s = min(RETRY_FIRST_S * 2**row.failures, RETRY_LONGEST_S)
                row.failures += 1
                row.last_error = f"{type(error).__name__}: {error}"[:_ERROR_MAX]
                row.try_at = self._clock.now() + timedelta(seconds=wait_s)
