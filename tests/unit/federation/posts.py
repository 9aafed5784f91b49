"""A city, a county, a township, a village with storage in memory and no wires: entries are carried by hand.

    net = Posts()
    net.village.send(CITY, "test.told.v1", {"n": 1})
    net.carry()                                     # write, store, receipt, apply, until nothing moves
    assert net.city.told() == [{"n": 1}]

What a node has queued can be changed before it is written (`Post.outbox`): so a relay can lie.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from federation import canonical
from federation.chain import verify_chain
from federation.history import record_statement
from federation.inbox import Applied, Handler, Inbox, Received
from federation.keys import Identity
from federation.memory_stores import MemoryDatabase, MemoryTx
from federation.names import origin_down, origin_up
from federation.ports import Tx
from federation.records import Limits, LogRole, LogState, QueuedEntry
from federation.roster import adopt_chain
from federation.standing import Notice, OpenedEpoch, Watchers, standing_handlers
from federation.stream import accept, countersign, new_log
from federation.tree import hop_to
from federation.writer import LogWriter, append_signed, open_log, own_node_keys, store_extended
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    LEVEL_OF,
    NETWORK,
    NOW,
    TOWNSHIP,
    VILLAGE,
    anchor_of,
    keys_of,
    line_to,
)

TOLD = "test.told.v1"
SUBJECT = "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11"
LIMITS = Limits()


@dataclass
class HandClock:
    """A clock that a test moves."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


class Heads:
    """A head file that is not on disk."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def load(self) -> dict[str, str]:
        return dict(self.kept)

    def save(self, heads: Mapping[str, str]) -> None:
        self.kept.update(heads)


class Post:
    """One node."""

    def __init__(self, code: str, parent: str | None, clock: HandClock) -> None:
        self.identity = Identity(NETWORK, code, LEVEL_OF[code], keys_of(code), parent)
        self.code, self.clock = code, clock
        self.database = MemoryDatabase()
        self.acknowledged: list[Notice] = []
        self.refused: list[Notice] = []
        self.undeliverable: list[Notice] = []
        self.epochs: list[OpenedEpoch] = []
        self.writer = LogWriter(lambda: self.identity, self.database, Heads(), clock, LIMITS)
        if parent is not None:
            self.writer.ready("own-up", parent)
        with self.database.transaction() as tx:
            chain = verify_chain(line_to(code).statements, anchor_of(), NOW)
            adopt_chain(tx, self.identity, chain, NOW, "join")
        self.inbox = self.new_inbox({TOLD: self.remember})

    def new_inbox(self, handlers: Mapping[str, Handler], limits: Limits = LIMITS) -> Inbox:
        """An inbox with the standing handlers and these."""
        watchers = Watchers(
            lambda _, notice: self.acknowledged.append(notice),
            lambda _, notice: self.refused.append(notice),
            lambda _, notice: self.undeliverable.append(notice),
            lambda _, opened: self.epochs.append(opened),
        )
        standing = standing_handlers(lambda: self.identity, self.clock, watchers)
        return Inbox(lambda: self.identity, self.database, self.clock, limits, {**standing, **handlers})

    def remember(self, tx: Tx, received: Received) -> None:
        """A handler whose effect a test can see."""
        records = cast(MemoryTx, tx).records
        records["effect", len(records)] = received

    @property
    def effects(self) -> list[Received]:
        """What took effect, in order; an effect that was rolled back is none."""
        with self.database.transaction() as tx:
            return [value for (kind, _), value in sorted(tx.records.items()) if kind == "effect"]

    def told(self) -> list[Mapping[str, Any]]:
        """Data of what took effect, in order."""
        return [received.data for received in self.effects]

    def adopt(self, child: str) -> None:
        """Make a node a direct child."""
        with self.database.transaction() as tx:
            record_statement(tx.members, line_to(child).last, NOW, "join", "child")

    # --- writing -------------------------------------------------------------------------------------------------

    def send(
        self,
        destination: str,
        type: str = TOLD,
        data: Mapping[str, Any] | None = None,
        *,
        subject: str = SUBJECT,
        ways: Sequence[tuple[str, str]] | None = None,
    ) -> str:
        """Queue an entry on the log that leads to its destination."""
        entry_id = str(uuid.uuid4())
        with self.database.transaction() as tx:
            for role, peer in self._ways(tx, destination) if ways is None else ways:
                tx.outbox.queue(
                    role=cast(Any, role),
                    peer=peer,
                    id=entry_id,
                    type=type,
                    subject=subject,
                    destination=destination,
                    time=self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                    data=canonical.dump(dict(data or {})),
                )
        return entry_id

    def _ways(self, tx: Tx, destination: str) -> list[tuple[str, str]]:
        if destination == "*":
            return [("own-down", child.code) for child in tx.members.children()]
        hop = hop_to(tx, self.identity, destination)
        return [("own-up" if hop.kind == "parent" else "own-down", hop.code)]

    def outbox(
        self, change: Callable[[list[QueuedEntry]], Sequence[QueuedEntry]] | None = None
    ) -> list[QueuedEntry]:
        """Everything queued; with `change`, replaced by what that makes of it."""
        with self.database.transaction() as tx:
            found = [
                row
                for role, peer, count, _ in tx.outbox.waiting()
                for row in tx.outbox.take(role, peer, count)
            ]
            if change is not None:
                tx.outbox.done([row.position for row in found])
                for row in change(list(found)):
                    tx.outbox.queue(
                        role=row.log_role,
                        peer=row.peer,
                        id=row.id,
                        type=row.type,
                        subject=row.subject,
                        destination=row.destination,
                        time=row.time,
                        data=row.data,
                    )
        return found

    def write_lines(self, role: LogRole, peer: str, lines: Sequence[bytes]) -> None:
        """Write exact lines to an own log, past every check of the writer."""
        with self.database.transaction() as tx:
            state = open_log(tx, self.identity, role, peer)
            append_signed(tx, self.identity, state, lines, self.clock.now(), LIMITS)

    # --- what is stored ------------------------------------------------------------------------------------------

    def tx(self) -> Any:
        """A transaction of this node."""
        return self.database.transaction()

    def log(self, role: LogRole, peer: str) -> LogState:
        """The open log of a role and peer."""
        with self.database.transaction() as tx:
            found = tx.logs.find(role, peer)
        assert found is not None
        return found

    def alerts(self) -> list[str]:
        """Codes of every alert so far."""
        return [alert.code for alert in self.database.alerts]

    def set_aside(self) -> list[tuple[int, str]]:
        """(index, reason) of what is set aside."""
        with self.database.transaction() as tx:
            return [(row.index, row.reason) for row in tx.inbox.list_set_aside()]

    def held(self) -> list[tuple[int, str]]:
        """(index, why) of what waits."""
        with self.database.transaction() as tx:
            return [(row.index, row.why) for row in tx.inbox.list_held()]


class Posts:
    """The four of them, in one line."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.city = Post(CITY, None, self.clock)
        self.county = Post(COUNTY, CITY, self.clock)
        self.township = Post(TOWNSHIP, COUNTY, self.clock)
        self.village = Post(VILLAGE, TOWNSHIP, self.clock)
        self.line = [self.city, self.county, self.township, self.village]
        for upper, lower in zip(self.line, self.line[1:], strict=False):
            upper.adopt(lower.code)

    def carry(self, *, rounds: int = 12) -> None:
        """Write, store and apply everywhere until nothing moves."""
        for _ in range(rounds):
            moved = sum(self.carry_between(upper, lower) for upper, lower in self.pairs())
            moved += sum(node.inbox.apply().entries for node in self.line)
            if moved == 0:
                return
        raise AssertionError("it never comes to rest")

    def pairs(self) -> list[tuple[Post, Post]]:
        """(upper, lower) of each link."""
        return list(zip(self.line, self.line[1:], strict=False))

    def carry_between(self, upper: Post, lower: Post) -> int:
        """Write and store what two neighbours have for each other; nothing is applied."""
        upper.writer.write_queued("own-down", lower.code)
        lower.writer.write_queued("own-up", upper.code)
        return _copy(upper, lower, "own-down", "peer-down") + _copy(lower, upper, "own-up", "peer-up")

    def step(self, receiver: Post) -> Applied:
        """Store what the neighbours of one node have for it, and apply it there."""
        for upper, lower in self.pairs():
            if receiver in (upper, lower):
                self.carry_between(upper, lower)
        return receiver.inbox.apply()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.at += by


def _copy(owner: Post, receiver: Post, own: LogRole, peer_role: LogRole) -> int:
    """Store what `owner` wrote at `receiver`, with its receipt."""
    now = receiver.clock.now()
    with owner.database.transaction() as tx:
        state = tx.logs.find(own, receiver.code)
        keys = own_node_keys(tx, owner.identity)
    if state is None:
        return 0
    with receiver.database.transaction() as tx:
        held = tx.logs.get(state.origin) or new_log(state.origin, peer_role, owner.code, state.epoch)
    with owner.database.transaction() as tx:
        lines = [entry.line for entry in tx.logs.entries(state.origin, held.size, 10_000)]
    if len(lines) == 0:
        return 0
    assert all(line is not None for line in lines)
    with receiver.database.transaction() as tx:
        grown = accept(held, held.size, state.note, cast(list[bytes], lines), keys, LIMITS)
        receipt = (receiver.identity.receipt_name, receiver.identity.keys.receipt)
        kept, _ = countersign(grown.state, *receipt, now)
        store_extended(tx, grown, kept, now)
    return len(lines)


def up_origin(code: str) -> str:
    """Origin of a node's first `up` log."""
    return origin_up(f"{NETWORK}/{code}")


def down_origin(code: str, child: str) -> str:
    """Origin of a node's first `down` log to a child."""
    return origin_down(f"{NETWORK}/{code}", child)


def with_data(row: QueuedEntry, **changes: Any) -> QueuedEntry:
    """A queued entry with members of its data changed."""
    return replace(row, data=canonical.dump({**canonical.load_object(row.data), **changes}))


__all__ = [
    "LIMITS",
    "SUBJECT",
    "TOLD",
    "HandClock",
    "MemoryTx",
    "Post",
    "Posts",
    "down_origin",
    "up_origin",
    "with_data",
]
