"""What this node sent about a subject, and the proof that the next node holds it (federation.md §1.3, §5).

An entry of an own log that the other end receipted has a proof anyone can check with public keys: the path from the
entry to the checkpoint, this node's signature under it, and the receipt, a cosignature by the receiver's receipt key.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from federation.keys import PublicKey, public_from_jwk
from federation.merkle import prove_inclusion
from federation.names import node_name, parse_origin
from federation.note import open_cosignatures, parse_checkpoint, split_note
from federation.ports import LogState, StoredEntry
from federation.proof import LogProof, format_proof
from federation.subtrees import reader_of
from node.exchange.sql import table_of
from node.exchange.stores import SqlTx
from node.exchange.tables import OriginRow, SubjectEntryRow

SUBJECT = table_of(SubjectEntryRow)
ORIGIN = table_of(OriginRow)
MOST = 1000
"""Entries of one subject that are looked at; a case has some tens."""


@dataclass(frozen=True, slots=True)
class SentEntry:
    """One entry of an own log.

    Attributes:
        receiver: node name of the other end.
        line: the exact bytes; None once erased.
        receipted_at: when the other end cosigned a checkpoint that covers it; None while it did not.
        proof: tlog-proof text with the receipt in it; "" while there is none.
    """

    origin: str
    index: int
    receiver: str
    line: bytes | None
    leaf: bytes
    receipted_at: datetime | None
    proof: str

    def plain(self) -> dict[str, Any]:
        """As JSON: bytes in base64, the leaf in hex."""
        return {
            "origin": self.origin,
            "index": self.index,
            "receiver": self.receiver,
            "entry": None if self.line is None else base64.b64encode(self.line).decode("ascii"),
            "bytes": 0 if self.line is None else len(self.line),
            "leaf": self.leaf.hex(),
            "receipted_at": None if self.receipted_at is None else self.receipted_at.isoformat(),
            "proof": self.proof,
        }


def sent_about(tx: SqlTx, subject: str) -> list[SentEntry]:
    """Every entry this node wrote about a subject, by log and index."""
    query = (
        select(ORIGIN.c.origin, SUBJECT.c.idx)
        .join(ORIGIN, ORIGIN.c.id == SUBJECT.c.log_id)
        .where(SUBJECT.c.subject == subject)
        .order_by(ORIGIN.c.origin, SUBJECT.c.idx)
        .limit(MOST)
    )
    found: list[SentEntry] = []
    states: dict[str, LogState | None] = {}
    for origin, index in tx.session.execute(query):
        if origin not in states:
            states[origin] = tx.logs.get(origin)
        state = states[origin]
        stored = tx.logs.entries(origin, index, 1)
        if state is not None and stored:
            found.append(_sent(tx, state, stored[0]))
    return found


def _sent(tx: SqlTx, state: LogState, stored: StoredEntry) -> SentEntry:
    name = parse_origin(state.origin)
    receiver = node_name(name.network, state.peer)
    if stored.index >= state.receipted_size:
        return SentEntry(state.origin, stored.index, receiver, stored.line, stored.leaf, None, "")
    size = parse_checkpoint(split_note(state.receipted_note)[0]).size
    path = prove_inclusion(reader_of(tx.logs, state.origin), stored.index, size)
    proof = format_proof(LogProof(stored.index, tuple(path), state.receipted_note))
    at = _receipted_at(tx, state, receiver)
    return SentEntry(state.origin, stored.index, receiver, stored.line, stored.leaf, at, proof)


def _receipted_at(tx: SqlTx, state: LogState, receiver: str) -> datetime | None:
    """Time of the receipt under the newest receipted checkpoint."""
    keys = _receipt_keys(tx, state.peer)
    lines = split_note(state.receipted_note)[1]
    witnessed = open_cosignatures(state.receipted_note, lines, f"{receiver}/receipt", keys)
    return witnessed[0].at if witnessed else None


def _receipt_keys(tx: SqlTx, code: str) -> list[PublicKey]:
    return [public_from_jwk(key.jwk) for key in tx.members.keys(code, "receipt") if key.jwk]
