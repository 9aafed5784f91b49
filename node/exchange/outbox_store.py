"""Entries waiting for their sequencer, on SQL (`federation.ports.OutboxStore`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, select

from federation.ports import QueuedEntry
from node.exchange.log_store import OriginNumbers
from node.exchange.sql import add_to, table_of
from node.exchange.tables import FlowRow, QueuedEntryRow

QUEUED = table_of(QueuedEntryRow)
FLOW = table_of(FlowRow)


class SqlOutboxStore:
    """See `federation.ports.OutboxStore`."""

    def __init__(self, connection: Connection, numbers: OriginNumbers) -> None:
        self._connection = connection
        self._numbers = numbers

    def queue(
        self,
        *,
        role: Literal["own-up", "own-down"],
        peer: str,
        id: str,
        type: str,
        subject: str,
        destination: str,
        time: str,
        data: bytes,
    ) -> None:
        """Queue one entry; it commits with the transaction that decided it."""
        values: dict[str, Any] = {
            "role": role,
            "peer": peer,
            "id": id,
            "type": type,
            "subject": subject,
            "destination": destination,
            "time": time,
            "data": data,
        }
        self._connection.execute(QUEUED.insert(), values)

    def take(self, role: str, peer: str, limit: int) -> list[QueuedEntry]:
        """The oldest queued entries of one log; they stay until `done`."""
        query = (
            select(QUEUED)
            .where(QUEUED.c.role == role, QUEUED.c.peer == peer)
            .order_by(QUEUED.c.position)
            .limit(limit)
        )
        return [
            QueuedEntry(
                position=row.position,
                log_role=row.role,
                peer=row.peer,
                id=row.id,
                type=row.type,
                subject=row.subject,
                destination=row.destination,
                time=row.time,
                data=bytes(row.data),
            )
            for row in self._connection.execute(query)
        ]

    def done(self, positions: Sequence[int]) -> None:
        """The entries at these positions stand in the log now."""
        for at in range(0, len(positions), 500):
            self._connection.execute(delete(QUEUED).where(QUEUED.c.position.in_(positions[at : at + 500])))

    def waiting(self) -> list[tuple[str, str, int, str]]:
        """(role, peer, count, oldest time) of every log with something queued."""
        query = (
            select(QUEUED.c.role, QUEUED.c.peer, func.count(), func.min(QUEUED.c.time))
            .group_by(QUEUED.c.role, QUEUED.c.peer)
            .order_by(QUEUED.c.role, QUEUED.c.peer)
        )
        return [(role, peer, count, oldest) for role, peer, count, oldest in self._connection.execute(query)]

    def next_seq(self, origin: str, destination: str, subject: str, count: int) -> int:
        """Reserve `count` numbers of (log, destination, subject); returns the first, from 1."""
        values = {
            "log_id": self._numbers.get(origin),
            "destination": destination,
            "subject": subject,
            "last_seq": count,
        }
        last = add_to(self._connection, FLOW, values, ("log_id", "destination", "subject"), "last_seq")
        return last - count + 1
