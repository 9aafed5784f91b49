"""Writing one's own logs: from queued entries to signed, stored lines (federation.md §5 Writing, Loss).

A business transaction queues an entry without index and `seq`; the sequencer of its log gives both, in the order queued,
runs the receiver's own checks, signs one head for the whole group and stores everything in one transaction. The order of
durability is: commit, fsync of the head file, send.

When a log may be written:

    own-up       once `state` has answered since start-up and nothing of this log was missing there (`ready`)
    own-ledger   at once, unless the head file is missing or ahead: then as above; a top asks its operator
    own-down     always, but after a loss only when that child has pulled again (`LogState.halted` is `behind`)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import msgspec

from federation import canonical, faultpoints
from federation.event import RELAY, Entry, EntryError, parse_entry, write_entry
from federation.keys import Identity, PublicKey, public_from_jwk
from federation.names import origin_down, origin_ledger, origin_up
from federation.note import parse_checkpoint, split_note
from federation.ports import (
    Alert,
    Clock,
    Database,
    HeadFile,
    Limits,
    LogRole,
    LogState,
    QueuedEntry,
    Tx,
)
from federation.stream import Extended, accept, extend, new_log

OwnRole = Literal["own-up", "own-down"]
OWN_ROLES: tuple[LogRole, ...] = ("own-up", "own-down", "own-ledger")
BEHIND = "behind"
"""`LogState.halted` of a log whose database may lack what was signed."""
PROVISIONAL_SEQ = 999_999_999_999_999
"""Stands in a line while it is checked, before its number is known."""
_PROVISIONAL = b'"seq":%d,' % PROVISIONAL_SEQ
QUEUE_LENGTH = 1_000_000
"""More queued entries than any log has: used where all of them are to be looked through."""

IdentitySource = Callable[[], Identity]
DataCheck = Callable[[str, Mapping[str, Any], str], None]
Imported = Callable[[Tx, Sequence[bytes]], None]
"""Brings the node's own records up to entries of its own that came back, in the transaction that stores them."""


def nothing_imported(tx: Tx, lines: Sequence[bytes]) -> None:
    """A node without records of its own has nothing to bring up."""


def own_origin(identity: Identity, role: LogRole, peer: str, epoch: int = 1) -> str:
    """The origin of one of this node's own logs."""
    if role == "own-up":
        return origin_up(identity.name, epoch)
    if role == "own-down":
        return origin_down(identity.name, peer, epoch)
    if role == "own-ledger":
        return origin_ledger(identity.name, epoch)
    raise AssertionError(f"{role} is no log of this node")


def open_log(tx: Tx, identity: Identity, role: LogRole, peer: str) -> LogState:
    """The open epoch of one of this node's own logs; epoch 1, not stored yet, when there is none."""
    found = tx.logs.find(role, peer)
    return new_log(own_origin(identity, role, peer), role, peer) if found is None else found


def own_node_keys(tx: Tx, identity: Identity) -> list[PublicKey]:
    """Every node key this node ever signed its logs with, the one in use first, revoked ones left out."""
    kept = [
        public_from_jwk(record.jwk)
        for record in tx.members.keys(identity.code, "node")
        if record.revoked_at is None
    ]
    return list(dict.fromkeys([identity.keys.public.node, *kept]))


def store_extended(tx: Tx, grown: Extended, state: LogState, now: datetime) -> None:
    """Store a batch with the state that goes with it, in the caller's transaction."""
    tx.logs.append(state.origin, grown.start, grown.lines, grown.leaves, now)
    if len(grown.nodes) > 0:
        tx.logs.put_nodes(state.origin, grown.nodes)
    tx.logs.put(state)


def append_signed(
    tx: Tx, identity: Identity, state: LogState, lines: Sequence[bytes], now: datetime, limits: Limits
) -> LogState:
    """Write lines to one of this node's own logs: entries, subtrees and the signed head, in the caller's transaction.

    After the commit the caller saves `{state.origin: state.note}` in the head file, before anything is sent.

    Raises:
        LogClosedError: the log is frozen or halted.
        ProtocolError: `line`.
    """
    grown = extend(state, lines, identity.keys.node, limits)
    store_extended(tx, grown, grown.state, now)
    return grown.state


# --- taking back what was lost -------------------------------------------------------------------------------


def reimport(
    tx: Tx,
    identity: Identity,
    state: LogState,
    start: int,
    note: str | bytes,
    lines: Sequence[bytes],
    now: datetime,
    limits: Limits,
) -> LogState:
    """Take lines of one's own log back from the other end (§5 Loss), under one's own checkpoint over all of them.

    `seq` goes on after theirs, and what is still queued though it stands among them is dropped from the queue.

    Raises:
        ProtocolError: `checkpoint`, `line`, `fork`.
        SizeConflict: `start` is not the size held.
    """
    grown = accept(state, start, note, lines, own_node_keys(tx, identity), limits)
    store_extended(tx, grown, grown.state, now)
    restored = [entry for entry in map(_read_again, grown.lines) if entry is not None]
    _restore_flows(tx, state.origin, restored)
    ids = {entry.id for entry in restored}
    queued = tx.outbox.take(state.role, state.peer, QUEUE_LENGTH)
    tx.outbox.done([entry.position for entry in queued if entry.id in ids])
    return grown.state


def _read_again(line: bytes | None) -> Entry | None:
    if line is None:
        return None
    try:
        return parse_entry(line)
    except EntryError:
        return None  # it stands in the log as it is, and counts for nothing here


def _restore_flows(tx: Tx, origin: str, entries: Sequence[Entry]) -> None:
    last: dict[tuple[str, str], int] = {}
    for entry in entries:
        if entry.seq is not None:
            flow = (entry.destination, entry.subject)
            last[flow] = max(entry.seq, last.get(flow, 0))
    for (destination, subject), seq in last.items():
        reserved = tx.outbox.next_seq(origin, destination, subject, 1)
        if reserved < seq:
            tx.outbox.next_seq(origin, destination, subject, seq - reserved)


# --- the sequencer -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeadCheck:
    """What the head file says about the database at start-up.

    Attributes:
        is_missing: there is no head though something was written: restored without it.
        ahead: origins whose signed head is larger than what the database holds.
    """

    is_missing: bool
    ahead: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether the database holds everything this node is known to have signed."""
        return not self.is_missing and len(self.ahead) == 0


def head_size(note: str) -> int:
    """The size a kept head states.

    Raises:
        LogProofError: it is no checkpoint.
    """
    return parse_checkpoint(split_note(note)[0]).size


class LogWriter:
    """The sequencer of the `up` and `down` logs. One process at a time writes a log: the caller holds its lease.

    Args:
        identity: read anew at every call, since keys rotate.
        check: what the receiver will hold the data of an entry against (`events.check_schema`): type, data, subject;
            raises EntryError. None: form and length only.
    """

    def __init__(
        self,
        identity: IdentitySource,
        database: Database,
        heads: HeadFile,
        clock: Clock,
        limits: Limits,
        check: DataCheck | None = None,
    ) -> None:
        self._identity = identity
        self._database = database
        self._heads = heads
        self._clock = clock
        self._limits = limits
        self._check = check
        self._ready: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    # --- readiness -------------------------------------------------------------------------------------------

    def check_heads(self) -> HeadCheck:
        """Compare the head file with the database; called once at start-up, before anything is written.

        Where the database may be behind, every `down` log is halted until its child pulls again. Where it is not,
        the ledger is ready at once.
        """
        heads = self._heads.load()
        with self._database.transaction() as tx:
            own = {state.origin: state for role in OWN_ROLES for state in tx.logs.all(role)}
            ahead = tuple(
                origin
                for origin, note in heads.items()
                if not origin.startswith("cosigned:")
                and head_size(note) > (own[origin].size if origin in own else 0)
            )
            found = HeadCheck(len(heads) == 0 and any(state.size > 0 for state in own.values()), ahead)
            if not found.is_good:
                self._halt_down(tx, found, list(own.values()))
        if found.is_good:
            self.ready("own-ledger", "")
        return found

    def _halt_down(self, tx: Tx, found: HeadCheck, own: Sequence[LogState]) -> None:
        for state in own:
            if state.role == "own-down" and not state.frozen and state.halted == "":
                tx.logs.put(replace(state, halted=BEHIND))
        code = "head-file-missing" if found.is_missing else "database-behind"
        tx.alert(Alert(code, "critical", "", {"logs": list(found.ahead)}), self._clock.now())

    def ready(self, role: LogRole, peer: str) -> None:
        """Allow a log to be written: `state` has answered and nothing was missing (or an operator said so)."""
        with self._lock:
            self._ready.add((role, peer))

    def hold(self, role: LogRole, peer: str) -> None:
        """Take that back, until `ready` is called again."""
        with self._lock:
            self._ready.discard((role, peer))

    def is_ready(self, role: LogRole, peer: str) -> bool:
        """Whether a log may be written now, as far as this process knows; a halted log says so itself."""
        with self._lock:
            return role == "own-down" or (role, peer) in self._ready

    # --- writing ---------------------------------------------------------------------------------------------

    def write_queued(self, role: OwnRole, peer: str, limit: int = 500) -> int:
        """Give the oldest queued entries of one log their place, sign and store them.

        Returns:
            How many were taken from the queue; 0 also when the log may not be written.
        """
        if not self.is_ready(role, peer):
            return 0
        identity, now = self._identity(), self._clock.now()
        with self._database.transaction() as tx:
            state = open_log(tx, identity, role, peer)
            queued = [] if state.frozen or state.halted != "" else tx.outbox.take(role, peer, limit)
            if len(queued) == 0:
                return 0
            lines = self._lines(tx, identity, state, queued, now)
            if len(lines) > 0:
                state = append_signed(tx, identity, state, lines, now, self._limits)
            tx.outbox.done([entry.position for entry in queued])
            faultpoints.reach("writer.before-commit")
        faultpoints.reach("writer.after-commit")
        if state.note != "":
            self._heads.save({state.origin: state.note})
            faultpoints.reach("writer.after-head-file")
        return len(queued)

    def _lines(
        self, tx: Tx, identity: Identity, state: LogState, queued: Sequence[QueuedEntry], now: datetime
    ) -> list[bytes]:
        """The lines of queued entries, `seq` counted on; what a receiver would refuse is kept as evidence instead."""
        good: list[tuple[QueuedEntry, bytes]] = []
        for entry in queued:
            try:
                good.append((entry, self._line(identity, entry)))
            except EntryError as error:
                _set_out(tx, state, entry, error.code, now)
        flows = _Flows(tx, state.origin, [entry for entry, _ in good])
        return [flows.number(entry, line) for entry, line in good]

    def _line(self, identity: Identity, entry: QueuedEntry) -> bytes:
        """The entry's line, checked, with a `seq` as long as any will be."""
        line = write_entry(
            id=entry.id,
            source=identity.name,
            type=entry.type,
            subject=entry.subject,
            time=entry.time,
            destination=entry.destination,
            seq=PROVISIONAL_SEQ if _is_counted(entry) else None,
            data=entry.data,
            limits=self._limits,
        )
        if self._check is not None:
            self._check(entry.type, canonical.load_object(entry.data), entry.subject)
        return line


def _set_out(tx: Tx, state: LogState, entry: QueuedEntry, reason: str, now: datetime) -> None:
    """An entry no receiver would take is not written: it would hold its subject up for ever. Nothing is lost."""
    kept = {"id": entry.id, "type": entry.type, "subject": entry.subject, "destination": entry.destination}
    text = msgspec.json.encode({**kept, "time": entry.time, "data": entry.data.decode("utf-8", "replace")})
    tx.logs.evidence(state.origin, "unwritable", text.decode("utf-8"), now, reason)
    tx.alert(Alert("entry-unwritable", "critical", state.peer, {**kept, "reason": reason}), now)


def _is_counted(entry: QueuedEntry) -> bool:
    return entry.type != RELAY


class _Flows:
    """`seq` for a group of entries: one reservation for each (destination, subject)."""

    def __init__(self, tx: Tx, origin: str, queued: Sequence[QueuedEntry]) -> None:
        counts: dict[tuple[str, str], int] = {}
        for entry in filter(_is_counted, queued):
            flow = (entry.destination, entry.subject)
            counts[flow] = counts.get(flow, 0) + 1
        self._next = {flow: tx.outbox.next_seq(origin, *flow, count) for flow, count in counts.items()}

    def number(self, entry: QueuedEntry, line: bytes) -> bytes:
        """The line with its number. Behind `seq` stand only texts, in which every quote is escaped: the last is it."""
        if not _is_counted(entry):
            return line
        flow = (entry.destination, entry.subject)
        number = self._next[flow]
        self._next[flow] = number + 1
        before, _, behind = line.rpartition(_PROVISIONAL)
        return b'%b"seq":%d,%b' % (before, number, behind)
