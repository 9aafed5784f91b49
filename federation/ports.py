"""What the user of this package supplies, and the values that cross those seams.

The package does no I/O of its own but `transport.py`. Storage is reached through one transaction object (`Tx`)
whose parts are small stores; everything read or written inside one `Database.transaction()` commits or vanishes
together. The node implements these on SQL, `testing.py` in memory. Source: federation.md §4–§7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one node, published in `/.well-known/bianmin`; never lower than these defaults (§3)."""

    entries_per_batch: int = 1000  # lines
    batch_bytes: int = 4_194_304  # bytes, unpacked; also the longest PATCH
    blob_bytes: int = 67_108_864  # bytes of one attachment's ciphertext
    blob_bytes_per_day: int = 1_073_741_824  # bytes a child may upload a day
    entry_bytes_per_day: int = 268_435_456  # bytes of lines a child may push a day
    own_entry_bytes: int = 32_768  # bytes of an origin's own entry
    any_entry_bytes: int = 65_535  # bytes of any line, relay.v1 included
    ledger_entry_bytes: int = 8_192  # bytes of a fact
    note_bytes: int = 4_096  # bytes of a checkpoint note with all its signature lines
    enrolment_body_bytes: int = 16_384  # bytes
    clock_ahead_s: int = 60  # seconds a request may be created in the future
    clock_behind_s: int = 300  # seconds a request may be old
    expires_after_s: int = 300  # longest `expires` − `created`
    nonce_grace_s: int = 60  # seconds a nonce is kept beyond `expires`


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is on the wire.

    Attributes:
        method: upper case.
        path: raw path of the target, plain ASCII, without the query.
        query: raw query without the question mark; "" when there is none.
        headers: pairs as received, names in any case; order kept, repeats kept.
        body: content as sent (still packed where Content-Encoding says so).
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """All values of a field, in order; empty when it is absent."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, header pairs, body. Answers carry no authority of their own (§4)."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def value(self, name: str) -> str | None:
        """The first value of a field, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


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
        """Durable (fsync of file and folder) when it returns."""
        ...


LogRole = Literal["own-up", "own-down", "own-ledger", "peer-up", "peer-down", "peer-ledger"]


@dataclass(frozen=True, slots=True)
class LogState:
    """One log as this node knows it. `peer` is the other end's node code; "" for the own ledger.

    Attributes:
        origin: `<network>/<code>/<up|down/<child>|ledger>/<epoch>`.
        size: entries held (own logs: written; peer logs: received; peer-ledger: size of the last cosigned head).
        compact: compact range of RFC 6962 subtree hashes, largest first, for `size` leaves.
        note: the owner's checkpoint at `size` as it was signed or received; "" at size 0.
        receipted_size: own logs: what the other end cosigned; peer logs: what this node cosigned.
        receipted_note: that note with the receipt or cosignature lines appended, byte-identical; "" when none.
        frozen: the epoch is closed; read only.
        halted: why nothing may be written or applied on it ("" when it may): `behind`, `foreign`, `diverged`, …
    """

    origin: str
    role: LogRole
    peer: str
    epoch: int
    size: int = 0
    compact: tuple[bytes, ...] = ()
    note: str = ""
    receipted_size: int = 0
    receipted_note: str = ""
    frozen: bool = False
    halted: str = ""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One line of a log. `line` is None once erased; `leaf` is its RFC 6962 leaf hash for ever.

    `stored_at` is when this node stored it, to the second: the clock of an offer runs from that day (§8).
    """

    index: int
    line: bytes | None
    leaf: bytes
    stored_at: datetime


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


@dataclass(frozen=True, slots=True)
class QueuedEntry:
    """An entry without index and seq, in the order queued (`position` ascending)."""

    position: int
    log_role: Literal["own-up", "own-down"]
    peer: str
    id: str
    type: str
    subject: str
    destination: str
    time: str
    data: bytes  # RFC 8785 JSON of `data`
    direct_line: bytes | None = None


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


@dataclass(frozen=True, slots=True)
class SetAside:
    """A stored entry that was not applied, and why (§5 Apply)."""

    origin: str
    index: int
    reason: str
    inner_source: str
    subject: str
    detail: str
    released: str = ""  # "", "retry" or "skip"


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
    def list_set_aside(self, origin: str | None = None, *, open_only: bool = True) -> list[SetAside]: ...
    def release(self, origin: str, index: int, how: Literal["retry", "skip"], reason: str) -> None: ...
    def unknown(self, origin: str, index: int, type: str) -> None:
        """Keep count of an entry whose type this version does not know."""
        ...

    def list_unknown(self) -> list[tuple[str, int, str]]: ...
    def drop_unknown(self, origin: str, index: int) -> None: ...


@dataclass(frozen=True, slots=True)
class MemberKey:
    """One key a node had: `kid` RFC 7638 thumbprint, `role` node|receipt|witness|seal, good in [since, until)."""

    code: str
    role: Literal["node", "receipt", "witness", "seal"]
    kid: str
    jwk: Mapping[str, str]
    since: datetime
    until: datetime | None = None
    reason: str = ""
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A node whose statement this node knows. `direct` is `child`, `parent`, `self` or "" (further away)."""

    code: str
    direct: Literal["child", "parent", "self", ""]
    statement: str  # compact JWS, the newest
    scope: tuple[str, ...]
    level: str
    name: str
    expires: datetime
    revoked: bool = False
    last_heard: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A parent's promise to enrol a code. The token itself is never stored."""

    token_sha256: str
    code: str
    level: str
    name: str
    scope: tuple[str, ...]
    expires: datetime
    replace: bool = False
    used_by: str = ""  # node key thumbprint
    enrolment: str = ""  # JSON of the enrolment body while a re-key waits for confirmation
    confirmed: bool = False


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


@dataclass(frozen=True, slots=True)
class BlobState:
    sha256: str
    size: int
    offset: int
    complete: bool
    uploaded_by: str  # node code of the caller that uploaded it; "" for own


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
    def count_bytes(self, caller: str, day: str, count: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Alert:
    """Something an operator must see: stable code, sentence parameters, severity."""

    code: str
    severity: Literal["info", "warning", "critical"]
    peer: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


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
