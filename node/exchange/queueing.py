"""Queueing an entry: the way it goes, what of it is sealed and to whom (federation.md §5 Sealing, Writing).

Everything happens in the session of the business transaction that decided it; nothing is signed here and nobody is
asked. The sequencer gives index and `seq` later.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from federation import canonical
from federation.keys import Identity
from federation.ports import Clock, Limits, Tx
from federation.sealing import seal
from node.exchange.neighbours import child_scopes, hop_to, seal_key_of
from node.exchange.problems import entry_too_large, undeliverable
from node.exchange.stores import SqlDatabase
from node.exchange.tables import AwaitedRow, QueuedEntryRow, SealedPayloadRow
from node.kernel.clock import format_utc

EVERYONE = "*"
ENVELOPE_BYTES = 512
"""What an entry has around `data`, `subject` and `source`: names, id, type, time, index numbers; rounded up."""
PAYLOAD_KEPT = timedelta(days=30)
"""How long what was sealed is kept for sealing it anew."""

IdentitySource = Callable[[], Identity]
Way = tuple[Literal["own-up", "own-down"], str]


@dataclass(frozen=True)
class Outgoing:
    """One event that leaves this node."""

    type: str
    subject: str
    destination: str
    data: Mapping[str, Any]
    sealed: Mapping[str, Any] | None = None


def _next_day(at: datetime) -> datetime:
    return at + timedelta(days=1)


class EventQueue:
    """Queues events of this node. Built once by the container.

    Args:
        identity: read anew at every call, since keys rotate.
        due_at: when an entry queued at an instant should be acknowledged by a destination further away.
    """

    def __init__(
        self,
        stores: SqlDatabase,
        identity: IdentitySource,
        clock: Clock,
        limits: Limits,
        due_at: Callable[[datetime], datetime] = _next_day,
    ) -> None:
        self._due_at = due_at
        self._stores = stores
        self._identity = identity
        self._clock = clock
        self._limits = limits

    def __call__(
        self,
        session: Session,
        *,
        destination: str,
        subject: str,
        type: str,
        data: Mapping[str, Any],
        sealed: Mapping[str, Any] | None = None,
    ) -> str:
        """Queue one entry to a node of the network, or to everyone below (`*`).

        Args:
            session: of the transaction that decides it.
            destination: node code of twelve digits, or `*`.
            data: the open part; RFC 8785 values only.
            sealed: encrypted to the destination's newest seal key as `data.sealed`. Where no key is known yet the
                entry goes without it, and again with it once the key is (`seal_waiting`).

        Returns:
            The entry's id. For `*` without children nothing is queued.

        Raises:
            Problem: `undeliverable`, `too-large`.
            CanonicalError: the data has no RFC 8785 form.
        """
        return self.put(session, Outgoing(type, subject, destination, data, sealed))

    def put(self, session: Session, event: Outgoing) -> str:
        """See `__call__`."""
        tx = self._stores.within(session)
        identity = self._identity()
        entry_id = str(uuid.uuid4())
        data = dict(event.data)
        if event.sealed is not None:
            data |= self._seal(tx, session, identity, event, entry_id)
        content = canonical.dump(data)
        self._check_size(identity, event, content)
        time = format_utc(self._clock.now())
        ways = self._ways(tx, identity, event.destination)
        if event.destination != EVERYONE and ways[0][1] != event.destination:
            self._await(session, event, entry_id)
        for role, peer in ways:
            tx.outbox.queue(
                role=role,
                peer=peer,
                id=entry_id,
                type=event.type,
                subject=event.subject,
                destination=event.destination,
                time=time,
                data=content,
            )
            for sha256 in blob_names(data):
                tx.blobs.name(sha256, peer)
        return entry_id

    def _await(self, session: Session, event: Outgoing, entry_id: str) -> None:
        """Its destination is to acknowledge it (`node.exchange.awaited`)."""
        now = self._clock.now()
        session.add(
            AwaitedRow(
                id=entry_id,
                type=event.type,
                subject=event.subject,
                destination=event.destination,
                queued_at=now,
                due_at=self._due_at(now),
                fault="",
                fault_by="",
            )
        )

    def _ways(self, tx: Tx, identity: Identity, destination: str) -> list[Way]:
        if destination == EVERYONE:
            return [("own-down", code) for code in child_scopes(tx.members)]
        hop = hop_to(tx, identity, destination)
        if hop.kind == "parent":
            return [("own-up", hop.code)]
        if hop.kind == "child":
            return [("own-down", hop.code)]
        raise undeliverable(destination)

    def _check_size(self, identity: Identity, event: Outgoing, content: bytes) -> None:
        around = ENVELOPE_BYTES + len(identity.name) + len(event.subject.encode("utf-8"))
        if len(content) + around > self._limits.own_entry_bytes:
            raise entry_too_large(len(content) + around, self._limits.own_entry_bytes)

    def _seal(
        self, tx: Tx, session: Session, identity: Identity, event: Outgoing, entry_id: str
    ) -> dict[str, str]:
        """`{"sealed"}` for the destination's newest key, or nothing; what was sealed is kept either way."""
        assert event.sealed is not None, "only what is to be sealed comes here"
        key = seal_key_of(tx.members, event.destination)
        session.add(
            SealedPayloadRow(
                id=entry_id,
                type=event.type,
                subject=event.subject,
                destination=event.destination,
                kid="" if key is None else key.kid,
                data=dict(event.data),
                payload=dict(event.sealed),
                queued_at=self._clock.now(),
            )
        )
        if key is None:
            return {}
        plain = canonical.dump(dict(event.sealed))
        return {"sealed": seal(plain, key.jwk, identity.name, event.destination, event.subject)}

    def take_back(self, session: Session, entry_id: str) -> bool:
        """Take an entry out of the queue; False when it is there no more: it was written, and stands."""
        found = session.scalars(
            select(QueuedEntryRow).where(QueuedEntryRow.id == entry_id).with_for_update()
        ).all()
        for row in found:
            session.delete(row)
        if found:
            session.execute(delete(SealedPayloadRow).where(SealedPayloadRow.id == entry_id))
            session.execute(delete(AwaitedRow).where(AwaitedRow.id == entry_id))
        session.flush()
        return len(found) > 0

    # --- sealing anew ----------------------------------------------------------------------------------------

    def seal_again(self, session: Session, entry_id: str) -> str | None:
        """Queue an entry again, sealed to the newest key: its destination could not open it (`seal-key`).

        Returns:
            The new entry's id; None when it was not kept, was sent again already, or no other key is known.
        """
        row = session.get(SealedPayloadRow, entry_id, with_for_update=True)
        if row is None or row.payload is None or row.replaced_by != "":
            return None
        key = seal_key_of(self._stores.within(session).members, row.destination)
        if key is None or key.kid == row.kid:
            return None
        again = Outgoing(row.type, row.subject, row.destination, row.data, dict(row.payload))
        row.replaced_by = self.put(session, again)
        awaited = session.get(AwaitedRow, entry_id)
        if awaited is not None:  # the new one is awaited in its place
            awaited.acknowledged_at, awaited.fault = awaited.acknowledged_at or self._clock.now(), ""
        return row.replaced_by

    def seal_refused(self, session: Session, entry_id: str) -> bool:
        """The destination holds the key no longer: sealed anew at once, or when its newer key is known.

        Returns:
            Whether it went now.
        """
        row = session.get(SealedPayloadRow, entry_id, with_for_update=True)
        if row is not None:
            row.refused = True
        return self.seal_again(session, entry_id) is not None

    def has_unsealed(self, session: Session) -> bool:
        """Whether anything waits for a key."""
        return session.scalar(_UNSEALED.limit(1)) is not None

    def seal_waiting(self, session: Session, limit: int = 50) -> int:
        """Send again, sealed, what went without because no key was known, or a key nobody holds; returns how many went."""
        ids = session.scalars(_UNSEALED.order_by(SealedPayloadRow.queued_at).limit(limit)).all()
        return sum(1 for entry_id in ids if self.seal_again(session, entry_id) is not None)

    def forget_payloads(self, session: Session, now: datetime) -> None:
        """Drop what was sealed longer than 30 days ago, but for what never found a key."""
        old = delete(SealedPayloadRow).where(
            SealedPayloadRow.queued_at < now - PAYLOAD_KEPT,
            (SealedPayloadRow.kid != "") | (SealedPayloadRow.replaced_by != ""),
        )
        session.execute(old)


_UNSEALED = select(SealedPayloadRow.id).where(
    SealedPayloadRow.replaced_by == "", (SealedPayloadRow.kid == "") | SealedPayloadRow.refused
)


def blob_names(data: Mapping[str, Any]) -> Sequence[str]:
    """SHA-256 names in `data.blobs`."""
    blobs = data.get("blobs")
    if not isinstance(blobs, list):
        return []
    return [str(blob["sha256"]) for blob in blobs if isinstance(blob, Mapping) and "sha256" in blob]
