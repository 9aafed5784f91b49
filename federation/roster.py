"""A node's own chain, and the keys it holds others to (federation.md §3).

Which key is good is judged by the history: for what is signed now, at this instant; for a receipt, at its own time, if
the key is not revoked by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from federation.chain import VerifiedChain
from federation.dating import good_records, judge_key
from federation.errors import LogProofError
from federation.history import Direct, Reason, record_statement
from federation.keys import Identity, PublicKey, Role, public_from_jwk
from federation.note import open_cosignatures, split_note
from federation.ports import Tx

__all__ = ["adopt_chain", "check_receipt_time", "every_key", "good_keys"]


def adopt_chain(tx: Tx, identity: Identity, chain: VerifiedChain, now: datetime, reason: Reason) -> None:
    """Make a verified chain this node's own: stored whole, its statements written down.

    Args:
        tx: the caller's transaction.
        identity: this node's.
        chain: about this node.
        now: by the corrected clock.
        reason: why this node's own statement was issued.
    """
    tx.members.put_chain(chain.jws)
    for statement in chain.statements:
        direct: Direct | None = None
        if statement.code == identity.code:
            direct = "self"
        elif statement.code == identity.parent_code:
            direct = "parent"
        record_statement(tx.members, statement, now, reason if direct == "self" else "renewal", direct)


def good_keys(tx: Tx, code: str, role: Role, at: datetime) -> list[PublicKey]:
    """The keys of a node that are good at an instant, newest first; empty when none is known."""
    records = good_records(tx.members.keys(code, role), at)
    return [public_from_jwk(dict(record.jwk)) for record in records if len(record.jwk) > 0]


def every_key(tx: Tx, code: str, role: Role) -> list[PublicKey]:
    """Every key a node ever had in a role, newest first."""
    records = tx.members.keys(code, role)
    return [public_from_jwk(dict(record.jwk)) for record in records if len(record.jwk) > 0]


def check_receipt_time(
    tx: Tx, note: str, key_name: str, code: str, role: Literal["receipt", "witness"]
) -> tuple[datetime, Sequence[PublicKey]]:
    """Verify the cosignature of a node under a note, its key judged at the time of the cosignature.

    Returns:
        That time, and the key that made it: good for `stream.check_receipt`.

    Raises:
        LogProofError: none holds, or its key was not good then or is revoked by now.
    """
    text, lines = split_note(note)
    records = {record.kid: record for record in tx.members.keys(code, role)}
    keys = every_key(tx, code, role)
    for found in open_cosignatures(text, lines, key_name, keys):
        record = records[found.kid]
        if record.revoked_at is None and judge_key(record, found.at) in ("good", "not-yet"):
            return found.at, [key for key in keys if key.kid == found.kid]
    raise LogProofError(f"the cosignature of {key_name} is by a key that was not good then")
