"""What the user of this package supplies: storage, time, transport. The values that cross are in `records.py`.

The package does no I/O of its own but `transport.py`. Storage is reached through one transaction object (`Tx`)
whose parts are small stores; everything read or written inside one `Database.transaction()` commits or vanishes
together. The node implements these on SQL, `testing.py` in memory. Source: federation.md §4–§7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, Protocol

from federation.records import (
    Alert,
    BlobState,
    Held,
    Invitation,
    Limits,
    LogRole,
    LogState,
    Member,
    MemberKey,
    QueuedEntry,
    Request,
    Response,
    SetAside,
    StoredEntry,
)

__all__ = [
    "Alert",
    "AlertSink",
    "BlobState",
    "BlobStore",
    "Clock",
    "Database",
    "HeadFile",
    "Held",
    "InboxStore",
    "Invitation",
    "Limits",
    "LogRole",
    "LogState",
    "LogStore",
    "Member",
    "MemberKey",
    "MemberStore",
    "NonceStore",
    "OutboxStore",
    "QueuedEntry",
    "Request",
    "Response",
    "SetAside",
    "StoredEntry",
    "Transport",
    "Tx",
]


class Clock(Protocol):
    """Time is an input."""

    def now(self) -> datetime:
        """The instant, aware, UTC."""
        ...


class Transport(Protocol):
    """Carries one request to the parent. Raises TransportError when there is no answer; follows no redirect."""

    def send(self, base_url: str, request: Request) -> Response: ...


class HeadFile(Protocol):
    """The last signed checkpoints, kept outside the database (§5 Writing, Loss).

    Keys are log origins (own logs) or `cosigned:<origin>` (last ledger head cosigned for a child); values notes.
    """

    def load(self) -> dict[str, str]: ...

    def save(self, heads: Mapping[str, str]) -> None:
        """Durable (fsync of file and folder) when it returns. A head smaller than the one kept is not taken."""
        ...

    def forget(self, names: list[str]) -> None:
        """Drop heads: only when an operator opened a new epoch or confirmed an import."""
        ...


class LogStore(Protocol):
    """Logs and their entries. Ranges are half-open [start, stop)."""

    def get(self, origin: str) -> LogState | None: ...
    def find(self, role: LogRole, peer: str, epoch: int | None = None) -> LogState | None:
        """The log of that role and peer; epoch None: the highest epoch (the open one)."""
        ...

    def all(self, role: LogRole | None = None) -> list[LogState]: ...
    def put(self, state: LogState) -> None:
        """Insert or replace the state (by origin)."""
        ...

    def append(
        self, origin: str, start: int, lines: Sequence[bytes | None], leaves: Sequence[bytes], at: datetime
    ) -> None:
        """Bulk insert, stored `at`, at indexes start…; an index that exists raises (broken invariant).

        A line is None where it came erased.
        """
        ...

    def entries(self, origin: str, start: int, limit: int) -> list[StoredEntry]: ...
    def leaf_hashes(self, origin: str, start: int, stop: int) -> list[bytes]: ...
    def put_nodes(self, origin: str, nodes: Iterable[tuple[int, int, bytes]]) -> None:
        """Stored subtree hashes (level, index, hash) at levels 8, 16, 24, 32: node (l, i) covers leaves [i·2^l, (i+1)·2^l)."""
        ...

    def nodes(self, origin: str, level: int, start: int, stop: int) -> list[bytes]: ...

    def erase(self, origin: str, index: int) -> None: ...
    def evidence(self, origin: str, kind: str, note: str, at: datetime, detail: str = "") -> None:
        """Keep a signed note that proves a fork or a rewind, for ever."""
        ...


class OutboxStore(Protocol):
    """Entries queued by business transactions, waiting for the sequencer."""

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
    ) -> None: ...
    def take(self, role: str, peer: str, limit: int) -> list[QueuedEntry]:
        """The oldest queued entries of one log; they stay until `done`."""
        ...

    def done(self, positions: Sequence[int]) -> None: ...
    def waiting(self) -> list[tuple[str, str, int, str]]:
        """(role, peer, count, oldest time) of every log with something queued."""
        ...

    def next_seq(self, origin: str, destination: str, subject: str, count: int) -> int:
        """Reserve `count` numbers of (log, destination, subject); returns the first, from 1."""
        ...


class InboxStore(Protocol):
    """Where applying has got to, per received log (peer-up, peer-down)."""

    def cursor(self, origin: str) -> int:
        """The next index to apply; 0 at first."""
        ...

    def advance(self, origin: str, next_index: int) -> None: ...
    def seen(self, origin_log: str, destination: str, subject: str) -> int:
        """The last `seq` applied (or skipped) of that flow; 0 at first. `origin_log` is the log the entry began in."""
        ...

    def saw(
        self, origin_log: str, destination: str, subject: str, seq: int, id: str, leaf: bytes
    ) -> None: ...
    def leaf_of(self, origin_log: str, destination: str, subject: str, seq: int) -> bytes | None: ...
    def applied_id(self, source: str, id: str) -> bool:
        """Whether that id of that source took effect already (re-written after an epoch change)."""
        ...

    def set_aside(self, entry: SetAside) -> None: ...
    def waiting_behind(self, origin: str, inner_source: str, subject: str) -> bool:
        """Whether an unreleased set-aside entry, or a hole, holds later ones of this subject."""
        ...

    def hold(
        self,
        origin: str,
        index: int,
        inner_source: str,
        subject: str,
        why: Literal["set-aside", "hole"],
        since: str,
    ) -> None:
        """Remember an entry that waits behind another one, to be applied when that is released or arrives."""
        ...

    def held(self, origin: str, inner_source: str, subject: str) -> list[int]: ...
    def unhold(self, origin: str, index: int) -> None: ...
    def list_held(self, origin: str | None = None) -> list[Held]:
        """Every entry that waits, by log and index; only one log's when it is given."""
        ...

    def list_set_aside(self, origin: str | None = None, *, open_only: bool = True) -> list[SetAside]: ...
    def release(self, origin: str, index: int, how: Literal["retry", "skip"], reason: str) -> None: ...
    def unknown(self, origin: str, index: int, type: str) -> None:
        """Keep count of an entry whose type this version does not know."""
        ...

    def list_unknown(self) -> list[tuple[str, int, str]]: ...
    def drop_unknown(self, origin: str, index: int) -> None: ...


class MemberStore(Protocol):
    """Who is who: statements, keys with history, invitations, revocations."""

    def get(self, code: str) -> Member | None: ...
    def put(self, member: Member) -> None: ...
    def children(self) -> list[Member]: ...
    def all(self) -> list[Member]: ...
    def key(self, kid: str) -> MemberKey | None:
        """Any key ever known, revoked and replaced ones too."""
        ...

    def keys(self, code: str, role: str | None = None) -> list[MemberKey]:
        """Newest first."""
        ...

    def put_key(self, key: MemberKey) -> None: ...
    def chain(self) -> list[str]:
        """This node's own chain, from the top (JWS); a predecessor anchor statement, where there is one, in front."""
        ...

    def put_chain(self, chain: Sequence[str]) -> None: ...
    def invitation(self, token_sha256: str) -> Invitation | None: ...
    def put_invitation(self, invitation: Invitation) -> None: ...
    def invitations(self) -> list[Invitation]: ...
    def wrong_token(self, at: datetime) -> int:
        """Count a wrong token; returns how many in the hour before `at`."""
        ...


class NonceStore(Protocol):
    def spend(self, keyid: str, nonce: str, until: datetime) -> bool:
        """True when it was fresh and is now spent; kept until `until`, across restarts."""
        ...


class BlobStore(Protocol):
    """Ciphertexts by SHA-256. File content lies outside the database; the rows commit with the transaction."""

    def get(self, sha256: str) -> BlobState | None: ...
    def begin(self, sha256: str, size: int, caller: str) -> BlobState: ...
    def write(self, sha256: str, offset: int, content: bytes) -> BlobState:
        """Append at `offset` (must equal the stored offset); complete when offset == size and the hash fits.

        Raises ProtocolError `blob` (422), all dropped, when the hash does not fit.
        """
        ...

    def read(self, sha256: str, start: int, stop: int) -> bytes: ...
    def named_to(self, sha256: str, child: str) -> bool:
        """Whether an entry on this child's `down` log names the blob."""
        ...

    def name(self, sha256: str, peer: str) -> None:
        """An entry exchanged with `peer` names the blob: it stays, and `peer` may see it."""
        ...

    def bytes_today(self, caller: str, day: str) -> int: ...
    def count_bytes(self, caller: str, day: str, count: int) -> int:
        """Count (or, with a negative count, take back); returns how many there are now."""
        ...


class AlertSink(Protocol):
    def alert(self, alert: Alert, at: datetime) -> None: ...


class Tx(AlertSink, Protocol):
    """One database transaction and the stores inside it."""

    @property
    def logs(self) -> LogStore: ...
    @property
    def outbox(self) -> OutboxStore: ...
    @property
    def inbox(self) -> InboxStore: ...
    @property
    def members(self) -> MemberStore: ...
    @property
    def nonces(self) -> NonceStore: ...
    @property
    def blobs(self) -> BlobStore: ...


class Database(Protocol):
    """Opens transactions. Leaving the block commits; an exception rolls everything back."""

    def transaction(self) -> AbstractContextManager[Tx]: ...

    def reading(self) -> AbstractContextManager[Tx]:
        """One committed state, to be read only; neither waits for a writer nor makes one wait."""
        ...
