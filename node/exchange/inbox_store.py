"""Where applying has got to, on SQL (`federation.ports.InboxStore`)."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, delete, func, select, update

from federation.ports import Held, SetAside
from node.exchange.log_store import ORIGIN, OriginNumbers
from node.exchange.sql import insert_absent, table_of, upsert
from node.exchange.tables import AppliedRow, CursorRow, HeldRow, SetAsideRow, UnknownRow

CURSOR = table_of(CursorRow)
APPLIED = table_of(AppliedRow)
SET_ASIDE = table_of(SetAsideRow)
HELD = table_of(HeldRow)
UNKNOWN = table_of(UnknownRow)

_FLOW_KEYS = ("log_id", "destination", "subject", "seq")
_ENTRY_KEYS = ("log_id", "idx")


def _set_aside(row: Row[Any]) -> SetAside:
    return SetAside(
        origin=row.origin,
        index=row.idx,
        reason=row.reason,
        inner_source=row.inner_source,
        subject=row.subject,
        detail=row.detail,
        released=row.released,
    )


class SqlInboxStore:
    """See `federation.ports.InboxStore`."""

    def __init__(self, connection: Connection, numbers: OriginNumbers) -> None:
        self._connection = connection
        self._numbers = numbers

    def cursor(self, origin: str) -> int:
        """The next index to apply; 0 at first."""
        number = self._numbers.find(origin)
        found = self._connection.scalar(select(CURSOR.c.next_index).where(CURSOR.c.log_id == number))
        return 0 if found is None else int(found)

    def advance(self, origin: str, next_index: int) -> None:
        """Everything before `next_index` has been dealt with."""
        values = {"log_id": self._numbers.get(origin), "next_index": next_index}
        upsert(self._connection, CURSOR, values, ("log_id",))

    def _flow(self, origin_log: str, destination: str, subject: str) -> tuple[Any, ...]:
        number = self._numbers.find(origin_log)
        return (
            APPLIED.c.log_id == number,
            APPLIED.c.destination == destination,
            APPLIED.c.subject == subject,
        )

    def seen(self, origin_log: str, destination: str, subject: str) -> int:
        """The highest `seq` applied or skipped of that flow; 0 at first."""
        query = select(func.max(APPLIED.c.seq)).where(*self._flow(origin_log, destination, subject))
        found = self._connection.scalar(query)
        return 0 if found is None else int(found)

    def saw(self, origin_log: str, destination: str, subject: str, seq: int, id: str, leaf: bytes) -> None:
        """That `seq` has been dealt with; the first entry that had it is the one remembered."""
        values = {
            "log_id": self._numbers.get(origin_log),
            "destination": destination,
            "subject": subject,
            "seq": seq,
            "entry_id": id,
            "leaf": leaf,
        }
        insert_absent(self._connection, APPLIED, values, _FLOW_KEYS)

    def leaf_of(self, origin_log: str, destination: str, subject: str, seq: int) -> bytes | None:
        """Leaf hash of the entry that had that `seq`."""
        flow = self._flow(origin_log, destination, subject)
        leaf = self._connection.scalar(select(APPLIED.c.leaf).where(*flow, APPLIED.c.seq == seq))
        return None if leaf is None else bytes(leaf)

    def applied_id(self, source: str, id: str) -> bool:
        """Whether that id of that node took effect already, whichever epoch of its log it stood in."""
        query = (
            select(APPLIED.c.seq)
            .join(ORIGIN, ORIGIN.c.id == APPLIED.c.log_id)
            .where(APPLIED.c.entry_id == id, ORIGIN.c.owner == source)
        )
        return self._connection.scalar(query.limit(1)) is not None

    def set_aside(self, entry: SetAside) -> None:
        """Keep an entry that was not applied, with the reason."""
        values = {
            "log_id": self._numbers.get(entry.origin),
            "idx": entry.index,
            "reason": entry.reason,
            "inner_source": entry.inner_source,
            "subject": entry.subject,
            "detail": entry.detail,
            "released": entry.released,
            "release_reason": "",
        }
        upsert(self._connection, SET_ASIDE, values, _ENTRY_KEYS)

    def waiting_behind(self, origin: str, inner_source: str, subject: str) -> bool:
        """Whether an unreleased set-aside entry, or a hole, holds later ones of this subject."""
        number = self._numbers.find(origin)
        if number is None:
            return False
        for table, extra in ((SET_ASIDE, (SET_ASIDE.c.released == "",)), (HELD, ())):
            query = select(table.c.idx).where(
                table.c.log_id == number,
                table.c.inner_source == inner_source,
                table.c.subject == subject,
                *extra,
            )
            if self._connection.scalar(query.limit(1)) is not None:
                return True
        return False

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
        values = {
            "log_id": self._numbers.get(origin),
            "idx": index,
            "inner_source": inner_source,
            "subject": subject,
            "why": why,
            "since": since,
        }
        upsert(self._connection, HELD, values, _ENTRY_KEYS)

    def held(self, origin: str, inner_source: str, subject: str) -> list[int]:
        """Indexes of the entries that wait, in order."""
        number = self._numbers.find(origin)
        query = (
            select(HELD.c.idx)
            .where(HELD.c.log_id == number, HELD.c.inner_source == inner_source, HELD.c.subject == subject)
            .order_by(HELD.c.idx)
        )
        return [int(index) for index in self._connection.scalars(query)]

    def unhold(self, origin: str, index: int) -> None:
        """The entry waits no longer."""
        number = self._numbers.find(origin)
        self._connection.execute(delete(HELD).where(HELD.c.log_id == number, HELD.c.idx == index))

    def list_held(self, origin: str | None = None) -> list[Held]:
        """Every entry that waits, by log and index."""
        query: Select[Any] = select(ORIGIN.c.origin, HELD).join(ORIGIN, ORIGIN.c.id == HELD.c.log_id)
        if origin is not None:
            query = query.where(ORIGIN.c.origin == origin)
        rows = self._connection.execute(query.order_by(ORIGIN.c.origin, HELD.c.idx))
        return [Held(row.origin, row.idx, row.inner_source, row.subject, row.why, row.since) for row in rows]

    def list_set_aside(self, origin: str | None = None, *, open_only: bool = True) -> list[SetAside]:
        """Entries set aside, by log and index."""
        query: Select[Any] = select(ORIGIN.c.origin, SET_ASIDE).join(
            ORIGIN, ORIGIN.c.id == SET_ASIDE.c.log_id
        )
        if origin is not None:
            query = query.where(ORIGIN.c.origin == origin)
        if open_only:
            query = query.where(SET_ASIDE.c.released == "")
        query = query.order_by(ORIGIN.c.origin, SET_ASIDE.c.idx)
        return [_set_aside(row) for row in self._connection.execute(query)]

    def release(self, origin: str, index: int, how: Literal["retry", "skip"], reason: str) -> None:
        """An operator lets later entries pass: by trying this one again or by skipping it."""
        number = self._numbers.find(origin)
        self._connection.execute(
            update(SET_ASIDE)
            .where(SET_ASIDE.c.log_id == number, SET_ASIDE.c.idx == index)
            .values(released=how, release_reason=reason)
        )

    def unknown(self, origin: str, index: int, type: str) -> None:
        """Keep an entry whose type this version does not know."""
        values = {"log_id": self._numbers.get(origin), "idx": index, "type": type}
        upsert(self._connection, UNKNOWN, values, _ENTRY_KEYS)

    def list_unknown(self) -> list[tuple[str, int, str]]:
        """(origin, index, type) of every entry kept so, by log and index."""
        query = (
            select(ORIGIN.c.origin, UNKNOWN.c.idx, UNKNOWN.c.type)
            .join(ORIGIN, ORIGIN.c.id == UNKNOWN.c.log_id)
            .order_by(ORIGIN.c.origin, UNKNOWN.c.idx)
        )
        return [(origin, index, type) for origin, index, type in self._connection.execute(query)]

    def drop_unknown(self, origin: str, index: int) -> None:
        """The entry was applied after all."""
        number = self._numbers.find(origin)
        self._connection.execute(delete(UNKNOWN).where(UNKNOWN.c.log_id == number, UNKNOWN.c.idx == index))
