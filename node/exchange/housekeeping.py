"""What is thrown away when its time is over: nonces, payloads kept for sealing anew, uploads that nobody named.

Source: federation.md §4 (nonces), §5 Sealing, §7 (7 days); requirements.md §2.8 (sessions).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from federation.ports import Clock
from node.exchange.queueing import EventQueue
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.kernel.lease_keeper import LeaseKeeper

LEASE = "exchange.housekeeping"
UNNAMED_KEPT = timedelta(days=7)
BLOBS_A_ROUND = 200


class Housekeeping:
    """One round an hour or so, in one process at a time.

    Args:
        others: what other capabilities have to throw away.
    """

    def __init__(
        self,
        stores: SqlDatabase,
        database: Database,
        queue: EventQueue,
        leases: LeaseKeeper,
        clock: Clock,
        others: tuple[Callable[[], object], ...] = (),
    ) -> None:
        self._stores = stores
        self._database = database
        self._queue = queue
        self._leases = leases
        self._clock = clock
        self._others = others

    def run(self) -> int:
        """One round; returns how many rows and files went. Nothing when another process does it."""
        if not self._leases.hold(LEASE):
            return 0
        now = self._clock.now()
        with self._database.transaction() as session:
            gone = self._stores.within(session).nonces.forget(now)
            self._queue.forget_payloads(session, now)
        for other in self._others:
            other()
        return gone + self.drop_unnamed()

    def drop_unnamed(self) -> int:
        """Delete uploads that no entry has named within seven days."""
        before = self._clock.now() - UNNAMED_KEPT
        with self._database.transaction() as session:
            blobs = self._stores.within(session).blobs
            names = blobs.unnamed_since(before, BLOBS_A_ROUND)
            for sha256 in names:
                blobs.drop(sha256)
        return len(names)
