"""Setting up a node's first organ, institution, hall, place, departments and posts, by level.

The posts are those of `config/roles.toml`: as many of each role as it says, each with a founding authorization of the
organ for the powers of its role over all items, ending after the years it names (B4: never open-ended).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.kernel.clock import Clock, local_date
from node.people.authority import role_book
from node.people.facts import COMMAND_LINE, record_staff
from node.people.problems import already_founded
from node.people.rules import ALL_ITEMS, Role, RoleBook
from node.people.tables import (
    AuthorizationRow,
    DepartmentRow,
    HallRow,
    InstitutionHallRow,
    InstitutionRow,
    OrganRow,
    PlaceRow,
    PostRow,
)

INSTITUTION_KINDS: Mapping[str, tuple[str, str]] = {
    "village": ("village_room", "便民服务室"),
    "township": ("township_center", "便民服务中心"),
    "county": ("service_center", "政务服务中心"),
    "city": ("service_center", "政务服务中心"),
}
"""Level → (kind, what the default display name ends in); names differ from place to place (A2)."""
ORGAN_ENDINGS: Mapping[str, str] = {
    "village": "",
    "township": "人民政府",
    "county": "行政审批局",
    "city": "行政审批局",
}
DEFAULT_HOURS = "工作日 9:00–12:00,13:30–17:30"


@dataclass(frozen=True, slots=True)
class Founding:
    """What an operator says about the institution; empty values get the level's default.

    Attributes:
        region: 12-digit code of the node.
        region_name: as the division names it, e.g. 金沙街道.
        departments: catalogue id → name at this level.
    """

    level: str
    region: str
    region_name: str
    institution_name: str = ""
    organ_name: str = ""
    uscc: str | None = None
    address: str = ""
    hours: str = DEFAULT_HOURS
    phone: str = ""
    departments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Founded:
    """What was set up: ids, and the names of the posts in their order."""

    organ_id: str
    institution_id: str
    institution_name: str
    hall_id: str
    place_id: str
    posts: tuple[str, ...]


def found_institution(
    session: Session, founding: Founding, clock: Clock, book: RoleBook | None = None
) -> Founded:
    """Sets up the node's institution; a fact.

    Raises:
        Problem: `already-founded`.
    """
    existing = session.scalars(select(InstitutionRow)).first()
    if existing is not None:
        raise already_founded(existing.name)
    rules = book if book is not None else role_book()
    now = clock.now()
    kind, ending = INSTITUTION_KINDS[founding.level]
    name = founding.institution_name or f"{founding.region_name}{ending}"
    organ = OrganRow(
        id=_new_id(),
        name=founding.organ_name or _organ_name(founding),
        uscc=founding.uscc,
        level=founding.level,
        region=founding.region,
    )
    session.add(organ)
    session.flush()
    institution = InstitutionRow(
        id=_new_id(), organ_id=organ.id, kind=kind, name=name, region=founding.region, founded_at=now
    )
    hall = HallRow(
        id=_new_id(), name=name, address=founding.address, hours=founding.hours, phone=founding.phone
    )
    session.add_all([institution, hall])
    session.flush()
    session.add(InstitutionHallRow(institution_id=institution.id, hall_id=hall.id))
    place = PlaceRow(
        id=_new_id(),
        hall_id=hall.id,
        name=_place_name(founding.level),
        kind="permanent",
        phone=founding.phone,
    )
    session.add(place)
    for code, department in founding.departments.items():
        session.add(DepartmentRow(id=_new_id(), organ_id=organ.id, code=code, name=department))
    session.flush()
    posts = _found_posts(session, rules, founding.level, organ.id, institution.id, place.id, now)
    powers = {role.id: sorted(role.powers) for role in rules.roles[founding.level].values() if role.powers}
    told = {"posts": list(posts), "powers": powers, "years": rules.authorization_years}
    record_staff(session, "authority.founded", now, COMMAND_LINE, data=told)
    return Founded(organ.id, institution.id, name, hall.id, place.id, posts)


def _found_posts(
    session: Session,
    book: RoleBook,
    level: str,
    organ_id: str,
    institution_id: str,
    place_id: str,
    now: datetime,
) -> tuple[str, ...]:
    today = local_date(now)
    names: list[str] = []
    granted = 0
    for role in book.roles[level].values():
        for number in range(1, role.count + 1):
            name = role.zh if role.count == 1 else f"{role.zh}{number}号"
            post = PostRow(
                id=_new_id(),
                institution_id=institution_id,
                place_id=place_id,
                role=role.id,
                name=name,
                position=len(names),
            )
            session.add(post)
            session.flush()
            if role.powers:
                granted += 1
                session.add(_founding_authorization(role, post.id, organ_id, granted, today, now, book))
            names.append(name)
    session.flush()
    return tuple(names)


def _founding_authorization(
    role: Role, post_id: str, organ_id: str, number: int, today: date, now: datetime, book: RoleBook
) -> AuthorizationRow:
    return AuthorizationRow(
        id=_new_id(),
        number=format_number(today.year, number),
        organ_id=organ_id,
        post_id=post_id,
        person_id=None,
        items=[ALL_ITEMS],
        powers=sorted(role.powers),
        from_on=today,
        to_on=_years_later(today, book.authorization_years),
        granted_at=now,
        revoked_at=None,
    )


def format_number(year: int, serial: int) -> str:
    """The number of an authorization: serial numbers run from 1 within a year, without gaps."""
    return f"授权〔{year}〕{serial}号"


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _organ_name(founding: Founding) -> str:
    name = founding.region_name
    if founding.level == "township" and name.endswith("街道"):
        return f"{name}办事处"
    return f"{name}{ORGAN_ENDINGS[founding.level]}"


def _place_name(level: str) -> str:
    return "服务台" if level == "village" else "综合窗口"


def _new_id() -> str:
    return str(uuid.uuid4())
