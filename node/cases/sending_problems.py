"""What sending refuses, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.kernel.problems import Problem

if TYPE_CHECKING:
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
