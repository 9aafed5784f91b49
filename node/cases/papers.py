"""The papers of a case: numbered, kept encrypted, their hash in the ledger.

A paper number names the issuing node, the kind, the year and a running number without gaps. What a paper says is plain
data that a page prints. Source: requirements.md D2, D6, §2.2 (art. 32, 38, 44), C5.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from federation import canonical
from node.cases.context import CaseContext
from node.cases.tables import CasePaperRow, CaseRow

Words = tuple[str, str]
PAPER_WORDS: Mapping[str, Words] = {
    "slip": ("收件凭证", "Slip"),
    "one_time_notice": ("一次性告知书", "One-time notice"),
    "lapse": ("逾期未补正告知书", "Notice of lapse"),
    "acceptance": ("受理通知书", "Notice of acceptance"),
    "conditional_acceptance": ("容缺受理通知书", "Notice of conditional acceptance"),
    "deemed_acceptance": ("视为受理通知书", "Notice of deemed acceptance"),
    "non_acceptance": ("不予受理决定书", "Decision of non-acceptance"),
    "return_slip": ("退件告知书", "Return notice"),
    "special_procedure": ("特别程序告知书", "Notice of special procedure"),
    "extension": ("延长期限告知书", "Notice of extension"),
    "decision": ("决定书", "Decision"),
    "refusal": ("不予许可决定书", "Decision of refusal"),
    "result": ("办理结果", "Result"),
    "delivery": ("送达回证", "Proof of delivery"),
    "withdrawal": ("撤回申请确认书", "Confirmation of withdrawal"),
    "termination": ("终止办理决定书", "Decision of termination"),
    "revocation": ("撤销决定书", "Decision of revocation"),
    "cancellation": ("注销决定书", "Decision of cancellation"),
}
_MARKS: Mapping[str, str] = {
    "one_time_notice": "补告",
    "lapse": "逾告",
    "acceptance": "受理",
    "conditional_acceptance": "容受",
    "deemed_acceptance": "视受",
    "non_acceptance": "不受",
    "return_slip": "退告",
    "special_procedure": "特告",
    "extension": "延告",
    "decision": "决",
    "refusal": "不许",
    "result": "结",
    "delivery": "送",
    "withdrawal": "撤",
    "termination": "终",
    "revocation": "撤销",
    "cancellation": "注销",
}
REMEDIES: Words = (
    "如不服本决定,可以自收到之日起六十日内申请行政复议,或者六个月内向人民法院提起行政诉讼。",
    "You may ask for administrative reconsideration within 60 days of receipt, or sue within six months.",
)
"""行政许可法 38, 行政复议法 20, 行政诉讼法 46."""


def make_paper(
    context: CaseContext, session: Session, case: CaseRow, kind: str, content: Mapping[str, Any]
) -> CasePaperRow:
    """Numbers and keeps a paper; the hash of what it says goes into the fact of the act."""
    today = context.today()
    running = context.next_number(session, f"paper:{kind}:{today.year}")
    number = f"{context.code}{_MARKS[kind]}〔{today.year}〕{running}号"
    full = {"kind": kind, "number": number, "case": case.number, "item": case.item_code, **content}
    row = CasePaperRow(
        id=str(uuid.uuid4()),
        case_id=case.id,
        kind=kind,
        number=number,
        made_on=today,
        node=context.code,
        sha256=hashlib.sha256(canonical.dump(full)).hexdigest(),
        content=full,
    )
    session.add(row)
    return row
