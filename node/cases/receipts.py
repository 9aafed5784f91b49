"""When the next node received an entry about a case, by its receipt (federation.md §1.3): for `CaseContext.receipt_at`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from federation.ports import LogRole
from node.cases.context import CaseContext
from node.cases.handover import note_receipts
from node.exchange.receipts import sent_about
from node.exchange.stores import SqlTx
from node.kernel.database import Database


class _Head(msgspec.Struct):
    id: str = ""


_decode_head = msgspec.json.Decoder(_Head).decode


def receipt_times(stores: Callable[[Session], SqlTx]) -> Callable[[Session, str, str], datetime | None]:
    """`(session, case id, entry id)` → time of the receipt that covers the entry; None while there is none."""

    def receipt_at(session: Session, case_id: str, entry_id: str) -> datetime | None:
        if not entry_id:
            return None
        for sent in sent_about(stores(session), case_id):
            if sent.receipted_at is None or sent.line is None:
                continue
            if _decode_head(sent.line).id == entry_id:
                return sent.receipted_at
        return None

    return receipt_at


class ReceiptNotes:
    """Writes down, soon after a receipt came, when the next node received what was offered (`handover.note_receipts`).

    The receipt at hand proves a time only while it is the newest. Nothing is looked at while no receipt has come.
    """

    def __init__(self, context: CaseContext, database: Database, stores: Callable[[Session], SqlTx]) -> None:
        self._context = context
        self._database = database
        self._stores = stores
        self._looked_at: dict[str, int] | None = None

    def run(self) -> int:
        """One look; returns how many were noted."""
        with self._database.reading() as session:
            logs = self._stores(session).logs
            receipted = {
                log.origin: log.receipted_size
                for role in _OWN
                for log in logs.all(role)
                if log.receipted_size
            }
        if receipted == self._looked_at:
            return 0
        with self._database.transaction() as session:
            noted = note_receipts(self._context, session)
        self._looked_at = receipted
        return noted


_OWN: tuple[LogRole, ...] = ("own-up", "own-down")
