"""What sending refuses, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.kernel.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.cases.tables import CaseRow


def stays_here(case: CaseRow) -> Problem:
    """Small matters stay: what is decided here is not sent up."""
    return Problem(
        "decided-here",
        "此件由本级决定,不上送(小事不出村,一般事情不出乡镇)。请在本级办理。",
        "This case is decided here and is not sent up. Please handle it at this level.",
        409,
        {"case": case.number},
    )


def pre_review_first(case: CaseRow) -> Problem:
    """E4: the first review comes before the referral."""
    return Problem(
        "pre-review-missing",
        "上报件须先受理并填写初审意见,再上报(行政许可法第三十五条、第四十三条)。",
        "A referral needs acceptance and a first-review opinion before it goes up (行政许可法 35, 43).",
        409,
        {"case": case.number},
    )


def nothing_to_offer(case: CaseRow) -> Problem:
    """A case that waits for the applicant, or is decided, is not sent."""
    return Problem(
        "nothing-to-offer",
        "此件现在不能上送:等待申请人补正的,补齐后再送;已有决定的,不再上送。",
        "This case cannot be sent now: supplement it first, or it is decided already.",
        409,
        {"case": case.number, "status": case.status},
    )


def nothing_to_return(case: CaseRow) -> Problem:
    """Only a decided case goes back to its home."""
    return Problem(
        "nothing-to-return",
        "还没有可送回的结果:须先出件或批准不予许可,且收件单位不是本级。",
        "There is no result to send back yet: it must be issued or refused, and the home must be another node.",
        409,
        {"case": case.number},
    )


def offer_answered(offer: str) -> Problem:
    """An offer has one answer."""
    return Problem(
        "offer-answered",
        "这份上送已经有人答复过了,以第一次的答复为准。请刷新查看。",
        "This offer was answered already; the first answer stands. Please reload.",
        409,
        {"offer": offer},
    )


def offer_unknown(offer: str) -> Problem:
    """No such offer here."""
    return Problem(
        "offer-unknown",
        "没有这份上送。请从待接办列表里打开。",
        "There is no such offer here.",
        404,
        {"offer": offer},
    )


def nothing_missing() -> Problem:
    """A decline for missing material names it."""
    return Problem(
        "missing-unnamed",
        "以缺材料退回时须一次写明缺哪些(一次性告知)。请勾选所缺材料。",
        "A decline for missing material must name all of it at once. Please tick what is missing.",
        422,
    )


def destination_needed(level_zh: str, level_en: str) -> Problem:
    """The way leads down: which of the nodes below is meant must be said."""
    return Problem(
        "destination-missing",
        f"此件由下级{level_zh}决定。请选择送往哪一个{level_zh}。",
        f"This case is decided below, at a {level_en}; please choose which one.",
        422,
    )


def destination_wrong(code: str) -> Problem:
    """The node named does not exist here, or is of another level."""
    return Problem(
        "destination-wrong",
        f"节点 {code} 不是此件应送往的单位。请从列表中选择。",
        f"Node {code} is not where this case belongs; please choose from the list.",
        422,
        {"destination": code},
    )


def decided_already(number: str) -> Problem:
    """Too late to withdraw."""
    return Problem(
        "decided-already",
        "此件已有决定,不能再撤回。如不需要结果,可在送达时说明。",
        "This case is decided; it can no longer be withdrawn.",
        409,
        {"case": number},
    )


def not_for_review(case: CaseRow) -> Problem:
    """The first review belongs to the reviewing level, under review."""
    return Problem(
        "no-pre-review",
        "只有上报件在初审一级、进入审查后才能填写初审意见。请先受理并开始审查。",
        "A first-review opinion is written for a referral, at its reviewing level, once the review has begun.",
        409,
        {"case": case.number},
    )


def not_immediate(case: CaseRow) -> Problem:
    """Only immediate items are settled on the spot."""
    return Problem(
        "not-immediate",
        "只有即办件在决定一级可以当场办结。此件请按步骤办理。",
        "Only an immediate item is settled on the spot, at its deciding level. Please handle this one step by step.",
        409,
        {"case": case.number},
    )


def not_outside(case: CaseRow) -> Problem:
    """Only items decided outside the network are forwarded by hand."""
    return Problem(
        "not-outside",
        "只有省级事项在市级审查中才需转报省级机关。",
        "Only items decided by the province, under review at the city, are forwarded outside.",
        409,
        {"case": case.number},
    )


def outside_first(case: CaseRow) -> Problem:
    """The province's decision is recorded, never made here."""
    return Problem(
        "outside-decision-missing",
        "此件由省级机关决定:须先转报,再按省级决定的文号和日期登记结果。",
        "The province decides this item: forward it first, then record its decision by number and date.",
        409,
        {"case": case.number},
    )


def version_unknown(item: str) -> Problem:
    """This node's catalogue does not hold the version the matter was opened on."""
    return Problem(
        "version-unknown",
        f"事项 {item} 的这个版本不在本级目录中,不能接办。请先导入上级公布的目录,或以“事项版本未生效”退回。",
        f"This version of item {item} is not in the catalogue here. Import the published catalogue, or decline as not in force.",
        409,
        {"item": item},
    )


def unsealed_offer() -> Problem:
    """The sealed part has not come yet: no key of this node was known where the matter began."""
    return Problem(
        "offer-sealed",
        "这份上送的密封材料还没有到,到后才能接办。对方收到本级密钥后会自动补送。",
        "The sealed part of this offer has not arrived; it is sent again by itself once this node's key is known.",
        409,
    )


def materials_missing(case: CaseRow, names: Sequence[str], ids: Sequence[str]) -> Problem:
    """What is incomplete is not accepted: the applicant is told everything at once."""
    return Problem(
        "materials-missing",
        f"还缺 {'、'.join(names)},不能受理。请用“告知补正”一次写明所缺材料(行政许可法第三十二条)。",
        f"Missing: {', '.join(names)}. It cannot be accepted; give the one-time notice (行政许可法 32).",
        409,
        {"case": case.number, "missing": list(ids)},
    )
