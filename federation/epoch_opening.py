"""Beginning a log anew where it cannot go on (federation.md §5 Epochs).

An operator opens epoch n+1 of a log with a reason: the log has diverged, what was signed is lost, or a ledger's database
is. Its first entry, `epoch.opened.v1` `{"log","previous","reason"}`, names exactly the head the other side holds of
epoch n (for the ledger it stands on `up`). Epoch n is frozen. What was never receipted in it is queued again with its old
`id`, before what was queued since; who has applied that `id` ignores it. Disclosed by design, never silent.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from federation import canonical
from federation.errors import TrustError
from federation.event import Entry, EntryError, parse_entry
from federation.keys import Identity
from federation.parent_state import size_of
from federation.ports import Tx
from federation.records import Alert, LogState
from federation.stream import new_log
from federation.writer import QUEUE_LENGTH, own_origin

__all__ = ["EPOCH_OPENED", "EpochError", "open_epoch"]

EPOCH_OPENED = "epoch.opened.v1"
PAGE = 1000  # entries read at once
OwnRole = Literal["own-up", "own-down", "own-ledger"]


class EpochError(TrustError):
    """An epoch cannot be opened: there is no such log, or no reason was given."""

    code = "epoch"


@dataclass(frozen=True, slots=True)
class _Queued:
    """What is queued, whichever way it came."""

    id: str
    type: str
    subject: str
    destination: str
    time: str
    data: bytes


def open_epoch(
    tx: Tx,
    identity: Identity,
    role: OwnRole,
    peer: str,
    reason: str,
    now: datetime,
    *,
    previous: str | None = None,
) -> LogState:
    """Freeze the open epoch of one of this node's own logs and begin the next, in the caller's transaction.

    After the commit the caller drops the old origin from the head file, and for `up` and the ledger asks the parent for
    its state before anything is written.

    Args:
        tx: the caller's transaction.
        identity: this node's.
        role: which log.
        peer: the other end's code; "" for the ledger.
        reason: for people; it stands in the log.
        now: the time of opening.
        previous: the note the other side holds of the epoch, where that is not the receipt this node has.

    Returns:
        The new epoch, empty.

    Raises:
        EpochError: no such log, or no reason.
    """
    old = tx.logs.find(role, peer)
    if old is None or reason.strip() == "":
        raise EpochError("there is no such log" if old is None else "an epoch is opened with a reason")
    head = old.receipted_note if previous is None else previous
    opened = new_log(own_origin(identity, role, peer, old.epoch + 1), role, peer, old.epoch + 1)
    tx.logs.put(replace(old, frozen=True))
    tx.logs.put(opened)
    entry = _opening(opened, head, reason, identity, now)
    if role == "own-ledger":
        if identity.parent_code is not None:
            _queue(tx, "own-up", identity.parent_code, [entry])
    else:
        waiting = tx.outbox.take(role, peer, QUEUE_LENGTH)
        tx.outbox.done([queued.position for queued in waiting])
        since = [_Queued(q.id, q.type, q.subject, q.destination, q.time, q.data) for q in waiting]
        again = _unreceipted(tx, old, head)
        _queue(tx, role, peer, [entry, *again, *since])
    tx.alert(Alert("epoch-opened", "warning", peer, {"origin": opened.origin, "reason": reason}), now)
    return opened


def _opening(opened: LogState, previous: str, reason: str, identity: Identity, now: datetime) -> _Queued:
    data = {"log": opened.origin, "previous": previous, "reason": reason}
    destination = opened.peer if opened.peer != "" else identity.parent_code or identity.code
    time = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _Queued(str(uuid.uuid4()), EPOCH_OPENED, opened.origin, destination, time, canonical.dump(data))


def _unreceipted(tx: Tx, old: LogState, head: str) -> list[_Queued]:
    """Entries of the old epoch that the other side may not hold, in order; erased ones cannot be written again."""
    found: list[_Queued] = []
    start = min(old.receipted_size, size_of(head) or 0)
    while start < old.size:
        stored = tx.logs.entries(old.origin, start, PAGE)
        if len(stored) == 0:
            break
        entries = [_read(entry.line) for entry in stored]
        found += [_again(entry) for entry in entries if entry is not None and entry.type != EPOCH_OPENED]
        start = stored[-1].index + 1
    return found


def _read(line: bytes | None) -> Entry | None:
    try:
        return None if line is None else parse_entry(line)
    except EntryError:
        return None


def _again(entry: Entry) -> _Queued:
    data = canonical.dump(entry.data)
    return _Queued(entry.id, entry.type, entry.subject, entry.destination, entry.time, data)


def _queue(tx: Tx, role: Literal["own-up", "own-down"], peer: str, entries: Sequence[_Queued]) -> None:
    for entry in entries:
        tx.outbox.queue(
            role=role,
            peer=peer,
            id=entry.id,
            type=entry.type,
            subject=entry.subject,
            destination=entry.destination,
            time=entry.time,
            data=entry.data,
        )
