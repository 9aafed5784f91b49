"""Rows of audits: rounds of ours, what was answered and found, and rounds that others put to us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.kernel.database import Base, EncryptedJSON, UtcDateTime


class RoundRow(Base):
    """One round at the auditor.

    `secret` holds the seed (hex), encrypted until it is revealed and kept after; `head_size` and `head_root` are the
    sealed checkpoint's, null before; `judged_leaf` is the leaf hash of the
    fact that ended the round; `is_sound` says that the next round may stand on that head.
    """

    __tablename__ = "audit_round"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    target: Mapped[str] = mapped_column(String(12))
    origin: Mapped[str] = mapped_column(String(320))
    period_end: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int] = mapped_column(Integer)
    wanted: Mapped[list[int]] = mapped_column(JSON)
    commitment: Mapped[str] = mapped_column(String(64))
    secret: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON)
    state: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    post: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seal_due: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_within_s: Mapped[int] = mapped_column(Integer)
    checkpoint: Mapped[str] = mapped_column(Text, default="")
    witness: Mapped[str] = mapped_column(String(320), default="")
    head_size: Mapped[int | None] = mapped_column(BigInteger)
    head_root: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    cosigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    start: Mapped[int] = mapped_column(BigInteger, default=0)
    drawn: Mapped[list[int]] = mapped_column(JSON, default=list)
    named: Mapped[list[int]] = mapped_column(JSON, default=list)
    challenged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    judged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    judged_leaf: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    is_sound: Mapped[bool] = mapped_column(Boolean, default=False)
    found: Mapped[int] = mapped_column(Integer, default=0)

    __table_args__ = (
        Index("ix_audit_round_origin", "origin", "state"),
        Index("ix_audit_round_created", "created_at", "id"),
    )


class AnswerRow(Base):
    """One `audit.response.v1` of a round, in the order received."""

    __tablename__ = "audit_answer"

    round_id: Mapped[str] = mapped_column(ForeignKey("audit_round.id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class LeafRow(Base):
    """One entry that was asked for: what was shown, and what it is worth.

    `outcome`: `good`, `differs` (a rule does not hold), `false` (not in the ledger there), `erased`, `missing`.
    """

    __tablename__ = "audit_leaf"

    round_id: Mapped[str] = mapped_column(ForeignKey("audit_round.id"), primary_key=True)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    is_named: Mapped[bool] = mapped_column(Boolean)
    line: Mapped[bytes | None] = mapped_column(LargeBinary)
    hashes: Mapped[list[str]] = mapped_column(JSON)
    outcome: Mapped[str] = mapped_column(String(16))
    judgements: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class FindingRow(Base):
    """Something a round found. `idx` is null where it is not about one entry."""

    __tablename__ = "audit_finding"

    round_id: Mapped[str] = mapped_column(ForeignKey("audit_round.id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    idx: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str] = mapped_column(Text, default="")
    record: Mapped[str] = mapped_column(Text, default="")
    should: Mapped[str] = mapped_column(Text, default="")


class AskedRow(Base):
    """A round that a node above put to this one.

    `closed_at` is when the ledger was last made to grow after the period; `finding` what this node found against its
    auditor, or "".
    """

    __tablename__ = "audit_asked"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    auditor: Mapped[str] = mapped_column(String(12))
    origin: Mapped[str] = mapped_column(String(320))
    period_end: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int] = mapped_column(Integer)
    commitment: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checkpoint: Mapped[str] = mapped_column(Text, default="")
    head_size: Mapped[int | None] = mapped_column(BigInteger)
    head_root: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    sealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    challenged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked: Mapped[list[int]] = mapped_column(JSON, default=list)
    parts: Mapped[int] = mapped_column(Integer, default=0)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finding: Mapped[str] = mapped_column(String(32), default="")

    __table_args__ = (Index("ix_audit_asked_state", "state", "period_end"),)
