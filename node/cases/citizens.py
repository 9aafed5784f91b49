"""What a citizen can do alone: hand in online, look with number and query code, withdraw, fetch the proof.

Whoever knows the number and the twelve random digits is the applicant as far as reading and withdrawing go; a wrong
pair tells nothing about either. Source: requirements.md §2.1, E10; federation.md §6.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.context import CaseContext
from node.cases.intake import take_in
from node.cases.numbers import NumberError, parse_case_number, parse_query_code
from node.cases.problems import wrong_query_code
from node.cases.register import Registered
from node.cases.supplements import withdraw
from node.cases.tables import CaseRow
from node.cases.workers import APPLICANT


def apply_online(context: CaseContext, session: Session, filled: Mapping[str, Any]) -> Registered:
    """A matter handed in online; the papers named as handed in come as attachments or are shown later.

    Raises:
        Problem: as `take_in`.
    """
    return take_in(context, session, filled, "online", APPLICANT)


def find_by_query_code(
    context: CaseContext, session: Session, number: str, query_code: str, *, lock: bool = False
) -> CaseRow:
    """The matter that number and query code name together.

    Raises:
        Problem: `query-code-wrong`.
    """
    try:
        wanted, code = parse_case_number(number), parse_query_code(query_code)
    except NumberError as error:
        raise wrong_query_code() from error
    query = select(CaseRow).where(CaseRow.number == wanted)
    case = session.scalars(query.with_for_update() if lock else query).one_or_none()
    index = context.blind("query", code)
    if case is None or not hmac.compare_digest(case.query_index or "", index):
        raise wrong_query_code()
    return case


def find_by_code_alone(context: CaseContext, session: Session, query_code: str) -> CaseRow:
    """The matter of a query code: twelve random digits name one matter of this node.

    Raises:
        Problem: `query-code-wrong`.
    """
    try:
        code = parse_query_code(query_code)
    except NumberError as error:
        raise wrong_query_code() from error
    rows = session.scalars(
        select(CaseRow).where(CaseRow.query_index == context.blind("query", code)).limit(2)
    ).all()
    if len(rows) != 1:
        raise wrong_query_code()
    return rows[0]


def withdraw_online(context: CaseContext, session: Session, number: str, query_code: str) -> bool:
    """The applicant stops the matter; False when it was asked for at the custodian.

    Raises:
        Problem: `query-code-wrong`, `decided-already`.
    """
    case = find_by_query_code(context, session, number, query_code, lock=True)
    return withdraw(context, session, case, APPLICANT)
