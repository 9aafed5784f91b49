"""Followers: what happens when facts appear (architecture decision 3).

Notices, statistics, bills, cards react to facts by following the ledger with a cursor, each in its own transaction: the
effects and the cursor commit together, so every fact takes effect once with every follower, in the ledger's order. A
follower that fails stops at that fact, alone, and tries again at growing intervals; the others go on. Facts whose line
was erased are passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from node.kernel.clock import Clock
from node.kernel.database import Database
from node.kernel.sql import insert_absent
from node.ledger.service import LedgerEntry, LogStoreOf, sequenced_entries
from node.ledger.tables import FactRow, FollowerCursorRow

_log = logging.getLogger(__name__)
BATCH = 100
RETRY_FIRST_S = 5
RETRY_LONGEST_S = 900
_ERROR_MAX = 500


@dataclass(frozen=True, slots=True)
class Follower:
    """One follower.

    Attributes:
        name: stable, unique in the node; the cursor's key.
        handle: does what one fact asks for, in the session given. `entry.fact` is never None.
        types: only facts of these types; a type ending in `.` is a prefix; all when empty.
    """

    name: str
    handle: Callable[[Session, LedgerEntry], None]
    types: tuple[str, ...] = ()

    def wants(self, entry: LedgerEntry) -> bool:
        """Whether a fact is handed to it."""
        if entry.fact is None:
            return False
        return not self.types or any(
            entry.type.startswith(one) if one.endswith(".") else entry.type == one for one in self.types
        )


@dataclass(frozen=True, slots=True)
class FollowerState:
    """How a follower stands, for the operator. `behind`: sequenced facts it has not passed."""

    name: str
    next_ordinal: int
    behind: int
    failures: int
    retry_at: datetime | None
    last_error: str


class Followers:
    """The followers of one node.

    Args:
        logs: the log store of a session.
        followers: names must differ.
    """

    def __init__(
        self, database: Database, clock: Clock, logs: LogStoreOf, followers: Sequence[Follower]
    ) -> None:
        names = [follower.name for follower in followers]
        if len(set(names)) != len(names):
            raise ValueError(f"two followers have one name: {sorted(names)}")
        self._database = database
        self._clock = clock
        self._logs = logs
        self._followers = tuple(followers)

    def run(self, limit: int = 10_000) -> int:
        """Lets each follower catch up by at most `limit` facts; returns how many facts were passed in all."""
        return sum(self._catch_up(follower, limit) for follower in self._followers)

    def states(self) -> list[FollowerState]:
        """Every follower's state, in the order given."""
        with self._database.reading() as session:
            end = _end(session)
            rows = {row.name: row for row in session.scalars(select(FollowerCursorRow))}
        states = []
        for follower in self._followers:
            row = rows.get(follower.name)
            done = 0 if row is None else row.next_ordinal
            failures, retry_at = (0, None) if row is None else (row.failures, row.retry_at)
            error = "" if row is None else row.last_error
            states.append(FollowerState(follower.name, done, end - done, failures, retry_at, error))
        return states

    def _catch_up(self, follower: Follower, limit: int) -> int:
        passed, batch = 0, BATCH
        while passed < limit:
            try:
                step = self._step(follower, min(batch, limit - passed))
            except Exception as error:
                if batch > 1:
                    batch = 1  # find the fact that fails; those before it take effect
                    continue
                _log.exception("follower failed", extra={"follower": follower.name})
                self._postpone(follower, error)
                return passed
            if step == 0:
                return passed
            passed += step
        return passed

    def _step(self, follower: Follower, batch: int) -> int:
        """One transaction: at most `batch` facts. Returns how many were passed."""
        with self._database.transaction() as session:
            cursor = self._take(session, follower.name)
            if cursor is None or (cursor.retry_at is not None and cursor.retry_at > self._clock.now()):
                return 0
            entries = sequenced_entries(session, self._logs(session), cursor.next_ordinal, batch)
            for entry in entries:
                if follower.wants(entry):
                    follower.handle(session, entry)
            if entries:
                cursor.next_ordinal += len(entries)
                cursor.failures, cursor.retry_at, cursor.last_error = 0, None, ""
            return len(entries)

    def _take(self, session: Session, name: str) -> FollowerCursorRow | None:
        """The cursor, held until the transaction ends; None when another worker runs this follower."""
        query = select(FollowerCursorRow).where(FollowerCursorRow.name == name)
        row = session.scalar(query.with_for_update(skip_locked=True))
        if row is not None:
            return row
        start = {"name": name, "next_ordinal": 0, "failures": 0, "last_error": ""}
        if not insert_absent(session, FollowerCursorRow, start, ("name",)):
            return None
        return session.scalar(query)

    def _postpone(self, follower: Follower, error: Exception) -> None:
        with self._database.transaction() as session:
            cursor = self._take(session, follower.name)
            if cursor is not None:
                wait_s = min(RETRY_FIRST_S * 2**cursor.failures, RETRY_LONGEST_S)
                cursor.failures += 1
                cursor.retry_at = self._clock.now() + timedelta(seconds=wait_s)
                cursor.last_error = f"{type(error).__name__}: {error}"[:_ERROR_MAX]


def _end(session: Session) -> int:
    """The ordinal the next sequenced fact will have."""
    last = session.scalar(select(func.max(FactRow.ordinal)))
    return 0 if last is None else int(last) + 1
