"""Rows of the catalogue: immutable versions by hash, what is in force from when, and the imports that brought them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from node.kernel.database import Base, UtcDateTime


class ItemVersionRow(Base):
    """One version: the document as it was hashed; never changed, never deleted while a matter may name it."""

    __tablename__ = "item_version"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(36), index=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ItemReleaseRow(Base):
    """From this local day on the item stands in this version; version None: it is cancelled from that day."""

    __tablename__ = "item_release"

    code: Mapped[str] = mapped_column(String(36), primary_key=True)
    effective_on: Mapped[date] = mapped_column(Date, primary_key=True)
    version: Mapped[str | None] = mapped_column(ForeignKey("item_version.hash"))
    import_id: Mapped[int] = mapped_column(ForeignKey("catalogue_import.id"))
    position: Mapped[int] = mapped_column(Integer, default=0)

    __table_args__ = (Index("ix_item_release_effective", "effective_on", "position"),)


class CatalogueImportRow(Base):
    """One import: which text, when, from which day, and what it changed."""

    __tablename__ = "catalogue_import"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    sha256: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    effective_on: Mapped[date] = mapped_column(Date)
    added: Mapped[int] = mapped_column(Integer)
    changed: Mapped[int] = mapped_column(Integer)
    cancelled: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
