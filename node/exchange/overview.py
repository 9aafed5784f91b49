"""What an operator sees of the network: neighbours, queues, ages, alerts, in values (network page, API, `bianmin status`).

Everything is read in one transaction; nothing is asked of another node. Source: federation.md §5 Retry (queue depth and
age are shown), ui.md (network page).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from federation.keys import Identity
from federation.note import read_lines, split_note
from federation.ports import Invitation, LogState, Member, SetAside
from node.exchange.links import read_links, recall
from node.exchange.retry import LinkState
from node.exchange.stores import SqlTx
from node.kernel.clock import parse_utc

SECONDS_A_DAY = 86_400
TIME_BYTES = 8  # of a cosignature: when it was made
SET_ASIDE_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be sent to a neighbour.

    Attributes:
        queued: entries that wait for their index.
        unsent: entries with an index that the other side has not receipted.
        oldest_at: when the oldest of them was queued or written; None when nothing waits.
        receipted: entries the other side holds by its receipt; receipted_at: when it last said so, by its own clock.
        halted: why nothing may be written ("" when it may).
    """

    queued: int
    unsent: int
    oldest_at: datetime | None
    receipted: int
    halted: str = ""
    receipted_at: datetime | None = None

    @property
    def depth(self) -> int:
        """Everything that waits."""
        return self.queued + self.unsent


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A direct neighbour, or a node further away whose statement is known (`direct` "").

    Attributes:
        last_receipt_size: entries of ours it has receipted, of `out.receipted`.
        received: entries of its log held here; applied: of those dealt with.
        statement_days_left: whole days; negative when expired.
        ledger_size: entries of its ledger last cosigned here (children only).
    """

    code: str
    name: str
    level: str
    direct: Literal["child", "parent", "self", ""]
    scope: tuple[str, ...]
    node_key: str
    statement_expires: datetime
    statement_days_left: int
    revoked: bool
    last_heard: datetime | None
    out: Queue
    received: int
    applied: int
    ledger_size: int


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert nobody has closed."""

    id: int
    code: str
    severity: str
    peer: str
    detail: dict[str, Any]
    first_at: datetime
    last_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """One look at the network from this node.

    Attributes:
        anchor: thumbprint of the top's node key, pinned.
        parent_url: "" at the top.
        clock_delta_s: the parent's clock minus this machine's, as last told; None when never told.
        links: by name: `state`, `push`, `pull`, `ledger`, `renew`, `blobs`.
        ledger_size, ledger_witnessed: entries of the own ledger, and those under the parent's cosignature.
        foreign: logs halted because the other side holds entries this node did not write.
        unknown: entries of types this version does not know.
    """

    code: str
    name: str
    level: str
    network: str
    anchor: str
    parent_url: str
    plain_http: bool
    at: datetime
    clock_delta_s: int | None
    neighbours: tuple[Neighbour, ...]
    links: dict[str, LinkState]
    ledger_size: int
    ledger_witnessed: int
    set_aside: tuple[SetAside, ...]
    unknown: int
    foreign: tuple[LogState, ...]
    alerts: tuple[AlertLine, ...]
    invitations: tuple[Invitation, ...]

    @property
    def own(self) -> Neighbour | None:
        """This node's own statement."""
        return next((one for one in self.neighbours if one.direct == "self"), None)

    @property
    def parent(self) -> Neighbour | None:
        """The parent; None at the top."""
        return next((one for one in self.neighbours if one.direct == "parent"), None)

    @property
    def children(self) -> tuple[Neighbour, ...]:
        """Direct children, by code."""
        return tuple(one for one in self.neighbours if one.direct == "child")

    @property
    def depth(self) -> int:
        """Entries waiting to be sent, in all directions."""
        return sum(one.out.depth for one in self.neighbours)


def read_overview(
    session: Session,
    stores: Callable[[Session], SqlTx],
    identity: Identity,
    now: datetime,
    *,
    anchor: str,
    parent_url: str,
) -> Overview:
    """One look at the network."""
    tx = stores(session)
    members = tx.members.all()
    waiting = {(role, peer): (count, parse_utc(oldest)) for role, peer, count, oldest in tx.outbox.waiting()}
    own = tx.members.get(identity.code)
    ledger = tx.logs.find("own-ledger", "")
    logs = tx.logs.all()
    delta = recall(session, "clock").get("delta_s")
    return Overview(
        code=identity.code,
        name="" if own is None else own.name,
        level=identity.level,
        network=identity.network,
        anchor=anchor,
        parent_url=parent_url,
        plain_http=parent_url.startswith("http://"),
        at=now,
        clock_delta_s=None if delta is None else int(delta),
        neighbours=tuple(_neighbour(tx, member, waiting, now) for member in members),
        links=read_links(session),
        ledger_size=0 if ledger is None else ledger.size,
        ledger_witnessed=0 if ledger is None else ledger.receipted_size,
        set_aside=tuple(tx.inbox.list_set_aside()[:SET_ASIDE_SHOWN]),
        unknown=len(tx.inbox.list_unknown()),
        foreign=tuple(log for log in logs if log.halted),
        alerts=tuple(_alerts(tx)),
        invitations=tuple(tx.members.invitations()),
    )


def _neighbour(
    tx: SqlTx, member: Member, waiting: dict[tuple[str, str], tuple[int, datetime]], now: datetime
) -> Neighbour:
    child = member.direct == "child"
    out_role: Literal["own-up", "own-down"] = "own-down" if child else "own-up"
    in_role: Literal["peer-up", "peer-down"] = "peer-up" if child else "peer-down"
    is_direct = member.direct in ("child", "parent")
    out = _queue(tx, out_role, member.code, waiting) if is_direct else Queue(0, 0, None, 0)
    received = tx.logs.find(in_role, member.code) if is_direct else None
    ledger = tx.logs.find("peer-ledger", member.code) if child else None
    keys = tx.members.keys(member.code, "node")
    return Neighbour(
        code=member.code,
        name=member.name,
        level=member.level,
        direct=member.direct,
        scope=member.scope,
        node_key=next((key.kid for key in keys if key.until is None and key.revoked_at is None), ""),
        statement_expires=member.expires,
        statement_days_left=int((member.expires - now).total_seconds() // SECONDS_A_DAY),
        revoked=member.revoked,
        last_heard=member.last_heard,
        out=out,
        received=0 if received is None else received.size,
        applied=0 if received is None else tx.inbox.cursor(received.origin),
        ledger_size=0 if ledger is None else ledger.size,
    )


def _queue(
    tx: SqlTx,
    role: Literal["own-up", "own-down"],
    peer: str,
    waiting: dict[tuple[str, str], tuple[int, datetime]],
) -> Queue:
    queued, oldest = waiting.get((role, peer), (0, None))
    log = tx.logs.find(role, peer)
    if log is None:
        return Queue(queued, 0, oldest, 0)
    unsent = max(0, log.size - log.receipted_size)
    if unsent:
        first = tx.logs.entries(log.origin, log.receipted_size, 1)
        oldest = first[0].stored_at if first else oldest
    return Queue(queued, unsent, oldest, log.receipted_size, log.halted, _receipt_time(log.receipted_note))


def _receipt_time(note: str) -> datetime | None:
    """When the other side made the newest receipt it sent; it was verified when it came."""
    if note == "":
        return None
    stamps = [
        int.from_bytes(line.signature[:TIME_BYTES], "big")
        for line in read_lines(split_note(note)[1])
        if line.key_name.endswith("/receipt")
    ]
    return datetime.fromtimestamp(max(stamps), UTC) if stamps else None


def _alerts(tx: SqlTx) -> list[AlertLine]:
    return [
        AlertLine(
            id=row.id,
            code=row.code,
            severity=row.severity,
            peer=row.peer,
            detail=dict(row.detail),
            first_at=row.first_at,
            last_at=row.last_at,
            count=row.count,
        )
        for row in tx.open_alerts()
    ]
