"""Running numbers without gaps: registrations, fee receipts (federation.md §6).

A number is given inside the transaction that uses it. Another transaction that wants the next one of the same series
waits; when this one rolls back, its number is given again.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.kernel.sql import count_up
from node.ledger.tables import RunningNumberRow


def next_number(session: Session, series: str) -> int:
    """The next number of a series, from 1, for the running transaction.

    Args:
        series: at most 80 characters, such as `case:2026-11-24` (a day's registrations).
    """
    return count_up(session, RunningNumberRow, {"series": series}, "last")


def last_number(session: Session, series: str) -> int:
    """The last number given out and committed; 0 when none was."""
    return int(session.scalar(select(RunningNumberRow.last).where(RunningNumberRow.series == series)) or 0)
