"""Entries this node writes about other nodes' entries: acknowledgements, refusals, notices (federation.md §5).

Three types, never answered by any of the three: `relay.received.v1` (the destination holds a relayed entry; not for `*`),
`entry.refused.v1` (set aside, with the reason), `relay.undeliverable.v1` (nobody to pass it to; moves nothing). They are
gathered while entries are applied and queued at the end of the same transaction, so that neither a crash loses one nor a
batch is answered line by line.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from federation import canonical
from federation.event import RefusalReason
from federation.keys import Identity
from federation.ports import Tx
from federation.tree import hop_to

__all__ = ["NOTICE_ITEMS", "Notices", "queue_entry"]

NOTICE_ITEMS = 500  # items of one notice
SUBJECT = "notices"
"""Subject of all of them: they are about entries, not about a case, and keep one order between two nodes."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"

OwnRole = Literal["own-up", "own-down"]


def queue_entry(
    tx: Tx,
    ways: Sequence[tuple[OwnRole, str]],
    *,
    type: str,
    subject: str,
    destination: str,
    data: bytes,
    now: datetime,
) -> None:
    """Queue one entry of this node on the given logs, (role, peer) each; `data` in RFC 8785 form."""
    entry_id = str(uuid.uuid4())
    for role, peer in ways:
        tx.outbox.queue(
            role=role,
            peer=peer,
            id=entry_id,
            type=type,
            subject=subject,
            destination=destination,
            time=now.astimezone(UTC).strftime(_TIME),
            data=data,
        )


class Notices:
    """What the entries of one transaction give cause to write."""

    def __init__(self) -> None:
        self._received: dict[str, list[dict[str, object]]] = {}
        self._refused: dict[tuple[str, str], list[dict[str, object]]] = {}
        self._undeliverable: list[tuple[str, dict[str, object]]] = []

    def received(self, sender: str, origin: str, index: int) -> None:
        """A relayed entry is held here. `sender` is the code of the node it began at."""
        self._received.setdefault(sender, []).append({"origin": origin, "index": index})

    def refused(self, sender: str, origin: str, index: int, reason: RefusalReason) -> None:
        """An entry of the log `origin` of `sender` was set aside."""
        self._refused.setdefault((sender, origin), []).append({"index": index, "reason": reason})

    def undeliverable(self, sender: str, origin: str, index: int) -> None:
        """An entry could not be routed."""
        self._undeliverable.append((sender, {"origin": origin, "index": index}))

    def flush(self, tx: Tx, identity: Identity, now: datetime) -> None:
        """Queue everything gathered; what cannot be routed is dropped: nobody is told of what nobody can reach."""
        for sender, entries in self._received.items():
            for at in range(0, len(entries), NOTICE_ITEMS):
                part = entries[at : at + NOTICE_ITEMS]
                _send(tx, identity, sender, "relay.received.v1", {"entries": part}, now)
        for (sender, origin), refused in self._refused.items():
            for at in range(0, len(refused), NOTICE_ITEMS):
                part = refused[at : at + NOTICE_ITEMS]
                _send(tx, identity, sender, "entry.refused.v1", {"origin": origin, "refused": part}, now)
        for sender, data in self._undeliverable:
            _send(tx, identity, sender, "relay.undeliverable.v1", data, now)


def _send(
    tx: Tx, identity: Identity, destination: str, type: str, data: Mapping[str, object], now: datetime
) -> None:
    hop = hop_to(tx, identity, destination)
    if hop.kind == "parent":
        ways: list[tuple[OwnRole, str]] = [("own-up", hop.code)]
    elif hop.kind == "child":
        ways = [("own-down", hop.code)]
    else:
        return
    content = canonical.dump(dict(data))
    queue_entry(tx, ways, type=type, subject=SUBJECT, destination=destination, data=content, now=now)
