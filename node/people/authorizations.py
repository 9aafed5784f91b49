"""Authorizations: what an organ lets a post do, from a day to a day (requirements.md B3, B4)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from node.kernel.clock import Clock, local_date
from node.people.facts import COMMAND_LINE, Acting, record_staff
from node.people.founding import format_number
from node.people.problems import authorization_span, unknown_authorization, unknown_post
from node.people.rules import ALL_ITEMS, Power
from node.people.service import posts_by_name
from node.people.tables import AuthorizationRow, InstitutionRow


@dataclass(frozen=True, slots=True)
class NewAuthorization:
    """An authorization an organ grants to a post; days inclusive."""

    post: str
    powers: frozenset[Power]
    from_on: date
    to_on: date
    items: tuple[str, ...] = (ALL_ITEMS,)


def grant_authorization(
    session: Session, new: NewAuthorization, clock: Clock, by: Acting = COMMAND_LINE
) -> str:
    """Grants it and returns its number; a fact.

    Raises:
        Problem: `authorization-span`, `not-founded`, `post-unknown`.
    """
    if new.from_on > new.to_on or not new.items or not new.powers:
        raise authorization_span(new.from_on, new.to_on)
    posts = posts_by_name(session)
    if new.post not in posts:
        raise unknown_post(new.post, list(posts))
    institution = session.scalars(select(InstitutionRow)).one()
    year = local_date(clock.now()).year
    of_year = AuthorizationRow.number.startswith(format_number(year, 0).removesuffix("0号"))
    count = session.scalar(select(func.count()).select_from(AuthorizationRow).where(of_year)) or 0
    row = AuthorizationRow(
        id=str(uuid.uuid4()),
        number=format_number(year, count + 1),
        organ_id=institution.organ_id,
        post_id=posts[new.post],
        person_id=None,
        items=list(new.items),
        powers=sorted(new.powers),
        from_on=new.from_on,
        to_on=new.to_on,
        granted_at=clock.now(),
        revoked_at=None,
    )
    session.add(row)
    session.flush()
    told = {
        "post": new.post,
        "powers": list(row.powers),
        "items": list(new.items),
        "from": new.from_on.isoformat(),
        "to": new.to_on.isoformat(),
    }
    record_staff(session, "authority.granted", row.granted_at, by, authorization=row.number, data=told)
    return row.number


def revoke_authorization(session: Session, number: str, clock: Clock, by: Acting = COMMAND_LINE) -> None:
    """Ends an authorization at this instant, a fact; what was done under it stands.

    Raises:
        Problem: `authorization-unknown`.
    """
    row = session.scalars(select(AuthorizationRow).where(AuthorizationRow.number == number)).one_or_none()
    if row is None:
        raise unknown_authorization(number)
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        record_staff(session, "authority.revoked", row.revoked_at, by, authorization=number)
    session.flush()
