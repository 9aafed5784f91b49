"""A matter as one line of a work list, and a node's status tag: what lists and pages of staff share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.masking import mask_applicant
from node.cases.problems import STATUS_WORDS
from node.cases.states import Status
from node.cases.tables import CaseRow
from node.cases.view import plain_line
from node.ui.templating import say, t

_S = Status
STATUS_SHAPES: Mapping[Status, str] = {
    _S.CORRECTION: "wait",
    _S.SUSPENDED: "wait",
    _S.NEG_PENDING: "soon",
    _S.GRANTED: "done",
    _S.ISSUED: "done",
    _S.DELIVERED: "done",
    _S.CLOSED: "done",
    _S.ARCHIVED: "done",
    _S.REFUSED: "bad",
    _S.NOT_ACCEPTED: "bad",
    _S.REVOKED: "bad",
    _S.LAPSED: "off",
    _S.RETURNED: "off",
    _S.WITHDRAWN: "off",
    _S.TERMINATED: "off",
    _S.CANCELLED: "off",
}
"""The shape beside a status word; `open` where none is named."""


def status_tag(status: str) -> tuple[str, str]:
    """(shape, word) of a status."""
    text = say(STATUS_WORDS[status])
    return STATUS_SHAPES.get(Status(status), "open"), text[:1].upper() + text[1:]


def days_left(context: CaseContext, case: CaseRow) -> int | None:
    """Working days until the matter is due next, negative when overdue; None where no clock runs."""
    if case.due_on is None:
        return None
    today = context.today()
    if case.due_on >= today:
        return context.calendar.between(today, case.due_on)
    return -context.calendar.between(case.due_on, today)


def work_line(context: CaseContext, session: Session, case: CaseRow, *, who: bool = False) -> dict[str, Any]:
    """A matter for `c.work_list`.

    Args:
        who: adds the applicant, masked; for search results, where people are told apart.
    """
    line = plain_line(context, session, case)
    meta = []
    if who:
        meta.append(str(mask_applicant((case.personal or {}).get("applicant", {})).get("name", "")))
    if case.custody_state == Custody.OFFERED:
        meta.append(t("已送出,等接办", "Sent off, waiting to be taken"))
    elif case.custodian != context.code:
        meta.append(t(f"在{line['custodian_name']}", f"With {line['custodian_name']}"))
    elif case.home != context.code:
        meta.append(t(f"来自{line['home_name']}", f"From {line['home_name']}"))
    if line["truth"] not in {"", "local", "decided"}:
        meta.append(say(line["truth_words"]))
    left = days_left(context, case) if line["due_on"] is not None else None
    return {
        "href": url_for("cases.matter", number=case.number),
        "title": say(line["item_name"]),
        "number": case.number,
        "tag": status_tag(case.status),
        "clock": (left, case.due_on) if left is not None else None,
        "paused": "",
        "meta": [text for text in meta if text],
    }
