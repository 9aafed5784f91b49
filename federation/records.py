"""The values that cross the seams of `ports.py`: requests, logs and entries, members, invitations, blobs, alerts.

Frozen, without behaviour. Source: federation.md §3–§7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


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
    _by_name: Mapping[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the fields by name once: a signed request is asked for one forty times."""
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            found.setdefault(name.lower(), []).append(value)
        object.__setattr__(self, "_by_name", found)

    def values(self, name: str) -> Sequence[str]:
        """All values of a field, in order; empty when it is absent."""
        return self._by_name.get(name.lower(), ())


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


@dataclass(frozen=True, slots=True)
class Held:
    """A stored entry that waits behind another one of its log, inner source and subject (§5 Apply).

    `why` is `set-aside` or `hole`; `since` RFC 3339, UTC.
    """

    origin: str
    index: int
    inner_source: str
    subject: str
    why: str
    since: str


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


@dataclass(frozen=True, slots=True)
class BlobState:
    sha256: str
    size: int
    offset: int
    complete: bool
    uploaded_by: str  # node code of the caller that uploaded it; "" for own


@dataclass(frozen=True, slots=True)
class Alert:
    """Something an operator must see: stable code, sentence parameters, severity."""

    code: str
    severity: Literal["info", "warning", "critical"]
    peer: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
