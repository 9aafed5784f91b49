"""The federation's stores on the node's own database session (`federation.ports.Tx`, `Database`).

They work on the connection of a SQLAlchemy session, so that a business row, its queued entry and its fact commit or
vanish together (architecture decision 2). A `SqlTx` lives as long as its transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from federation.ports import Alert, Clock
from node.exchange.blob_store import SqlBlobStore
from node.exchange.inbox_store import SqlInboxStore
from node.exchange.log_store import OriginNumbers, SqlLogStore
from node.exchange.member_store import SqlMemberStore, SqlNonceStore
from node.exchange.outbox_store import SqlOutboxStore
from node.exchange.sql import table_of
from node.exchange.tables import AlertRow
from node.kernel.database import Database

ALERT = table_of(AlertRow)
READING = "bianmin_reading"
"""Execution option of a connection that `kernel.database` opened for reading only."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the stores need besides a connection.

    Attributes:
        node_name: this node's name; entries of its own logs are indexed by subject.
        clock: for the age of uploads.
        blob_folder: where ciphertexts lie.
    """

    node_name: str
    clock: Clock
    blob_folder: Path


def _sameness(alert: Alert) -> str:
    text = json.dumps([alert.code, alert.peer, dict(alert.detail)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class SqlTx:
    """The stores inside one transaction of a session."""

    def __init__(self, session: Session, surroundings: Surroundings) -> None:
        self.session = session
        self._surroundings = surroundings
        self._connection: Connection = session.connection()
        self._numbers = OriginNumbers(self._connection)

    @cached_property
    def logs(self) -> SqlLogStore:
        """Logs and their entries."""
        reading = bool(self._connection.get_execution_options().get(READING, False))
        prefix = f"{self._surroundings.node_name}/"
        return SqlLogStore(self._connection, self._numbers, prefix, is_writing=not reading)

    @cached_property
    def outbox(self) -> SqlOutboxStore:
        """Entries waiting for their sequencer."""
        return SqlOutboxStore(self._connection, self._numbers)

    @cached_property
    def inbox(self) -> SqlInboxStore:
        """Where applying has got to."""
        return SqlInboxStore(self._connection, self._numbers)

    @cached_property
    def members(self) -> SqlMemberStore:
        """Who is who."""
        return SqlMemberStore(self._connection)

    @cached_property
    def nonces(self) -> SqlNonceStore:
        """Spent nonces."""
        return SqlNonceStore(self._connection)

    @cached_property
    def blobs(self) -> SqlBlobStore:
        """Ciphertexts."""
        return SqlBlobStore(self._connection, self._surroundings.blob_folder, self._surroundings.clock)

    def alert(self, alert: Alert, at: datetime) -> None:
        """Show an operator something; the same again while it is open only counts up."""
        sameness = _sameness(alert)
        counted = self._connection.execute(
            update(ALERT)
            .where(ALERT.c.sameness == sameness, ALERT.c.closed_at.is_(None))
            .values(count=ALERT.c.count + 1, last_at=at, severity=alert.severity)
        )
        if counted.rowcount == 0:
            detail: dict[str, Any] = json.loads(json.dumps(dict(alert.detail), default=str))
            self._connection.execute(
                ALERT.insert(),
                {
                    "code": alert.code,
                    "severity": alert.severity,
                    "peer": alert.peer,
                    "detail": detail,
                    "sameness": sameness,
                    "first_at": at,
                    "last_at": at,
                    "count": 1,
                    "closed_by": "",
                },
            )

    def open_alerts(self, limit: int = 200) -> list[AlertRow]:
        """Alerts nobody has closed, newest first."""
        query = select(AlertRow).where(AlertRow.closed_at.is_(None)).order_by(AlertRow.last_at.desc())
        return list(self.session.scalars(query.limit(limit)))


class SqlDatabase:
    """Opens transactions for the federation package on the node's database."""

    def __init__(self, database: Database, surroundings: Surroundings) -> None:
        self._database = database
        self._surroundings = surroundings

    @contextmanager
    def transaction(self) -> Iterator[SqlTx]:
        """Leaving the block commits; an exception rolls everything back."""
        with self._database.transaction() as session:
            yield SqlTx(session, self._surroundings)

    @contextmanager
    def reading(self) -> Iterator[SqlTx]:
        """One committed state, to be read only; neither waits for a writer nor makes one wait."""
        with self._database.reading() as session:
            yield SqlTx(session, self._surroundings)

    def within(self, session: Session) -> SqlTx:
        """The stores inside a transaction somebody else opened."""
        return SqlTx(session, self._surroundings)
