"""In which order entries take effect, each once (federation.md §5 Apply).

A flow is (the log an entry began in, destination, subject); its entries are counted by `seq` from 1. Of an entry:

    repeat      its `seq` was dealt with: ignored; other bytes under it are alerted
    set-aside   one of its (received log, inner source, subject) is set aside: it waits until that is released
    hole        one before it has not come: it waits until that comes, or an operator says not to

Kept, set-aside and skipped entries are no holes. Of lines that could not be read nobody knows which flow they were of, so
as many as there are may be missing from any.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from federation.event import Entry
from federation.names import parse_origin
from federation.ports import Alert, LogState, SetAside, StoredEntry, Tx

__all__ = ["EARLY", "Arrival", "Ordering", "Place"]

EARLY = "early"
"""Reason under which an entry waits whose handler said it came too early; nobody is told."""

Place = Literal["next", "repeat", "set-aside", "hole"]

_UNREAD: frozenset[str] = frozenset({"json", "attribute", "source", "length"})
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry that may be believed, with where it came in and where it began.

    Attributes:
        stored: the line of the received log.
        entry: the origin's own entry.
        sender: code of the origin's owner.
        origin: the log it began in.
        index: its place there.
        leaf: its leaf hash there.
        relayed: whether it was passed on.
        is_below: its sender stands below this node, by the chain where it was relayed.
    """

    stored: StoredEntry
    entry: Entry
    sender: str
    origin: str
    index: int
    leaf: bytes
    relayed: bool
    is_below: bool

    @property
    def seq(self) -> int:
        """Its number in its flow."""
        assert self.entry.seq is not None, "only relay.v1 has none, and it is no origin's own entry"
        return self.entry.seq

    @property
    def flow(self) -> tuple[str, str, str]:
        """(log it began in, destination, subject)."""
        return self.origin, self.entry.destination, self.entry.subject


@dataclass
class Ordering:
    """The places of one received log's entries, in one transaction."""

    tx: Tx
    state: LogState
    now: datetime
    _aside: dict[int, SetAside] = field(init=False)
    _seen: dict[tuple[str, str, str], int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        listed = self.tx.inbox.list_set_aside(self.state.origin, open_only=False)
        self._aside = {entry.index: entry for entry in listed}

    def place(self, arrival: Arrival, *, despite_hole: bool = False) -> Place:
        """Where an entry stands now."""
        entry, seq = arrival.entry, arrival.seq
        if parse_origin(arrival.origin).epoch > 1 and self.tx.inbox.applied_id(entry.source, entry.id):
            self.saw(arrival)
            return "repeat"
        if arrival.flow not in self._seen:
            self._seen[arrival.flow] = self.tx.inbox.seen(*arrival.flow)
        seen = self._seen[arrival.flow]
        if seq <= seen:
            before = self.tx.inbox.leaf_of(*arrival.flow, seq)
            if before is not None and before != arrival.leaf:
                self.alert("repeat-differs", subject=entry.subject, origin=arrival.origin, seq=seq)
            if before is not None:
                return "repeat"
        if self._waits(arrival):
            return "set-aside"
        missing = seq - seen - 1
        if missing > 0 and not despite_hole and missing > self._unread_before(arrival):
            return "hole"
        return "next"

    def _waits(self, arrival: Arrival) -> bool:
        key = (arrival.entry.source, arrival.entry.subject)
        return any(
            index < arrival.stored.index and row.released == "" and (row.inner_source, row.subject) == key
            for index, row in self._aside.items()
        )

    def _unread_before(self, arrival: Arrival) -> int:
        if arrival.relayed:
            return 0
        return sum(
            row.reason in _UNREAD and row.subject in ("", arrival.entry.subject)
            for index, row in self._aside.items()
            if index < arrival.stored.index
        )

    def saw(self, arrival: Arrival) -> None:
        """The entry was dealt with: it took effect, or is kept, or skipped."""
        self.tx.inbox.saw(*arrival.flow, arrival.seq, arrival.entry.id, arrival.leaf)
        if arrival.flow in self._seen:
            self._seen[arrival.flow] = max(arrival.seq, self._seen[arrival.flow])

    def hold(self, arrival: Arrival, why: Literal["set-aside", "hole"], since: str = "") -> None:
        """Let it wait; `since` when, RFC 3339, or now."""
        entry, position = arrival.entry, arrival.stored.index
        since = since or self.now.astimezone(UTC).strftime(_TIME)
        self.tx.inbox.hold(self.state.origin, position, entry.source, entry.subject, why, since)

    def set_aside(self, position: int, reason: str, source: str, subject: str, detail: str) -> None:
        """Keep what is not applied, with the reason; later ones of (log, source, subject) wait."""
        aside = SetAside(self.state.origin, position, reason, source, subject, detail)
        self.tx.inbox.set_aside(aside)
        self._aside[position] = aside
        if reason != EARLY:
            self.alert("entry-set-aside", index=position, reason=reason, subject=subject)

    def release(self, position: int, how: Literal["retry", "skip"], reason: str) -> None:
        """Let an entry be tried again, or passed over: it neither waits nor holds anything up."""
        self.tx.inbox.unhold(self.state.origin, position)
        if position in self._aside:
            self.tx.inbox.release(self.state.origin, position, how, reason)
            self._aside[position] = replace(self._aside[position], released=how)

    def alert(self, code: str, **detail: object) -> None:
        """Show an operator something about this log."""
        where = {"log": self.state.origin, **detail}
        self.tx.alert(Alert(code, "warning", self.state.peer, where), self.now)
