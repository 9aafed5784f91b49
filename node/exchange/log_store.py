"""Logs and their entries on SQL (`federation.ports.LogStore`).

A batch of n entries costs one bulk insert, its state one update, whatever the log's size: the compact range stands in
the state, and reads are by primary key. Ranges are half-open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select, update

from federation.ports import LogRole, LogState, StoredEntry
from node.exchange.sql import insert_absent, insert_all, insert_rows, table_of, upsert
from node.exchange.tables import EntryRow, EvidenceRow, LogRow, NodeRow, OriginRow, SubjectEntryRow

ORIGIN = table_of(OriginRow)
LOG = table_of(LogRow)
ENTRY = table_of(EntryRow)
NODE = table_of(NodeRow)
SUBJECT = table_of(SubjectEntryRow)
EVIDENCE = table_of(EvidenceRow)

HASH_BYTES = 32
OWNER_PARTS = 2  # `<network>/<code>` at the front of an origin


class _Head(msgspec.Struct):
    """What the subject index needs of a line."""

    subject: str = ""


_decode_head = msgspec.json.Decoder(_Head).decode


def owner_of(origin: str) -> str:
    """Node name of the node that writes a log."""
    return "/".join(origin.split("/", OWNER_PARTS)[:OWNER_PARTS])


class OriginNumbers:
    """Numbers of origins, remembered for one transaction only: a rolled-back number must not outlive it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, int] = {}

    def learn(self, origin: str, number: int) -> None:
        """Remember a number that was read along with something else."""
        self._known[origin] = number

    def find(self, origin: str) -> int | None:
        """The number of an origin, None when it has none yet."""
        if origin not in self._known:
            number = self._connection.scalar(select(ORIGIN.c.id).where(ORIGIN.c.origin == origin))
            if number is None:
                return None
            self._known[origin] = int(number)
        return self._known[origin]

    def get(self, origin: str) -> int:
        """The number of an origin, given now when it has none."""
        number = self.find(origin)
        if number is None:
            insert_absent(
                self._connection, ORIGIN, {"origin": origin, "owner": owner_of(origin)}, ("origin",)
            )
            number = self.find(origin)
            assert number is not None, "an origin just inserted has a number"
        return number


def _split(compact: bytes) -> tuple[bytes, ...]:
    return tuple(compact[at : at + HASH_BYTES] for at in range(0, len(compact), HASH_BYTES))


def _state(row: Row[Any]) -> LogState:
    return LogState(
        origin=row.origin,
        role=row.role,
        peer=row.peer,
        epoch=row.epoch,
        size=row.size,
        compact=_split(bytes(row.compact)),
        note=row.note,
        receipted_size=row.receipted_size,
        receipted_note=row.receipted_note,
        frozen=row.frozen,
        halted=row.halted,
    )


# Statements are built once: building one costs as much as running it, and a push runs a dozen.
def _as_stored(value: Any) -> bytes:
    """A line's bytes; SQLite gives text back where somebody's hand wrote text: then the hash tells."""
    return bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode("utf-8", "replace")


_STATES = select(ORIGIN.c.origin, LOG).join(ORIGIN, ORIGIN.c.id == LOG.c.log_id)
_HELD = _STATES.with_for_update(of=LOG)
_BY_ORIGIN = {
    writing: states.where(ORIGIN.c.origin == bindparam("named"))
    for writing, states in ((False, _STATES), (True, _HELD))
}
_BY_PEER = {
    writing: states.where(LOG.c.role == bindparam("of_role"), LOG.c.peer == bindparam("of_peer"))
    .order_by(LOG.c.epoch.desc())
    .limit(1)
    for writing, states in ((False, _STATES), (True, _HELD))
}
_BY_EPOCH = {
    writing: newest.where(LOG.c.epoch == bindparam("of_epoch")) for writing, newest in _BY_PEER.items()
}
_REPLACE = update(LOG).where(LOG.c.log_id == bindparam("number"))


class SqlLogStore:
    """See `federation.ports.LogStore`.

    Args:
        own_prefix: `<node name>/`: entries of logs that begin so are indexed by subject, but for the ledger.
        is_writing: whether the transaction may write: then a state that is read is held against other writers
            until it ends (PostgreSQL; on SQLite the whole database is), since it is judged and written back.
    """

    def __init__(
        self, connection: Connection, numbers: OriginNumbers, own_prefix: str, *, is_writing: bool
    ) -> None:
        self._connection = connection
        self._numbers = numbers
        self._own_prefix = own_prefix
        self._is_writing = is_writing

    def get(self, origin: str) -> LogState | None:
        """The state of a log, None when this node has none of that origin."""
        row = self._connection.execute(_BY_ORIGIN[self._is_writing], {"named": origin}).one_or_none()
        if row is None:
            return None
        self._numbers.learn(origin, row.log_id)
        return _state(row)

    def find(self, role: LogRole, peer: str, epoch: int | None = None) -> LogState | None:
        """The log of a role and peer; without an epoch the highest one."""
        wanted: dict[str, Any] = {"of_role": role, "of_peer": peer}
        query = _BY_PEER[self._is_writing]
        if epoch is not None:
            query, wanted = _BY_EPOCH[self._is_writing], {**wanted, "of_epoch": epoch}
        row = self._connection.execute(query, wanted).one_or_none()
        if row is None:
            return None
        self._numbers.learn(row.origin, row.log_id)
        return _state(row)

    def all(self, role: LogRole | None = None) -> list[LogState]:
        """Every log, by origin; only those of one role when it is given."""
        query = _STATES if role is None else _STATES.where(LOG.c.role == role)
        return [_state(row) for row in self._connection.execute(query.order_by(ORIGIN.c.origin))]

    def put(self, state: LogState) -> None:
        """Insert or replace a state. An update first: that is what nearly every call is."""
        number = self._numbers.get(state.origin)
        values = {
            "role": state.role,
            "peer": state.peer,
            "epoch": state.epoch,
            "size": state.size,
            "compact": b"".join(state.compact),
            "note": state.note,
            "receipted_size": state.receipted_size,
            "receipted_note": state.receipted_note,
            "frozen": state.frozen,
            "halted": state.halted,
        }
        done = self._connection.execute(_REPLACE, {"number": number, **values})
        if done.rowcount == 0:
            upsert(self._connection, LOG, {"log_id": number, **values}, ("log_id",))

    def append(
        self, origin: str, start: int, lines: Sequence[bytes | None], leaves: Sequence[bytes], at: datetime
    ) -> None:
        """Bulk insert at indexes start…, stored `at`.

        Raises:
            sqlalchemy.exc.IntegrityError: an index exists already.
        """
        number = self._numbers.get(origin)
        stored_s = int(at.timestamp())
        rows = [
            (number, index, line, leaf, stored_s)
            for index, (line, leaf) in enumerate(zip(lines, leaves, strict=True), start)
        ]
        insert_rows(self._connection, ENTRY, ("log_id", "idx", "line", "leaf", "stored_s"), rows)
        if origin.startswith(self._own_prefix) and "/ledger/" not in origin:
            self._index_subjects(number, start, lines)

    def _index_subjects(self, number: int, start: int, lines: Sequence[bytes | None]) -> None:
        subjects = ["" if line is None else _decode_head(line).subject for line in lines]
        insert_all(
            self._connection,
            SUBJECT,
            (
                {"log_id": number, "idx": start + place, "subject": subject}
                for place, subject in enumerate(subjects)
                if subject != ""
            ),
        )

    def entries(self, origin: str, start: int, limit: int) -> list[StoredEntry]:
        """At most `limit` entries from index `start`, in order; fewer, or none, at the end."""
        number = self._numbers.find(origin)
        if number is None:
            return []
        query = (
            select(ENTRY.c.idx, ENTRY.c.line, ENTRY.c.leaf, ENTRY.c.stored_s)
            .where(ENTRY.c.log_id == number, ENTRY.c.idx >= start, ENTRY.c.idx < start + limit)
            .order_by(ENTRY.c.idx)
        )
        return [
            StoredEntry(
                row.idx,
                None if row.line is None else _as_stored(row.line),
                bytes(row.leaf),
                datetime.fromtimestamp(row.stored_s, UTC),
            )
            for row in self._connection.execute(query)
        ]

    def leaf_hashes(self, origin: str, start: int, stop: int) -> list[bytes]:
        """Leaf hashes of [start, stop)."""
        number = self._numbers.find(origin)
        if number is None:
            return []
        query = (
            select(ENTRY.c.leaf)
            .where(ENTRY.c.log_id == number, ENTRY.c.idx >= start, ENTRY.c.idx < stop)
            .order_by(ENTRY.c.idx)
        )
        return [bytes(leaf) for leaf in self._connection.scalars(query)]

    def put_nodes(self, origin: str, nodes: Iterable[tuple[int, int, bytes]]) -> None:
        """Keep subtree hashes (level, index, hash)."""
        number = self._numbers.get(origin)
        insert_all(
            self._connection,
            NODE,
            (
                {"log_id": number, "level": level, "idx": index, "hash": value}
                for level, index, value in nodes
            ),
        )

    def nodes(self, origin: str, level: int, start: int, stop: int) -> list[bytes]:
        """Stored hashes of one level, indexes [start, stop)."""
        number = self._numbers.find(origin)
        if number is None:
            return []
        query = (
            select(NODE.c.hash)
            .where(NODE.c.log_id == number, NODE.c.level == level, NODE.c.idx >= start, NODE.c.idx < stop)
            .order_by(NODE.c.idx)
        )
        return [bytes(value) for value in self._connection.scalars(query)]

    def erase(self, origin: str, index: int) -> None:
        """Forget a line; its leaf hash stays."""
        number = self._numbers.get(origin)
        self._connection.execute(
            update(ENTRY).where(ENTRY.c.log_id == number, ENTRY.c.idx == index).values(line=None)
        )

    def evidence(self, origin: str, kind: str, note: str, at: datetime, detail: str = "") -> None:
        """Keep a note that proves a fork or a rewind; the same one again is kept once."""
        known = select(EVIDENCE.c.id).where(
            EVIDENCE.c.origin == origin, EVIDENCE.c.kind == kind, EVIDENCE.c.note == note
        )
        if self._connection.scalar(known.limit(1)) is None:
            values = {"origin": origin, "kind": kind, "note": note, "at": at, "detail": detail}
            self._connection.execute(EVIDENCE.insert().values(values))
