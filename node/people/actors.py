"""From a person to an actor: the postings and authorizations of the day, read once per request.

The institution's public face is read here too: who serves today, where, with the place's phone and never a person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.kernel.clock import local_date
from node.people.authority import role_book
from node.people.problems import not_founded
from node.people.rules import Actor, Grant, Holding, Power, RoleBook
from node.people.tables import (
    AuthorizationRow,
    DepartmentRow,
    HallRow,
    InstitutionRow,
    OrganRow,
    PersonRow,
    PlaceRow,
    PostingRow,
    PostRow,
)


@dataclass(frozen=True, slots=True)
class Institution:
    """The node's institution as pages show it."""

    id: str
    name: str
    kind: str
    level: str
    region: str
    organ_id: str
    organ_name: str
    hall_name: str
    address: str
    hours: str
    phone: str


@dataclass(frozen=True, slots=True)
class Serving:
    """A post citizens may turn to, and who holds it today ("" when vacant)."""

    post_zh: str
    post_en: str
    post_name: str
    holder: str
    place: str
    phone: str


def the_institution(session: Session) -> Institution:
    """The node's own institution.

    Raises:
        Problem: `not-founded`.
    """
    row = session.execute(
        select(InstitutionRow, OrganRow, HallRow, PlaceRow)
        .join(OrganRow, OrganRow.id == InstitutionRow.organ_id)
        .join(PostRow, PostRow.institution_id == InstitutionRow.id)
        .join(PlaceRow, PlaceRow.id == PostRow.place_id)
        .join(HallRow, HallRow.id == PlaceRow.hall_id)
        .order_by(PostRow.position)
        .limit(1)
    ).first()
    if row is None:
        raise not_founded()
    institution, organ, hall, place = row
    return Institution(
        institution.id,
        institution.name,
        institution.kind,
        organ.level,
        institution.region,
        organ.id,
        organ.name,
        hall.name,
        hall.address,
        hall.hours,
        hall.phone or place.phone,
    )


def actor_of(session: Session, person_id: str, at: datetime, book: RoleBook | None = None) -> Actor | None:
    """The actor a person is at an instant; None when the account is closed or unknown."""
    person = session.get(PersonRow, person_id)
    if person is None or (person.disabled_at is not None and person.disabled_at <= at):
        return None
    institution = the_institution(session)
    holdings = _holdings(session, person_id, institution.level, local_date(at), book or role_book())
    return Actor(
        person.id,
        person.name,
        person.login,
        institution.level,
        institution.region,
        holdings,
        _grants(session, person_id, [holding.post_id for holding in holdings]),
        institution.name,
        person.language,
        person.must_change_password,
    )


def serving_today(session: Session, on: date, book: RoleBook | None = None) -> list[Serving]:
    """The public posts in their order, each with its A holder of the day, else its B."""
    rules = book or role_book()
    level = the_institution(session).level
    public = {role.id: role for role in rules.roles[level].values() if role.public}
    posts = session.execute(
        select(PostRow, PlaceRow, HallRow)
        .join(PlaceRow, PlaceRow.id == PostRow.place_id)
        .join(HallRow, HallRow.id == PlaceRow.hall_id)
        .where(PostRow.closed_on.is_(None), PostRow.role.in_(public))
        .order_by(PostRow.position)
    )
    found = []
    for post, place, hall in posts:
        role = public[post.role]
        holder = _holder_name(session, post.id, on)
        found.append(Serving(role.zh, role.en, post.name, holder, place.name, place.phone or hall.phone))
    return found


def holders_of(session: Session, post_id: str, on: date) -> list[str]:
    """Person ids that hold a post on a day, A before B."""
    return list(
        session.scalars(
            select(PostingRow.person_id)
            .where(
                PostingRow.post_id == post_id,
                PostingRow.from_on <= on,
                PostingRow.to_on.is_(None) | (PostingRow.to_on >= on),
            )
            .order_by(PostingRow.backup, PostingRow.from_on)
        )
    )


def _holdings(session: Session, person_id: str, level: str, on: date, book: RoleBook) -> tuple[Holding, ...]:
    rows = session.execute(
        select(PostingRow, PostRow, PlaceRow, DepartmentRow)
        .join(PostRow, PostRow.id == PostingRow.post_id)
        .join(PlaceRow, PlaceRow.id == PostRow.place_id)
        .outerjoin(DepartmentRow, DepartmentRow.id == PostRow.department_id)
        .where(
            PostingRow.person_id == person_id,
            PostingRow.from_on <= on,
            PostingRow.to_on.is_(None) | (PostingRow.to_on >= on),
            PostRow.closed_on.is_(None) | (PostRow.closed_on > on),
        )
        .order_by(PostingRow.backup, PostRow.position)
    )
    found = []
    for posting, post, place, department in rows:
        role = book.role(level, post.role)
        if role is None:
            continue
        found.append(
            Holding(
                post.id,
                post.name,
                post.role,
                role.letters,
                role.acts,
                posting.from_on,
                posting.to_on,
                posting.backup,
                place.id,
                place.name,
                department.name if department is not None else "",
            )
        )
    return tuple(found)


def _grants(session: Session, person_id: str, post_ids: list[str]) -> tuple[Grant, ...]:
    rows = session.scalars(
        select(AuthorizationRow)
        .where(AuthorizationRow.post_id.in_(post_ids) | (AuthorizationRow.person_id == person_id))
        .order_by(AuthorizationRow.to_on.desc(), AuthorizationRow.id)
    )
    return tuple(
        Grant(
            row.id,
            row.organ_id,
            row.post_id,
            row.person_id,
            frozenset(row.items),
            frozenset(Power(power) for power in row.powers),
            row.from_on,
            row.to_on,
            row.revoked_at,
        )
        for row in rows
    )


def _holder_name(session: Session, post_id: str, on: date) -> str:
    name = session.scalars(
        select(PersonRow.name)
        .join(PostingRow, PostingRow.person_id == PersonRow.id)
        .where(
            PostingRow.post_id == post_id,
            PostingRow.from_on <= on,
            PostingRow.to_on.is_(None) | (PostingRow.to_on >= on),
            PersonRow.disabled_at.is_(None),
        )
        .order_by(PostingRow.backup, PostingRow.from_on.desc())
        .limit(1)
    ).first()
    return name or ""
