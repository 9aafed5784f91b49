"""A village's ledger on both databases, with its head file on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from federation.keys import Identity
from federation.ports import Limits, LogStore
from node.exchange.heads import DiskHeadFile
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.ledger.rules import FactDraft
from node.ledger.sequencer import LedgerSequencer
from node.ledger.service import record
from tests.unit.federation.members import TOWNSHIP, VILLAGE, keys_of, name_of

NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
CASE = "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11"


@dataclass
class Ledger:
    """One node's ledger and what stands around it."""

    database: Database
    stores: SqlDatabase
    heads: DiskHeadFile
    clock: FixedClock
    identity: Identity

    def sequencer(self, is_ready: Callable[[], bool] | None = None) -> LedgerSequencer:
        """A sequencer as a process that starts now has it."""
        return LedgerSequencer(
            self.database,
            self.stores.within,
            lambda: self.identity,
            self.heads,
            self.clock,
            Limits(),
            is_ready,
        )

    def logs(self, session: Session) -> LogStore:
        """The log store of a session."""
        return self.stores.within(session).logs

    def record(self, type: str = "case.accept", actor: str = "machine", **values: Any) -> UUID:
        """One fact, now, in a transaction of its own."""
        with self.database.transaction() as session:
            draft = FactDraft(type=type, at=self.clock.now(), actor=actor, **{"case": CASE, **values})
            return record(session, draft)


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Ledger:
    clock = FixedClock(NOW)
    surroundings = Surroundings(name_of(VILLAGE), clock, tmp_path / "blobs")
    identity = Identity("nantong.example", VILLAGE, "village", keys_of(VILLAGE), TOWNSHIP)
    return Ledger(
        database, SqlDatabase(database, surroundings), DiskHeadFile(tmp_path / "heads.json"), clock, identity
    )
