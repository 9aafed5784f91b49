"""Rows of the kit: answers kept for repeated calls of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from node.kernel.database import Base, EncryptedJSON, UtcDateTime


class ApiAnswerRow(Base):
    """The answer to a creating call, by caller and idempotency key; encrypted, for it may hold a password or a name.

    `id` is the SHA-256 of caller and key; `request` that of method, path and body.
    """

    __tablename__ = "api_answer"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_api_answer_at", "at"),)
