"""Leases: work that must be done by one process at a time, and goes to another when that one dies.

A lease is a row: who holds it, until when. The holder renews it while it works; nobody waits for it. What a lease
protects must still be correct when a holder is paused past its end: the work's own transaction calls `require_held`
first, so a late holder's writes are refused.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import String, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from node.kernel.clock import Clock
from node.kernel.database import Base, Database, UtcDateTime
from node.kernel.sql import insert_absent


class LeaseRow(Base):
    """One lease. A row past `until` is free."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class LeaseLostError(RuntimeError):
    """The lease ended before the work was committed: somebody else may be doing it; nothing is written."""


def new_holder() -> str:
    """A name for this holder: machine, process, and a random part, so that a restart is another holder."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


def acquire(session: Session, name: str, holder: str, now: datetime, ttl: timedelta) -> bool:
    """Takes or renews a lease; False when another holds it."""
    insert_absent(session, LeaseRow, {"name": name, "holder": holder, "until": now + ttl}, ("name",))
    taken = session.execute(
        update(LeaseRow)
        .where(LeaseRow.name == name, or_(LeaseRow.holder == holder, LeaseRow.until <= now))
        .values(holder=holder, until=now + ttl)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def release(session: Session, name: str, holder: str) -> None:
    """Gives a lease back; one that is not held any more is no error."""
    session.execute(
        delete(LeaseRow)
        .where(LeaseRow.name == name, LeaseRow.holder == holder)
        .execution_options(synchronize_session=False)
    )


def require_held(session: Session, name: str, holder: str, now: datetime) -> None:
    """Holds the lease's row until the transaction ends, and makes sure it is still this holder's.

    Raises:
        LeaseLostError: it ended or is another's.
    """
    row = session.execute(
        select(LeaseRow.holder, LeaseRow.until).where(LeaseRow.name == name).with_for_update()
    ).one_or_none()
    if row is None or row.holder != holder or row.until <= now:
        raise LeaseLostError(f"lease {name!r} is no longer held by {holder}")


@contextmanager
def held(
    database: Database, clock: Clock, name: str, *, holder: str, ttl: timedelta = timedelta(seconds=60)
) -> Iterator[bool]:
    """Holds a lease for a block: yields whether it was got, and gives it back at the end."""
    with database.transaction() as session:
        got = acquire(session, name, holder, clock.now(), ttl)
    try:
        yield got
    finally:
        if got:
            with database.transaction() as session:
                release(session, name, holder)
