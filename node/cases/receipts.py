"""When the next node received an entry about a case, by its receipt (federation.md §1.3): for `CaseContext.receipt_at`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from node.exchange.receipts import sent_about
from node.exchange.stores import SqlTx


class _Head(msgspec.Struct):
    id: str = ""


def receipt_times(stores: Callable[[Session], SqlTx]) -> Callable[[Session, str, str], datetime | None]:
    """`(session, case id, entry id)` → time of the receipt that covers the entry; None while there is none."""

    def receipt_at(session: Session, case_id: str, entry_id: str) -> datetime | None:
        if not entry_id:
            return None
        for sent in sent_about(stores(session), case_id):
            if sent.receipted_at is None or sent.line is None:
                continue
            if msgspec.json.decode(sent.line, type=_Head).id == entry_id:
                return sent.receipted_at
        return None

    return receipt_at
