"""What did not arrive as it should, in sentences for the page of a matter: late, undeliverable, refused."""

from __future__ import annotations

from sqlalchemy.orm import Session

from node.cases.context import CaseContext
from node.cases.tables import CaseRow
from node.exchange.awaited import Trouble
from node.kernel.clock import local_time

Words = tuple[str, str]


def troubles_in_words(context: CaseContext, session: Session, case: CaseRow) -> list[tuple[Trouble, Words]]:
    """Each trouble of a case with its sentence, oldest first."""
    return [
        (one, _words(one, context.name_of(session, one.destination), context.name_of(session, one.by)))
        for one in context.troubles(session, case.id)
    ]


def _words(one: Trouble, there: str, by: str) -> Words:
    since = local_time(one.since)
    at = f"{since:%m-%d %H:%M}"
    if one.kind == "late":
        return (
            f"{at} 发往{there}的内容还没有得到对方确认,已超过时限。请联系{there};网络管理员已收到告警。",
            f"What was sent to {there} on {at} has not been acknowledged in time. Call that office; "
            "the operator has been alerted.",
        )
    if one.kind == "undeliverable":
        return (
            f"{at} 发往{there}的内容送不到:{by}没有通往那里的路。请联系网络管理员,此件没有移动。",
            f"What was sent to {there} cannot be delivered ({at}): {by} knows no way. Call your operator; "
            "the matter has not moved.",
        )
    return (
        f"{at} {by}没有接受发往{there}的内容({one.reason})。请联系网络管理员。",
        f"{by} did not accept what was sent to {there} ({at}, {one.reason}). Call your operator.",
    )
