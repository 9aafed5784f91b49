"""What is asked of a case event before it is believed: its sender's part in the matter, and that it fits what is known.

The inbox has proven who wrote it; whether that node may say so depends on the case (federation.md §8, "who may send it").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from federation.received import EntryRefused
from node.cases.change import find_case
from node.cases.numbers import NumberError, parse_case_number
from node.cases.states import BEFORE_DECISION, Status
from node.cases.tables import CaseOfferRow, CaseRow
from node.kernel.clock import parse_utc
from node.kernel.database import lock_row
from node.kernel.problems import Problem


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """An event of another node, its sender proven.

    Attributes:
        sender: code of the node whose log it began in.
        data: the open data.
        sealed: what was sealed, opened; None when there was nothing or it has not come yet.
        stored_at: when this node stored it.
    """

    type: str
    sender: str
    subject: str
    data: Mapping[str, Any]
    sealed: Mapping[str, Any] | None
    stored_at: datetime


def check_offer(session: Session, event: CaseEvent) -> None:
    """What the sender table asks of an offer, as far as this node can know it.

    Raises:
        EntryRefused: it contradicts itself or what is known, or is not its sender's to make.
    """
    data = event.data
    number, home = str(data["number"]), str(data["home"])
    try:
        parse_case_number(number)
    except NumberError as error:
        raise EntryRefused("schema", str(error)) from error
    if number[:12] != home:
        raise EntryRefused("schema", "a case number begins with the code of its home")
    if status_of(data.get("status", Status.RECEIVED)) not in BEFORE_DECISION:
        raise EntryRefused("schema", "only an open case is offered")
    if int(data["custody"]) == 1 and home != event.sender:
        raise EntryRefused("sender", "the first offer of a case is its home's")
    known = session.get(CaseRow, event.subject)
    if known is None:
        try:
            find_case(session, number)
        except Problem:
            return
        raise EntryRefused("schema", "another case bears that number")
    if known.custodian != event.sender or known.number != number or known.home != home:
        raise EntryRefused("sender", "only the custodian offers a case")


def known_case(session: Session, event: CaseEvent) -> CaseRow:
    """The case the event is about, held against other writers.

    Raises:
        EntryRefused: this node does not know it.
    """
    case = lock_row(session, CaseRow, event.subject)
    if case is None:
        raise EntryRefused("sender", "this node does not know the case")
    return case


def offer_to(session: Session, event: CaseEvent) -> CaseOfferRow:
    """The offer an answer is about.

    Raises:
        EntryRefused: it was not made to the sender.
    """
    row = session.get(CaseOfferRow, str(event.data["offer"]))
    if row is None or row.addressee != event.sender or row.case_id != event.subject:
        raise EntryRefused("sender", "the case was not offered to this node")
    return row


def offered_at_of(data: Mapping[str, Any]) -> datetime | None:
    """When an offer was made, where its event says so."""
    return parse_utc(str(data["offered_at"])) if data.get("offered_at") else None


def status_of(value: object) -> Status:
    """The status a value names.

    Raises:
        EntryRefused: there is none of that name.
    """
    try:
        return Status(str(value))
    except ValueError as error:
        raise EntryRefused("schema", f"{value} is no status") from error
