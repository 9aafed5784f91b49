"""Rows of people: organs, institutions, halls, places, posts, persons, postings, authorizations, sessions.

Organ (whose decision it is, A9), institution (who runs the hall, A2) and hall (where it is, A6) are kept apart. Days
are local dates, both ends inclusive; instants are UTC. A person's phone and mail stand only in `PersonRow.personal`
(encrypted); what citizens are shown is the place's phone. Secrets are stored as hashes.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.kernel.database import Base, EncryptedJSON, UtcDateTime


class RegionRow(Base):
    """One unit of the division, by its 12-digit statistical code; names repeat, codes do not."""

    __tablename__ = "region"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    level: Mapped[str] = mapped_column(String(8), index=True)
    parent: Mapped[str | None] = mapped_column(String(12), index=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(24))
    virtual: Mapped[bool] = mapped_column(default=False)


class OrganRow(Base):
    """实施主体: the body in whose name decisions are made; its USCC is an attribute."""

    __tablename__ = "organ"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    uscc: Mapped[str | None] = mapped_column(String(18), unique=True)
    level: Mapped[str] = mapped_column(String(8))
    region: Mapped[str] = mapped_column(String(12))


class InstitutionRow(Base):
    """政务服务中心、便民服务中心、便民服务室: who runs the service; its display name is free (A2)."""

    __tablename__ = "institution"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organ_id: Mapped[str] = mapped_column(ForeignKey("organ.id"))
    kind: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(120))
    region: Mapped[str] = mapped_column(String(12))
    founded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HallRow(Base):
    """A hall or room with an address, opening hours and a public phone."""

    __tablename__ = "hall"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(200), default="")
    hours: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")


class InstitutionHallRow(Base):
    """合址办公: several institutions may share a hall, one may have several (A6)."""

    __tablename__ = "institution_hall"

    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), primary_key=True)
    hall_id: Mapped[str] = mapped_column(ForeignKey("hall.id"), primary_key=True)


class DepartmentRow(Base):
    """A department at this node's level; `code` is its id in the catalogue."""

    __tablename__ = "department"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organ_id: Mapped[str] = mapped_column(ForeignKey("organ.id"))
    code: Mapped[str] = mapped_column(String(8), unique=True)
    name: Mapped[str] = mapped_column(String(120))


class PlaceRow(Base):
    """A window or desk; its phone is the one shown to citizens."""

    __tablename__ = "place"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    hall_id: Mapped[str] = mapped_column(ForeignKey("hall.id"))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16))
    phone: Mapped[str] = mapped_column(String(40), default="")
    closed_on: Mapped[date | None] = mapped_column(Date)


class PostRow(Base):
    """岗位: what work goes to, whoever holds it today (architecture decision 8)."""

    __tablename__ = "post"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"))
    place_id: Mapped[str] = mapped_column(ForeignKey("place.id"))
    department_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    role: Mapped[str] = mapped_column(String(16), index=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    closed_on: Mapped[date | None] = mapped_column(Date)


class PersonRow(Base):
    """A member of staff. `id` is the pseudonym that stands in facts and outlives the account (D9)."""

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    personal: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(2), default="zh")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    password_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_person_name", "name", "id"),)


class PostingRow(Base):
    """Who holds a post from when to when; `backup`: B of the A/B pair (B6)."""

    __tablename__ = "posting"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    post_id: Mapped[str] = mapped_column(ForeignKey("post.id"), index=True)
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)
    backup: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (UniqueConstraint("person_id", "post_id", "from_on", name="uq_posting_start"),)


class AuthorizationRow(Base):
    """授权文书: an organ grants powers over items to a post or a person, from a day to a day (B4).

    `items` is a list of item codes, or `["*"]`: all items of the organ.
    """

    __tablename__ = "authorization"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    organ_id: Mapped[str] = mapped_column(ForeignKey("organ.id"))
    post_id: Mapped[str | None] = mapped_column(ForeignKey("post.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    items: Mapped[list[str]] = mapped_column(JSON)
    powers: Mapped[list[str]] = mapped_column(JSON)
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffSessionRow(Base):
    """One signed-in browser; the row's id is the SHA-256 of the cookie's secret, so a stolen database opens nothing."""

    __tablename__ = "staff_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInAttemptRow(Base):
    """One try to sign in, successful or not: what the lockout counts and an administrator reads."""

    __tablename__ = "sign_in_attempt"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    login: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    succeeded: Mapped[bool]
    address: Mapped[str] = mapped_column(String(64), default="")

    __table_args__ = (Index("ix_sign_in_attempt_login", "login", "at"),)


class ApiTokenRow(Base):
    """A bearer token of the API, kept as the SHA-256 of its secret; it acts as its person, no more."""

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
