"""Rows of the ledger: facts, what their commitments hide, followers' cursors, running numbers.

A fact's line stands here until it is sequenced; from then on the log holds it (one place to erase it from).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from node.kernel.database import Base, EncryptedJSON, UtcDateTime

WideKey = BigInteger().with_variant(Integer, "sqlite")
"""An auto-incrementing key: 64 bits on both (SQLite counts up by itself only on INTEGER)."""


class FactRow(Base):
    """One fact. `position` is the order of recording, `ordinal` the order of sequencing across all epochs, from 0."""

    __tablename__ = "fact"

    position: Mapped[int] = mapped_column(WideKey, primary_key=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    type: Mapped[str] = mapped_column(String(64))
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    day: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    line: Mapped[bytes | None] = mapped_column(LargeBinary)
    origin: Mapped[str | None] = mapped_column(String(320))
    idx: Mapped[int | None] = mapped_column(BigInteger)
    ordinal: Mapped[int | None] = mapped_column(BigInteger, unique=True)

    __table_args__ = (
        Index("ix_fact_day_type", "day", "type", "position"),
        Index("ix_fact_origin_idx", "origin", "idx", unique=True),
        Index(
            "ix_fact_waiting",
            "position",
            sqlite_where=text("ordinal IS NULL"),
            postgresql_where=text("ordinal IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )


class CommitmentRow(Base):
    """Salt and values of one fact's commitments; deleting the row leaves only hashes."""

    __tablename__ = "fact_commitment"

    fact_id: Mapped[str] = mapped_column(ForeignKey("fact.id"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    hidden: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON)


class FollowerCursorRow(Base):
    """How far a follower has come; `retry_at` while its next fact keeps failing."""

    __tablename__ = "follower_cursor"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    next_ordinal: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(Text, default="")


class RunningNumberRow(Base):
    """The last number given out in a series."""

    __tablename__ = "running_number"

    series: Mapped[str] = mapped_column(String(80), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)
