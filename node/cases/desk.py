"""Work lists, the inbox of offers, counts: what a desk reads in the morning. Reading only.

Lists go by cursor: the key of the last line shown, so that a list that moves shows nothing twice and skips nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.problems import bad_cursor
from node.cases.states import TERMINAL, Status
from node.cases.tables import CaseOfferRow, CaseRow

ENDED = frozenset({*(status.value for status in TERMINAL), Status.CLOSED.value})
OPEN = tuple(status.value for status in Status if status.value not in ENDED)
"""Named one by one, so that the index by custodian and status finds them among many that ended."""
NEVER = date(9999, 12, 31)
"""Stands for "no due day" in the order: such matters come last."""


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of matters; `next_cursor` None at the end."""

    rows: tuple[CaseRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class OfferPage:
    """A page of offers, the longest stored first; `next_cursor` None at the end."""

    rows: tuple[CaseOfferRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands at a node, in numbers; no personal data, fit for a board."""

    registered: int
    held: int
    away: int
    closed: int
    stayed: int
    travelled: int
    offers_waiting: int
    overdue: int
    by_status: Mapping[str, int]


def _here(code: str) -> ColumnElement[bool]:
    return and_(CaseRow.custodian == code, CaseRow.custody_state == Custody.HERE.value)


def _elsewhere(code: str) -> ColumnElement[bool]:
    return or_(CaseRow.custodian < code, CaseRow.custodian > code)  # two ranges of the index, unlike `!=`


def _open() -> ColumnElement[bool]:
    return CaseRow.status.in_(OPEN)


WORKING = tuple(
    status.value
    for status in (
        Status.ACCEPTED,
        Status.IN_REVIEW,
        Status.SUSPENDED,
        Status.NEG_PENDING,
        Status.GRANTED,
        Status.DELIVERED,
    )
)
"""Under way at the custodian, between the beginning and the result."""
LISTS: Mapping[str, Callable[[str], ColumnElement[bool]]] = {
    "due": lambda code: and_(_here(code), _open()),
    "intake": lambda code: and_(
        _here(code), CaseRow.status == Status.RECEIVED.value, CaseRow.via_proxy.is_(False)
    ),
    "working": lambda code: and_(_here(code), CaseRow.status.in_(WORKING)),
    "tell": lambda code: and_(
        CaseRow.home == code,
        CaseRow.id.in_(select(CaseRow.id).where(CaseRow.status == Status.CORRECTION.value)),
    ),
    "waiting": lambda code: and_(
        _here(code), CaseRow.via_proxy, CaseRow.status == Status.RECEIVED.value, CaseRow.home == code
    ),
    "notice": lambda code: and_(_here(code), CaseRow.status == Status.CORRECTION.value),
    "return": lambda code: and_(
        _here(code),
        CaseRow.home != code,
        CaseRow.status.in_([Status.ISSUED.value, Status.REFUSED.value]),
    ),
    "handover": lambda code: and_(
        _here(code),
        CaseRow.home == code,
        CaseRow.status.in_([Status.ISSUED.value, Status.REFUSED.value]),
    ),
    "decide": lambda code: and_(
        _here(code), CaseRow.status.in_([Status.IN_REVIEW.value, Status.NEG_PENDING.value])
    ),
    "away": lambda code: and_(
        or_(
            _elsewhere(code),
            and_(CaseRow.custodian == code, CaseRow.custody_state == Custody.OFFERED.value),
        ),
        _open(),
    ),
    "mirrors": _elsewhere,
    "closed": lambda code: CaseRow.status.in_(ENDED),
    "all": lambda code: CaseRow.id != "",
}
"""Name of a list → which matters are on it."""
NEWEST_FIRST = frozenset({"closed"})
"""Lists of what has ended go by the day of registration, the latest first; the others by what is due first."""


def list_cases(
    context: CaseContext,
    session: Session,
    name: str = "due",
    *,
    status: str | None = None,
    item: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> CasePage:
    """A list of matters, what is due first; `NEWEST_FIRST` lists by day of registration.

    Args:
        name: one of `LISTS`.

    Raises:
        Problem: `cursor-invalid`, also for an unknown list.
    """
    if name not in LISTS:
        raise bad_cursor()
    due = func.coalesce(CaseRow.due_on, NEVER)
    query: Select[CaseRow] = select(CaseRow).where(LISTS[name](context.code))
    if status:
        query = query.where(CaseRow.status == status)
    if item:
        query = query.where(CaseRow.item_code == item)
    if name in NEWEST_FIRST:
        return _newest_first(session, query, cursor, limit)
    if cursor:
        last_due, last_id = _read_cursor(cursor)
        query = query.where(or_(due > last_due, and_(due == last_due, CaseRow.id > last_id)))
    rows = session.scalars(query.order_by(due, CaseRow.id).limit(limit + 1)).all()
    shown = rows[:limit]
    more = len(rows) > limit
    next_cursor = _write_cursor((shown[-1].due_on or NEVER).isoformat(), shown[-1].id) if more else None
    return CasePage(tuple(shown), next_cursor)


def _newest_first(session: Session, query: Select[CaseRow], cursor: str | None, limit: int) -> CasePage:
    on = CaseRow.received_on
    if cursor:
        last_on, last_id = _read_cursor(cursor)
        query = query.where(or_(on < last_on, and_(on == last_on, CaseRow.id < last_id)))
    rows = session.scalars(query.order_by(on.desc(), CaseRow.id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    more = len(rows) > limit
    next_cursor = _write_cursor(shown[-1].received_on.isoformat(), shown[-1].id) if more else None
    return CasePage(tuple(shown), next_cursor)


def count_list(context: CaseContext, session: Session, name: str, most: int = 1000) -> int:
    """How many matters are on a list, counted no further than `most`."""
    found = select(CaseRow.id).where(LISTS[name](context.code)).limit(most).subquery()
    return int(session.scalar(select(func.count()).select_from(found)) or 0)


def count_offers(session: Session, most: int = 1000) -> int:
    """How many offers wait for a person here, counted no further than `most`."""
    waiting = select(CaseOfferRow.id).where(CaseOfferRow.direction == "in", CaseOfferRow.state == "WAITING")
    found = waiting.limit(most).subquery()
    return int(session.scalar(select(func.count()).select_from(found)) or 0)


def find_by_number(session: Session, number: str) -> CaseRow | None:
    """The matter of a case number; None when this node knows none."""
    return session.scalars(select(CaseRow).where(CaseRow.number == number)).one_or_none()


def list_offers(session: Session, *, cursor: str | None = None, limit: int = 50) -> OfferPage:
    """The offers made to this node that wait for a person.

    Raises:
        Problem: `cursor-invalid`.
    """
    query = select(CaseOfferRow).where(CaseOfferRow.direction == "in", CaseOfferRow.state == "WAITING")
    if cursor:
        last_day, last_id = _read_cursor(cursor)
        query = query.where(
            or_(
                CaseOfferRow.offered_on > last_day,
                and_(CaseOfferRow.offered_on == last_day, CaseOfferRow.id > last_id),
            )
        )
    rows = session.scalars(query.order_by(CaseOfferRow.offered_on, CaseOfferRow.id).limit(limit + 1)).all()
    shown = rows[:limit]
    more = len(rows) > limit
    next_cursor = _write_cursor(shown[-1].offered_on.isoformat(), shown[-1].id) if more else None
    return OfferPage(tuple(shown), next_cursor)


def find_by_person(
    context: CaseContext, session: Session, kind: str, value: str, limit: int = 50
) -> list[CaseRow]:
    """Matters of a person by exact identity number or USCC (`id`), `phone` or `name`; newest first."""
    columns = {"id": CaseRow.id_index, "phone": CaseRow.phone_index, "name": CaseRow.name_index}
    wanted = context.blind(kind, value)
    query = select(CaseRow).where(columns[kind] == wanted).order_by(CaseRow.registered_at.desc(), CaseRow.id)
    return list(session.scalars(query.limit(limit)))


def count_cases(context: CaseContext, session: Session) -> Counts:
    """What stands at this node now."""
    code, today = context.code, context.today()

    def count(*conditions: ColumnElement[bool]) -> int:
        return int(session.scalar(select(func.count()).select_from(CaseRow).where(*conditions)) or 0)

    by_status = session.execute(
        select(CaseRow.status, func.count()).group_by(CaseRow.status).order_by(CaseRow.status)
    )
    travelled = select(CaseOfferRow.case_id).where(CaseOfferRow.direction == "out").distinct().subquery()
    gone = int(
        session.scalar(
            select(func.count())
            .select_from(CaseRow)
            .where(CaseRow.home == code, CaseRow.id.in_(select(travelled.c.case_id)))
        )
        or 0
    )
    registered = count(CaseRow.home == code)
    waiting = select(func.count()).select_from(CaseOfferRow)
    waiting = waiting.where(CaseOfferRow.direction == "in", CaseOfferRow.state == "WAITING")
    return Counts(
        registered=registered,
        held=count(_here(code), _open()),
        away=count(LISTS["away"](code)),
        closed=count(CaseRow.status.in_(ENDED)),
        stayed=registered - gone,
        travelled=gone,
        offers_waiting=int(session.scalar(waiting) or 0),
        overdue=count(_here(code), _open(), CaseRow.due_on < today),
        by_status={str(row[0]): int(row[1]) for row in by_status},
    )


def _write_cursor(*values: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[date, str]:
    try:
        padded = text + "=" * (-len(text) % 4)
        first, second = json.loads(base64.urlsafe_b64decode(padded))
        return date.fromisoformat(first), str(second)
    except (ValueError, TypeError) as error:
        raise bad_cursor() from error
