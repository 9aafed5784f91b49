"""Writing down, in this node's own ledger, the heads it cosigned for its children (federation.md §6).

`checkpoint.witnessed`, `data` `{"heads": [note with the cosignature, …]}`: the latest head of every child whose ledger
grew since the last time, once a quarter hour, in as many facts as fit. So this node's head commits to theirs, and the
top's one head to every ledger of the network. What was written last stands in a row:

    exchange_memory `witnessed` → {origin: size}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from federation.ports import Clock, Limits, LogState
from node.exchange.links import recall, remember
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.kernel.lease_keeper import LeaseKeeper
from node.ledger.rules import FactDraft
from node.ledger.service import record

EVERY = timedelta(minutes=15)
FACT_TYPE = "checkpoint.witnessed"
LEASE = "exchange.witnessed"
MEMORY = "witnessed"
AROUND_BYTES = 512
"""What a fact has around its heads, rounded up."""
ESCAPED = 2
"""A line end takes two bytes more in JSON than its own one, rounded up; everything else stands as it is."""


class WitnessedHeads:
    """One round; see the module."""

    def __init__(
        self, stores: SqlDatabase, database: Database, leases: LeaseKeeper, clock: Clock, limits: Limits
    ) -> None:
        self._stores = stores
        self._database = database
        self._leases = leases
        self._clock = clock
        self._limits = limits

    def run(self) -> int:
        """Record what grew; returns how many heads. Nothing when another process does it, or nothing grew."""
        with self._database.reading() as session:
            if not self._grown(self._stores.within(session).logs.all("peer-ledger"), recall(session, MEMORY)):
                return 0
        if not self._leases.hold(LEASE):
            return 0
        now = self._clock.now()
        with self._database.transaction() as session:
            told = recall(session, MEMORY)
            grown = self._grown(self._stores.within(session).logs.all("peer-ledger"), told)
            for heads in self._groups(grown):
                data = {"heads": [state.receipted_note for state in heads]}
                record(session, FactDraft(type=FACT_TYPE, at=now, actor="machine", data=data))
            told |= {state.origin: state.receipted_size for state in grown}
            remember(session, MEMORY, told, now)
        return len(grown)

    def _grown(self, states: Sequence[LogState], told: dict[str, int]) -> list[LogState]:
        return [state for state in states if state.receipted_size > int(told.get(state.origin, 0))]

    def _groups(self, states: Sequence[LogState]) -> Iterator[list[LogState]]:
        """As many heads in one fact as a ledger entry may hold."""
        room = self._limits.ledger_entry_bytes - AROUND_BYTES
        group: list[LogState] = []
        used = 0
        for state in states:
            size = len(state.receipted_note.encode("utf-8")) + ESCAPED * state.receipted_note.count("\n") + 4
            if group and used + size > room:
                yield group
                group, used = [], 0
            group.append(state)
            used += size
        if group:
            yield group
