"""Rows of cases: one per case at each node that knows it (architecture decision 7).

Personal data stands only in `Case.personal`, `CaseOffer.package` and `Attachment.secret` (encrypted JSON);
exact look-ups go through blind indexes. Days are local dates of the node, instants are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.kernel.database import Base, EncryptedJSON, UtcDateTime

WideKey = BigInteger().with_variant(Integer, "sqlite")


class CaseRow(Base):
    """A case, held here (`custodian` = this node) or mirrored (moved only by its custodian's events).

    `watchers` are the other nodes that hold it; `proxied_by` the person who carried it here as agent; `outside` what
    an organ outside the network was sent and decided; `registered_fact` the fact the slip's code names.
    """

    __tablename__ = "case"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str] = mapped_column(String(25), unique=True)
    item_code: Mapped[str] = mapped_column(String(36), index=True)
    item_version: Mapped[str] = mapped_column(String(64))
    handling: Mapped[str] = mapped_column(String(16))
    home: Mapped[str] = mapped_column(String(12))
    custodian: Mapped[str] = mapped_column(String(12), index=True)
    custody: Mapped[int] = mapped_column(Integer)
    custody_state: Mapped[str] = mapped_column(String(8))
    seq: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(16))
    pending: Mapped[str] = mapped_column(String(16), default="")
    acceptance: Mapped[str] = mapped_column(String(12), default="")
    pre_reviewed: Mapped[bool] = mapped_column(default=False)
    channel: Mapped[str] = mapped_column(String(8))
    via_proxy: Mapped[bool] = mapped_column(default=False)
    entrustment: Mapped[str] = mapped_column(String(20), default="")
    proxied_by: Mapped[str] = mapped_column(String(36), default="")
    outside: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    withdrawal_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    post: Mapped[str] = mapped_column(String(120), default="")
    received_on: Mapped[date] = mapped_column(Date)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[date | None] = mapped_column(Date)
    decided_by: Mapped[str] = mapped_column(String(12), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    watchers: Mapped[list[str]] = mapped_column(JSON, default=list)
    personal: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    query_index: Mapped[str | None] = mapped_column(String(64), index=True)
    id_index: Mapped[str | None] = mapped_column(String(64), index=True)
    phone_index: Mapped[str | None] = mapped_column(String(64), index=True)
    name_index: Mapped[str | None] = mapped_column(String(64), index=True)
    fact_id: Mapped[str] = mapped_column(String(36), default="")
    registered_fact: Mapped[str] = mapped_column(String(36), default="")

    __table_args__ = (
        Index("ix_case_work_list", "custodian", "status", "due_on", "id"),
        Index("ix_case_received", "received_on", "id"),
    )


class CaseClockRow(Base):
    """One clock of a case; at a mirror as the custodian last stated it."""

    __tablename__ = "case_clock"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), primary_key=True)
    clock: Mapped[str] = mapped_column(String(4), primary_key=True)
    days: Mapped[int] = mapped_column(Integer)
    started_on: Mapped[date] = mapped_column(Date)
    used_days: Mapped[int] = mapped_column(Integer, default=0)
    running_since: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    stopped_on: Mapped[date | None] = mapped_column(Date)
    provisional: Mapped[bool] = mapped_column(default=False)


class CaseChangeRow(Base):
    """One change of a case as this node knows it; the history of a mirror is a prefix of its custodian's."""

    __tablename__ = "case_change"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    custody: Mapped[int] = mapped_column(Integer)
    node: Mapped[str] = mapped_column(String(12))
    act: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    post: Mapped[str] = mapped_column(String(120), default="")
    paper: Mapped[str] = mapped_column(String(64), default="")


class CaseCustodyRow(Base):
    """Who held a case from when: one row a custody number, as far as this node knows."""

    __tablename__ = "case_custody"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), primary_key=True)
    custody: Mapped[int] = mapped_column(Integer, primary_key=True)
    node: Mapped[str] = mapped_column(String(12))
    offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseMaterialRow(Base):
    """One material of the item's list in one case: handed in or not."""

    __tablename__ = "case_material"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), primary_key=True)
    material: Mapped[str] = mapped_column(String(8), primary_key=True)
    present: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_in: Mapped[int] = mapped_column(Integer, default=0)


class AttachmentRow(Base):
    """An attachment: named by the SHA-256 of its ciphertext; key, plaintext hash and file name are secret."""

    __tablename__ = "case_attachment"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    material: Mapped[str] = mapped_column(String(8))
    size: Mapped[int] = mapped_column(Integer)
    media: Mapped[str] = mapped_column(String(80))
    secret: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseOfferRow(Base):
    """One try to move custody, made here (`out`), made to this node (`in`) or announced (`seen`).

    `entry_id` is the queued entry's, by which its receipt is found; `received_at` the receipt's time, once noted.
    """

    __tablename__ = "case_offer"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    direction: Mapped[str] = mapped_column(String(4))
    custody: Mapped[int] = mapped_column(Integer)
    offered_by: Mapped[str] = mapped_column(String(12))
    addressee: Mapped[str] = mapped_column(String(12))
    mode: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10), index=True)
    doubt: Mapped[str] = mapped_column(String(16), default="")
    missing: Mapped[list[str]] = mapped_column(JSON, default=list)
    offered_on: Mapped[date] = mapped_column(Date)
    offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    entry_id: Mapped[str] = mapped_column(String(36), default="")
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    open_data: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    package: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)


class CaseReimportedRow(Base):
    """An own entry that came back after a loss (`reimport`); `applied_at` None while it waits for another's event."""

    __tablename__ = "case_reimported"

    position: Mapped[int] = mapped_column(WideKey, primary_key=True)
    entry_id: Mapped[str] = mapped_column(String(36), unique=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    offer: Mapped[str] = mapped_column(String(36), index=True)
    type: Mapped[str] = mapped_column(String(40))
    destination: Mapped[str] = mapped_column(String(12))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CaseHoldRow(Base):
    """Why a case may not go on: placed by one capability, lifted by it through the case service."""

    __tablename__ = "case_hold"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reference: Mapped[str] = mapped_column(String(64), default="")
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CasePaperRow(Base):
    """A paper made for a case: its content is hashed into the ledger; the text itself is encrypted."""

    __tablename__ = "case_paper"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    number: Mapped[str] = mapped_column(String(40))
    made_on: Mapped[date] = mapped_column(Date)
    node: Mapped[str] = mapped_column(String(12), default="")
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)

    __table_args__ = (UniqueConstraint("number", name="uq_case_paper_number"),)
