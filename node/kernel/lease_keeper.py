"""Holding leases over many small steps: taken once, renewed while there is work, given back at the end.

A step that took and gave back its lease each time would cost two commits. On SQLite all holders run on one machine, so
the lease of a process that is gone is taken over at once instead of being waited for.
"""

from __future__ import annotations

import os
import socket
import threading
from datetime import datetime, timedelta

from sqlalchemy import delete

from node.kernel.clock import Clock
from node.kernel.database import Database
from node.kernel.leases import LeaseRow, acquire, new_holder, release

TTL = timedelta(seconds=30)
HOST_LENGTH = 40


class LeaseKeeper:
    """The leases of one process; safe for its threads."""

    def __init__(self, database: Database, clock: Clock, ttl: timedelta = TTL) -> None:
        self._database = database
        self._clock = clock
        self._ttl = ttl
        self._holder = new_holder()
        self._until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    @property
    def holder(self) -> str:
        """This process's name as a holder."""
        return self._holder

    def hold(self, name: str) -> bool:
        """Whether this process holds the lease, and will for at least half its time; taken or renewed when needed."""
        with self._lock:
            now = self._clock.now()
            until = self._until.get(name)
            if until is not None and now < until - self._ttl / 2 and now >= until - self._ttl:
                return True
            with self._database.transaction() as session:
                if self._database.engine.dialect.name == "sqlite":
                    holder = session.get(LeaseRow, name)
                    if holder is not None and is_gone(holder.holder):
                        session.execute(delete(LeaseRow).where(LeaseRow.name == name))
                got = acquire(session, name, self._holder, now, self._ttl)
            if got:
                self._until[name] = now + self._ttl
            else:
                self._until.pop(name, None)
            return got

    def give_back(self) -> None:
        """Give back every lease: the process ends."""
        with self._lock, self._database.transaction() as session:
            for name in self._until:
                release(session, name, self._holder)
            self._until.clear()


def is_gone(holder: str) -> bool:
    """Whether the holder is a process of this machine that runs no more."""
    host, _, rest = holder.partition(":")
    number = rest.partition(":")[0]
    if host != socket.gethostname()[:HOST_LENGTH] or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
