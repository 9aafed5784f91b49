"""What a handler of an event is given, and how it answers (federation.md §5 Apply).

A handler runs in the transaction that applies the entry. It returns when the event took effect (or was out of date and
ignored), raises `EntryRefused` when the event may not be applied, `EntryEarly` when something it builds on has not come
yet. Whatever it wrote before it raised is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from federation.errors import FederationError
from federation.event import Entry, RefusalReason
from federation.ports import Tx

__all__ = ["EntryEarly", "EntryRefused", "Handler", "Received"]


@dataclass(frozen=True, slots=True)
class Received:
    """An entry that may be believed: its log, and for a relayed one the proof and both keys, were verified.

    Attributes:
        entry: as its origin wrote it (of a relayed one the inner entry).
        sender: code of the node whose log it began in.
        origin_log: that log.
        index: its place there.
        opened: what `data.sealed` held; None where nothing was sealed, or it is not for this node alone.
        stored_at: when this node stored it, to the second.
        relayed: whether another node passed it on.
        came_from: code of the neighbour it came from.
        log: the log of that neighbour in which it came.
        position: its place there.
    """

    entry: Entry
    sender: str
    origin_log: str
    index: int
    opened: Mapping[str, Any] | None
    stored_at: datetime
    relayed: bool
    came_from: str
    log: str
    position: int

    @property
    def type(self) -> str:
        """Type of the event."""
        return self.entry.type

    @property
    def subject(self) -> str:
        """Subject of the entry."""
        return self.entry.subject

    @property
    def data(self) -> Mapping[str, Any]:
        """The open data."""
        return self.entry.data


Handler = Callable[[Tx, Received], None]


class EntryRefused(FederationError):
    """A handler may not apply an entry: it is set aside, alerted, and its sender is told the reason."""

    code = "refused"

    def __init__(self, reason: Literal["schema", "sender"] | RefusalReason, detail: str = "") -> None:
        super().__init__(detail, code=reason)
        self.reason: RefusalReason = reason


class EntryEarly(FederationError):
    """What the entry builds on has not come yet: it waits, with the later ones of its subject, and is tried again."""

    code = "early"
    retryable = True
