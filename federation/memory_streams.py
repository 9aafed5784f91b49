"""Logs, outbox and inbox in memory (`federation.ports.LogStore`, `OutboxStore`, `InboxStore`).

The same behaviour as the node's SQL stores, judged by the same contract tests. Ranges are half-open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from federation.memory_tables import Journal, Table
from federation.ports import Held, LogRole, LogState, QueuedEntry, SetAside, StoredEntry

OWNER_PARTS = 2  # `<network>/<code>` at the front of an origin


class MemoryLogStore:
    """See `federation.ports.LogStore`."""

    def __init__(self, journal: Journal) -> None:
        self.states: Table[str, LogState] = Table(journal)
        self.rows: Table[tuple[str, int], StoredEntry] = Table(journal)
        self.subtrees: Table[tuple[str, int, int], bytes] = Table(journal)
        self.proofs: Table[tuple[str, str, str], tuple[datetime, str]] = Table(journal)

    def get(self, origin: str) -> LogState | None:
        """The state of a log, None when this node has none of that origin."""
        return self.states.get(origin)

    def find(self, role: LogRole, peer: str, epoch: int | None = None) -> LogState | None:
        """The log of a role and peer; without an epoch the highest one."""
        found = [
            state
            for state in self.states.values()
            if state.role == role and state.peer == peer and epoch in (None, state.epoch)
        ]
        return max(found, key=lambda state: state.epoch, default=None)

    def all(self, role: LogRole | None = None) -> list[LogState]:
        """Every log, by origin; only those of one role when it is given."""
        states = (state for state in self.states.values() if role in (None, state.role))
        return sorted(states, key=lambda state: state.origin)

    def put(self, state: LogState) -> None:
        """Insert or replace a state."""
        self.states[state.origin] = state

    def append(
        self, origin: str, start: int, lines: Sequence[bytes | None], leaves: Sequence[bytes], at: datetime
    ) -> None:
        """Store lines at indexes start…; an index that exists raises AssertionError."""
        stored_at = at.replace(microsecond=0)
        for index, (line, leaf) in enumerate(zip(lines, leaves, strict=True), start):
            if (origin, index) in self.rows:
                raise AssertionError(f"{origin}: index {index} is written already")
            self.rows[origin, index] = StoredEntry(index, line, leaf, stored_at)

    def entries(self, origin: str, start: int, limit: int) -> list[StoredEntry]:
        """At most `limit` entries from index `start`, in order; fewer, or none, at the end."""
        keys = ((origin, index) for index in range(start, start + limit))
        return [self.rows[key] for key in keys if key in self.rows]

    def leaf_hashes(self, origin: str, start: int, stop: int) -> list[bytes]:
        """Leaf hashes of [start, stop)."""
        return [entry.leaf for entry in self.entries(origin, start, stop - start)]

    def put_nodes(self, origin: str, nodes: Iterable[tuple[int, int, bytes]]) -> None:
        """Keep subtree hashes (level, index, hash)."""
        for level, index, value in nodes:
            self.subtrees[origin, level, index] = value

    def nodes(self, origin: str, level: int, start: int, stop: int) -> list[bytes]:
        """Stored hashes of one level, indexes [start, stop)."""
        keys = ((origin, level, index) for index in range(start, stop))
        return [self.subtrees[key] for key in keys if key in self.subtrees]

    def erase(self, origin: str, index: int) -> None:
        """Forget a line; its leaf hash stays."""
        if (origin, index) in self.rows:
            self.rows[origin, index] = replace(self.rows[origin, index], line=None)

    def evidence(self, origin: str, kind: str, note: str, at: datetime, detail: str = "") -> None:
        """Keep a note that proves a fork or a rewind; the same one again is kept once."""
        if (origin, kind, note) not in self.proofs:
            self.proofs[origin, kind, note] = (at, detail)


class MemoryOutboxStore:
    """See `federation.ports.OutboxStore`."""

    def __init__(self, journal: Journal) -> None:
        self.queued: Table[int, QueuedEntry] = Table(journal)
        self.last_position: Table[str, int] = Table(journal)
        self.flows: Table[tuple[str, str, str], int] = Table(journal)

    def queue(
        self,
        *,
        role: Literal["own-up", "own-down"],
        peer: str,
        id: str,
        type: str,
        subject: str,
        destination: str,
        time: str,
        data: bytes,
    ) -> None:
        """Queue one entry; it commits with the transaction that decided it."""
        position = self.last_position.get("", 0) + 1
        self.last_position[""] = position
        self.queued[position] = QueuedEntry(position, role, peer, id, type, subject, destination, time, data)

    def take(self, role: str, peer: str, limit: int) -> list[QueuedEntry]:
        """The oldest queued entries of one log; they stay until `done`."""
        positions = sorted(
            position for position, row in self.queued.items() if (row.log_role, row.peer) == (role, peer)
        )
        return [self.queued[position] for position in positions[:limit]]

    def done(self, positions: Sequence[int]) -> None:
        """The entries at these positions stand in the log now."""
        for position in positions:
            self.queued.drop(position)

    def waiting(self) -> list[tuple[str, str, int, str]]:
        """(role, peer, count, oldest time) of every log with something queued."""
        times: dict[tuple[str, str], list[str]] = {}
        for row in self.queued.values():
            times.setdefault((row.log_role, row.peer), []).append(row.time)
        return [(role, peer, len(each), min(each)) for (role, peer), each in sorted(times.items())]

    def next_seq(self, origin: str, destination: str, subject: str, count: int) -> int:
        """Reserve `count` numbers of (log, destination, subject); returns the first, from 1."""
        last = self.flows.get((origin, destination, subject), 0)
        self.flows[origin, destination, subject] = last + count
        return last + 1


def _owner(origin: str) -> str:
    return "/".join(origin.split("/", OWNER_PARTS)[:OWNER_PARTS])


class MemoryInboxStore:
    """See `federation.ports.InboxStore`."""

    def __init__(self, journal: Journal) -> None:
        self.cursors: Table[str, int] = Table(journal)
        self.applied: Table[tuple[str, str, str, int], bytes] = Table(journal)
        self.last_seq: Table[tuple[str, str, str], int] = Table(journal)
        self.ids: Table[tuple[str, str], bool] = Table(journal)
        self.aside: Table[tuple[str, int], SetAside] = Table(journal)
        self.release_reasons: Table[tuple[str, int], str] = Table(journal)
        self.waiting: Table[tuple[str, int], tuple[str, str, str, str]] = Table(journal)
        self.unknown_types: Table[tuple[str, int], str] = Table(journal)

    def cursor(self, origin: str) -> int:
        """The next index to apply; 0 at first."""
        return self.cursors.get(origin, 0)

    def advance(self, origin: str, next_index: int) -> None:
        """Everything before `next_index` has been dealt with."""
        self.cursors[origin] = next_index

    def seen(self, origin_log: str, destination: str, subject: str) -> int:
        """The highest `seq` applied or skipped of that flow; 0 at first."""
        return self.last_seq.get((origin_log, destination, subject), 0)

    def saw(self, origin_log: str, destination: str, subject: str, seq: int, id: str, leaf: bytes) -> None:
        """That `seq` has been dealt with; the first entry that had it is the one remembered."""
        if (origin_log, destination, subject, seq) in self.applied:
            return
        self.applied[origin_log, destination, subject, seq] = leaf
        self.ids[_owner(origin_log), id] = True
        flow = (origin_log, destination, subject)
        self.last_seq[flow] = max(seq, self.last_seq.get(flow, 0))

    def leaf_of(self, origin_log: str, destination: str, subject: str, seq: int) -> bytes | None:
        """Leaf hash of the entry that had that `seq`."""
        return self.applied.get((origin_log, destination, subject, seq))

    def applied_id(self, source: str, id: str) -> bool:
        """Whether that id of that node took effect already, whichever epoch of its log it stood in."""
        return (source, id) in self.ids

    def set_aside(self, entry: SetAside) -> None:
        """Keep an entry that was not applied, with the reason."""
        self.aside[entry.origin, entry.index] = entry

    def waiting_behind(self, origin: str, inner_source: str, subject: str) -> bool:
        """Whether an unreleased set-aside entry, or a hole, holds later ones of this subject."""
        wanted = (origin, inner_source, subject)
        aside = (
            (entry.origin, entry.inner_source, entry.subject)
            for entry in self.aside.values()
            if entry.released == ""
        )
        held = ((log, row[0], row[1]) for (log, _), row in self.waiting.items())
        return wanted in aside or wanted in held

    def hold(
        self,
        origin: str,
        index: int,
        inner_source: str,
        subject: str,
        why: Literal["set-aside", "hole"],
        since: str,
    ) -> None:
        """Remember an entry that waits behind another one."""
        self.waiting[origin, index] = (inner_source, subject, why, since)

    def held(self, origin: str, inner_source: str, subject: str) -> list[int]:
        """Indexes of the entries that wait, in order."""
        return sorted(
            index
            for (log, index), row in self.waiting.items()
            if log == origin and row[:2] == (inner_source, subject)
        )

    def unhold(self, origin: str, index: int) -> None:
        """The entry waits no longer."""
        self.waiting.drop((origin, index))

    def list_held(self, origin: str | None = None) -> list[Held]:
        """Every entry that waits, by log and index."""
        return [
            Held(log, index, *row)
            for (log, index), row in sorted(self.waiting.items())
            if origin in (None, log)
        ]

    def list_set_aside(self, origin: str | None = None, *, open_only: bool = True) -> list[SetAside]:
        """Entries set aside, by log and index."""
        return [
            entry
            for (log, _), entry in sorted(self.aside.items())
            if origin in (None, log) and (entry.released == "" or not open_only)
        ]

    def release(self, origin: str, index: int, how: Literal["retry", "skip"], reason: str) -> None:
        """An operator lets later entries pass: by trying this one again or by skipping it."""
        if (origin, index) in self.aside:
            self.aside[origin, index] = replace(self.aside[origin, index], released=how)
            self.release_reasons[origin, index] = reason

    def unknown(self, origin: str, index: int, type: str) -> None:
        """Keep an entry whose type this version does not know."""
        self.unknown_types[origin, index] = type

    def list_unknown(self) -> list[tuple[str, int, str]]:
        """(origin, index, type) of every entry kept so, by log and index."""
        return [(origin, index, type) for (origin, index), type in sorted(self.unknown_types.items())]

    def drop_unknown(self, origin: str, index: int) -> None:
        """The entry was applied after all."""
        self.unknown_types.drop((origin, index))
