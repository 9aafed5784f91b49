"""What leads to a decision beyond a single transition: settling on the spot, first reviews, outside decisions, negatives.

Source: requirements.md §4.1 (immediate kind), E1, E4, D6, §2.2 (art. 35, 38, 43); catalogue README (`province`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from node.cases.change import judge, perform, require_here, require_version
from node.cases.context import CaseContext
from node.cases.custody import missing_materials
from node.cases.facts import record_fact
from node.cases.handover import return_result
from node.cases.papers import REMEDIES
from node.cases.problems import text_missing
from node.cases.routes import OUTSIDE, desk_for
from node.cases.sending_problems import (
    materials_missing,
    not_for_review,
    not_immediate,
    not_outside,
    outside_first,
)
from node.cases.states import Act, Status
from node.cases.tables import CaseMaterialRow, CaseRow
from node.cases.taking import required_of
from node.cases.workers import Worker, authorize
from node.catalogue.rules import Handling, ItemVersion
from node.kernel.clock import format_utc

TEXT_MAX = 2000


@dataclass(frozen=True, slots=True)
class OutsideDecision:
    """A decision made outside the network, as its paper states it."""

    reference: str
    decided_on: date


def settle(context: CaseContext, session: Session, case: CaseRow, worker: Worker, text: str = "") -> None:
    """Accepts, decides and issues an immediate item in one transaction; at home it is handed out and closed too.

    Raises:
        Problem: `not-immediate`, `materials-missing`, or the refusal of one of the acts (then nothing happened).
    """
    version = require_version(context, session, case)
    if version.handling is not Handling.IMMEDIATE or not desk_for(version, context.level).decides:
        judge(session, context, case, Act.ACCEPT, worker, version)
        raise not_immediate(case)
    accept(context, session, case, worker)
    perform(context, session, case, Act.START_REVIEW, worker)
    grant(context, session, case, worker, text=text)
    perform(context, session, case, Act.ISSUE, worker)
    if case.home != context.code:
        return_result(context, session, case, worker)
        return
    perform(context, session, case, Act.DELIVER, worker, content={"by": "window"})
    perform(context, session, case, Act.CLOSE, worker)


def accept(context: CaseContext, session: Session, case: CaseRow, worker: Worker) -> None:
    """受理: the clocks of the decision start.

    Raises:
        Problem: `materials-missing` (give notice instead), `material-not-arrived`, or a refusal of the act.
    """
    version = require_version(context, session, case)
    judge(session, context, case, Act.ACCEPT, worker, version)
    missing = missing_here(session, case, version)
    if missing:
        raise materials_missing(case, [material_name(version, one) for one in missing], missing)
    perform(context, session, case, Act.ACCEPT, worker, content={"promised_days": version.promised_days})


def missing_here(session: Session, case: CaseRow, version: ItemVersion) -> list[str]:
    """Ids of required materials that were not handed in, in the list's order."""
    present = {
        material.id
        for material in version.materials
        if (row := session.get(CaseMaterialRow, (case.id, material.id))) is not None and row.present
    }
    return list(missing_materials(required_of(version), present))


def material_name(version: ItemVersion, material_id: str) -> str:
    """A material's name on the item's list; its id where the list has none."""
    found = version.material(material_id)
    return found.name if found is not None else material_id


def pre_review(context: CaseContext, session: Session, case: CaseRow, worker: Worker, opinion: str) -> None:
    """初审: writes the opinion that goes up with all materials (行政许可法 35, 43).

    Raises:
        Problem: `no-pre-review`, `text-missing`, not here, or no right.
    """
    version = require_version(context, session, case)
    require_here(context, session, case)
    if not desk_for(version, context.level).reviews or Status(case.status) is not Status.IN_REVIEW:
        raise not_for_review(case)
    acting = authorize(worker, "pre_review", case, version)
    words = _text("opinion", opinion, "初审意见", "the first-review opinion")
    case.pre_reviewed = True
    case.personal = {**(case.personal or {}), "opinion": words}
    record_fact(context, session, case, "case.pre_reviewed", acting, personal={"opinion": words})
    session.flush()


def forward_outside(
    context: CaseContext, session: Session, case: CaseRow, worker: Worker, organ: str, reference: str
) -> None:
    """转报省级机关: what was sent outside the network, by hand.

    Raises:
        Problem: `not-outside`, `text-missing`, not here, or no right.
    """
    require_here(context, session, case)
    version = require_version(context, session, case)
    if (
        version.deciding_level != OUTSIDE
        or not desk_for(version, context.level).decides
        or Status(case.status) is not Status.IN_REVIEW
    ):
        raise not_outside(case)
    acting = authorize(worker, "offer", case, version)
    sent = {
        "organ": _text("organ", organ, "省级机关名称", "the provincial organ"),
        "reference": _text("reference", reference, "转报文号", "the number of the letter"),
        "forwarded_at": format_utc(context.now()),
    }
    case.outside = sent
    record_fact(context, session, case, "case.forwarded_outside", acting, data=sent)
    session.flush()


def grant(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    worker: Worker,
    *,
    text: str = "",
    outside: OutsideDecision | None = None,
) -> None:
    """准予. What the province decides is recorded with its number and day.

    Raises:
        Problem: `outside-decision-missing`, or a refusal of the act.
    """
    version = require_version(context, session, case)
    judge(session, context, case, Act.GRANT, worker, version)
    data = _outside_data(case, version, outside)
    result = {"outcome": "granted", "text": text[:TEXT_MAX], **data}
    case.personal = {**(case.personal or {}), "result": result}
    content = {"result": version.result.name, "text": text[:TEXT_MAX], **data}
    perform(context, session, case, Act.GRANT, worker, content=content, data=data, sealed={"result": result})


def propose_negative(
    context: CaseContext, session: Session, case: CaseRow, act: Act, worker: Worker, grounds: str, basis: str
) -> None:
    """否定报备: facts and basis are filed before a negative takes effect (D6); a bureau leader confirms.

    Raises:
        Problem: `text-missing`, or a refusal of the act.
    """
    version = require_version(context, session, case)
    judge(session, context, case, act, worker, version)
    report = {
        "grounds": _text("grounds", grounds, "理由(事实)", "the grounds"),
        "basis": _text("basis", basis, "法律依据", "the legal basis"),
    }
    case.personal = {**(case.personal or {}), "negative": report}
    perform(context, session, case, act, worker, reason="negative", personal={"report": report})


def confirm_negative(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    act: Act,
    worker: Worker,
    outside: OutsideDecision | None = None,
) -> None:
    """The bureau leader signs: the paper states grounds, basis and remedies (行政许可法 38).

    Raises:
        Problem: `outside-decision-missing`, or a refusal of the act.
    """
    version = require_version(context, session, case)
    judge(session, context, case, act, worker, version)
    data = _outside_data(case, version, outside) if act is Act.CONFIRM_REFUSAL else {}
    report = dict((case.personal or {}).get("negative", {}))
    result = {"outcome": act.value, **report, "remedies": REMEDIES[0], **data}
    case.personal = {**(case.personal or {}), "result": result}
    perform(
        context,
        session,
        case,
        act,
        worker,
        content=result,
        reason="negative",
        data=data,
        sealed={"result": result},
    )


def send_back(context: CaseContext, session: Session, case: CaseRow, worker: Worker, competent: str) -> None:
    """退件: misdirected, or no permit is needed; says who is competent, at once (行政许可法 32).

    Raises:
        Problem: `text-missing`, or a refusal of the act.
    """
    words = _text(
        "competent",
        competent,
        "应由哪个单位办理(或无须许可)",
        "who is competent, or that no permit is needed",
    )
    result = {"outcome": "send_back", "competent": words}
    version = require_version(context, session, case)
    judge(session, context, case, Act.SEND_BACK, worker, version)
    case.personal = {**(case.personal or {}), "result": result}
    perform(
        context,
        session,
        case,
        Act.SEND_BACK,
        worker,
        content=result,
        reason="misdirected",
        sealed={"result": result},
    )


def _outside_data(case: CaseRow, version: ItemVersion, outside: OutsideDecision | None) -> dict[str, Any]:
    if version.deciding_level != OUTSIDE:
        return {}
    if case.outside is None or outside is None or not outside.reference.strip():
        raise outside_first(case)
    sent: Mapping[str, Any] = case.outside
    return {
        "outside_organ": str(sent["organ"]),
        "outside_reference": outside.reference.strip()[:200],
        "outside_decided_on": outside.decided_on.isoformat(),
    }


def _text(field: str, given: str, zh: str, en: str) -> str:
    words = given.strip()
    if not words:
        raise text_missing(field, zh, en)
    return words[:TEXT_MAX]
