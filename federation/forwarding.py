"""Passing entries on to the next log: queued in the transaction that applies them (federation.md §5 Relay, §7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from federation import canonical
from federation.errors import FederationError
from federation.event import RELAY, Entry
from federation.notices import OwnRole, queue_entry
from federation.ports import Limits, StoredEntry, Tx
from federation.relay import Wrapper
from federation.routing import Hop
from federation.tree import child_scopes

ENVELOPE_BYTES = 1024
"""More than an entry has around `data` and the three times it may name a long subject or node name."""


class NotReceiptedError(FederationError):
    """An entry cannot be passed on before a receipt covers it; it is tried again later."""

    code = "not-receipted"
    retryable = True


@dataclass(frozen=True)
class Forwarding:
    """Queues the `relay.v1` entries of one entry that came in.

    Attributes:
        wrapper: of the log it came in.
        stored, outer: what came.
        inner: the origin's own entry; the same as `outer` where that is none that was relayed.
    """

    tx: Tx
    wrapper: Wrapper
    stored: StoredEntry
    outer: Entry
    inner: Entry

    @cached_property
    def _content(self) -> bytes:
        """`data` of what travels on: unchanged where it is a `relay.v1` already."""
        data = self.outer.data if self.outer.type == RELAY else self.wrapper.wrap(self.stored)
        if data is None:
            raise NotReceiptedError(f"no receipt covers entry {self.stored.index} yet")
        return canonical.dump(data)

    def fits(self, limits: Limits) -> bool:
        """Whether the entry, wrapped, is still a line that may be sent.

        Raises:
            NotReceiptedError: no receipt covers it yet.
        """
        around = ENVELOPE_BYTES + len(self.outer.subject.encode("utf-8"))
        return len(self._content) + around <= limits.any_entry_bytes

    def to(self, hop: Hop, now: datetime) -> None:
        """Pass it on to one neighbour.

        Raises:
            NotReceiptedError: no receipt covers it yet.
        """
        role: OwnRole = "own-up" if hop.kind == "parent" else "own-down"
        self._queue([(role, hop.code)], now)

    def to_children(self, now: datetime) -> None:
        """Pass an entry for everyone on to each child.

        Raises:
            NotReceiptedError: no receipt covers it yet.
        """
        ways: list[tuple[OwnRole, str]] = [("own-down", code) for code in child_scopes(self.tx.members)]
        if len(ways) > 0:
            self._queue(ways, now)

    def _queue(self, ways: list[tuple[OwnRole, str]], now: datetime) -> None:
        queue_entry(
            self.tx,
            ways,
            type=RELAY,
            subject=self.outer.subject,
            destination=self.outer.destination,
            data=self._content,
            now=now,
        )
        for sha256 in blob_names(self.inner.data):
            for _, peer in ways:
                self.tx.blobs.name(sha256, peer)


def blob_names(data: dict[str, Any]) -> list[str]:
    """SHA-256 names in `data.blobs`, of data whose form nobody has checked yet."""
    blobs = data.get("blobs")
    if not isinstance(blobs, list):
        return []
    names = [blob.get("sha256") for blob in blobs if isinstance(blob, dict)]
    return [name for name in names if isinstance(name, str) and len(name) == 64 and set(name) <= _HEX]


_HEX = frozenset("0123456789abcdef")
