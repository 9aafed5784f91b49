"""Rows of exchange: logs and their entries, the outbox, the inbox, members, blobs, alerts, links.

Origins stand once, in `OriginRow`; everything else names a log by its number. The streams are written with Core bulk
inserts only (`node.exchange.stores`), so these classes are the schema, not objects that live in a session. Lines and
leaves are bytes exactly as they went over the wire. Instants are UTC. Source: federation.md §3, §5, §7;
performance.md, "What moves the figures".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.kernel.database import Base, EncryptedJSON, UtcDateTime

WideKey = BigInteger().with_variant(Integer, "sqlite")
"""An auto-incrementing key: 64 bits on both (SQLite counts up by itself only on INTEGER)."""


class OriginRow(Base):
    """A log's origin and its number; also of logs held elsewhere whose entries came relayed."""

    __tablename__ = "stream_origin"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    origin: Mapped[str] = mapped_column(String(320), unique=True)
    owner: Mapped[str] = mapped_column(String(280))


class LogRow(Base):
    """The state of a log (`federation.ports.LogState`); `compact` is 32 bytes a subtree, largest first."""

    __tablename__ = "stream_log"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    role: Mapped[str] = mapped_column(String(12))
    peer: Mapped[str] = mapped_column(String(12))
    epoch: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigInteger)
    compact: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    receipted_size: Mapped[int] = mapped_column(BigInteger)
    receipted_note: Mapped[str] = mapped_column(Text)
    frozen: Mapped[bool]
    halted: Mapped[str] = mapped_column(String(40))

    __table_args__ = (Index("ix_stream_log_role_peer_epoch", "role", "peer", "epoch", unique=True),)


class EntryRow(Base):
    """One line of a log; `line` is null once erased, `leaf` stays for ever; `stored_s` is in Unix seconds."""

    __tablename__ = "stream_entry"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[bytes | None] = mapped_column(LargeBinary)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))
    stored_s: Mapped[int] = mapped_column(BigInteger)


class NodeRow(Base):
    """A stored subtree hash: node (level, idx) covers leaves [idx·2^level, (idx+1)·2^level)."""

    __tablename__ = "stream_node"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class SubjectEntryRow(Base):
    """Where an entry about a subject stands in this node's own logs: for proofs and for the case page."""

    __tablename__ = "stream_subject"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(String(256), index=True)


class EvidenceRow(Base):
    """A signed note that proves a fork or a rewind; never deleted."""

    __tablename__ = "stream_evidence"

    id: Mapped[int] = mapped_column(WideKey, primary_key=True)
    origin: Mapped[str] = mapped_column(String(320), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    detail: Mapped[str] = mapped_column(Text)


class QueuedEntryRow(Base):
    """An entry queued by a business transaction, waiting for its log's sequencer."""

    __tablename__ = "outbox_entry"

    position: Mapped[int] = mapped_column(WideKey, primary_key=True)
    role: Mapped[str] = mapped_column(String(12))
    peer: Mapped[str] = mapped_column(String(12))
    id: Mapped[str] = mapped_column(String(36))
    type: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(256))
    destination: Mapped[str] = mapped_column(String(12))
    time: Mapped[str] = mapped_column(String(40))
    data: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_outbox_entry_log", "role", "peer", "position"),
        {"sqlite_autoincrement": True},
    )


class FlowRow(Base):
    """The last `seq` given out for (own log, destination, subject)."""

    __tablename__ = "outbox_flow"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    destination: Mapped[str] = mapped_column(String(12), primary_key=True)
    subject: Mapped[str] = mapped_column(String(256), primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)


class CursorRow(Base):
    """The next index to apply of a received log."""

    __tablename__ = "inbox_cursor"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    next_index: Mapped[int] = mapped_column(BigInteger)


class AppliedRow(Base):
    """An entry that took effect here, by the log it began in and its `seq` there."""

    __tablename__ = "inbox_applied"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    destination: Mapped[str] = mapped_column(String(12), primary_key=True)
    subject: Mapped[str] = mapped_column(String(256), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(String(64), index=True)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))


class SetAsideRow(Base):
    """A stored entry that was not applied, and why; `released` is "", "retry" or "skip"."""

    __tablename__ = "inbox_set_aside"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(String(40))
    inner_source: Mapped[str] = mapped_column(String(280))
    subject: Mapped[str] = mapped_column(String(256))
    detail: Mapped[str] = mapped_column(Text)
    released: Mapped[str] = mapped_column(String(8))
    release_reason: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (Index("ix_inbox_set_aside_subject", "log_id", "inner_source", "subject"),)


class HeldRow(Base):
    """An entry waiting behind a set-aside one or a hole of the same subject."""

    __tablename__ = "inbox_held"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    inner_source: Mapped[str] = mapped_column(String(280))
    subject: Mapped[str] = mapped_column(String(256))
    why: Mapped[str] = mapped_column(String(12))
    since: Mapped[str] = mapped_column(String(40))

    __table_args__ = (Index("ix_inbox_held_subject", "log_id", "inner_source", "subject"),)


class UnknownRow(Base):
    """An entry whose type this version does not know; applied later by `bianmin reapply`."""

    __tablename__ = "inbox_unknown"

    log_id: Mapped[int] = mapped_column(ForeignKey("stream_origin.id"), primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(256))


class MemberRow(Base):
    """A node whose statement is known (`federation.ports.Member`)."""

    __tablename__ = "member"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    direct: Mapped[str] = mapped_column(String(8), index=True)
    statement: Mapped[str] = mapped_column(Text)
    scope: Mapped[list[str]] = mapped_column(JSON)
    level: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(120))
    expires: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked: Mapped[bool]
    last_heard: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MemberKeyRow(Base):
    """One key a node had or has; history is kept for ever."""

    __tablename__ = "member_key"

    id: Mapped[int] = mapped_column(WideKey, primary_key=True)
    kid: Mapped[str] = mapped_column(String(43), unique=True)
    code: Mapped[str] = mapped_column(String(12))
    role: Mapped[str] = mapped_column(String(8))
    jwk: Mapped[dict[str, str]] = mapped_column(JSON)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_member_key_code", "code", "role", "since"),)


class ChainRow(Base):
    """This node's own chain, from the top."""

    __tablename__ = "member_chain"

    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    statement: Mapped[str] = mapped_column(Text)


class InvitationRow(Base):
    """A promise to enrol a code; the token is stored hashed."""

    __tablename__ = "member_invitation"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), index=True)
    level: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(120))
    scope: Mapped[list[str]] = mapped_column(JSON)
    expires: Mapped[datetime] = mapped_column(UtcDateTime)
    replace: Mapped[bool]
    used_by: Mapped[str] = mapped_column(String(43))
    enrolment: Mapped[str] = mapped_column(Text)
    confirmed: Mapped[bool]


class WrongTokenRow(Base):
    """A wrong enrolment token, counted against 20 an hour."""

    __tablename__ = "member_wrong_token"

    id: Mapped[int] = mapped_column(WideKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class NonceRow(Base):
    """A spent nonce, kept until it could not be fresh again."""

    __tablename__ = "spent_nonce"

    keyid: Mapped[str] = mapped_column(String(43), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class BlobRow(Base):
    """A ciphertext, whole or arriving; its bytes lie in a file of that name."""

    __tablename__ = "exchange_blob"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)
    complete: Mapped[bool]
    uploaded_by: Mapped[str] = mapped_column(String(12))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class BlobNameRow(Base):
    """An entry exchanged with `peer` names the blob."""

    __tablename__ = "exchange_blob_name"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    peer: Mapped[str] = mapped_column(String(12), primary_key=True)


class TrafficRow(Base):
    """Bytes a caller sent on a UTC day, against the daily limits."""

    __tablename__ = "exchange_traffic"

    caller: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[str] = mapped_column(String(40), primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)


class AlertRow(Base):
    """Something an operator must see; the same again while it is open only counts up."""

    __tablename__ = "exchange_alert"

    id: Mapped[int] = mapped_column(WideKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(60))
    severity: Mapped[str] = mapped_column(String(8))
    peer: Mapped[str] = mapped_column(String(12))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    sameness: Mapped[str] = mapped_column(String(64), index=True)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    count: Mapped[int] = mapped_column(Integer)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str] = mapped_column(String(36), default="")


class LinkRow(Base):
    """One thing this node keeps trying towards a neighbour, and how that goes (§5 Retry)."""

    __tablename__ = "exchange_link"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    succeeded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
    refused: Mapped[bool]
    batch_shift: Mapped[int] = mapped_column(Integer, default=0)


class MemoryRow(Base):
    """A small thing this node must remember about its links: clock difference, last `Bianmin-Down`, the anchor's pin."""

    __tablename__ = "exchange_memory"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SealedPayloadRow(Base):
    """What was sealed into an entry, kept encrypted while the destination may still ask for it to be sealed anew.

    `kid` is the key it was sealed to, "" when none was known and the entry went without `sealed`; `refused`: the
    destination no longer holds that key.
    """

    __tablename__ = "outbox_sealed"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    type: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(256))
    destination: Mapped[str] = mapped_column(String(12), index=True)
    kid: Mapped[str] = mapped_column(String(43))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    payload: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    replaced_by: Mapped[str] = mapped_column(String(36), default="")
    refused: Mapped[bool] = mapped_column(default=False)


class AwaitedRow(Base):
    """An own entry that goes further than the neighbour, until its destination acknowledges; or one with a fault.

    `fault` is "", "undeliverable" or the reason of a refusal; `late_at` when it was alerted as late.
    """

    __tablename__ = "outbox_awaited"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    type: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(256), index=True)
    destination: Mapped[str] = mapped_column(String(12))
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    late_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fault: Mapped[str] = mapped_column(String(24), default="")
    fault_by: Mapped[str] = mapped_column(String(12), default="")
    fault_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
