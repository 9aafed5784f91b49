"""What the case service refuses, as sentences: what is wrong, the rule, the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from node.cases.states import Act, IllegalTransitionError
from node.kernel.problems import Problem

if TYPE_CHECKING:
    from node.cases.tables import CaseRow

STATUS_WORDS: dict[str, tuple[str, str]] = {
    "DRAFT": ("草稿", "draft"),
    "RECEIVED": ("已收件", "received"),
    "CORRECTION": ("待补正", "awaiting correction"),
    "LAPSED": ("逾期未补正", "lapsed"),
    "ACCEPTED": ("已受理", "accepted"),
    "NEG_PENDING": ("待否定报备", "negative report pending"),
    "NOT_ACCEPTED": ("不予受理", "not accepted"),
    "RETURNED": ("已退件", "returned"),
    "IN_REVIEW": ("审查中", "in review"),
    "SUSPENDED": ("特别程序中", "suspended"),
    "GRANTED": ("准予", "granted"),
    "REFUSED": ("不予许可", "refused"),
    "ISSUED": ("已出件", "issued"),
    "DELIVERED": ("已送达", "delivered"),
    "CLOSED": ("已办结", "closed"),
    "ARCHIVED": ("已归档", "archived"),
    "WITHDRAWN": ("已撤回", "withdrawn"),
    "TERMINATED": ("已终止", "terminated"),
    "REVOKED": ("已撤销", "revoked"),
    "CANCELLED": ("已注销", "cancelled"),
}
ACT_WORDS: dict[Act, tuple[str, str]] = {
    Act.SUBMIT: ("登记", "register"),
    Act.GIVE_NOTICE: ("告知补正", "give one-time notice"),
    Act.RESUPPLY: ("补交材料", "supplement"),
    Act.LAPSE: ("逾期失效", "lapse"),
    Act.ACCEPT: ("受理", "accept"),
    Act.ACCEPT_CONDITIONAL: ("容缺受理", "accept conditionally"),
    Act.DEEM_ACCEPTED: ("视为受理", "deem accepted"),
    Act.PROPOSE_NON_ACCEPTANCE: ("拟不予受理", "propose non-acceptance"),
    Act.CONFIRM_NON_ACCEPTANCE: ("批准不予受理", "confirm non-acceptance"),
    Act.DROP_NON_ACCEPTANCE: ("退回再审", "drop non-acceptance"),
    Act.SEND_BACK: ("退件", "send back"),
    Act.START_REVIEW: ("开始审查", "start review"),
    Act.BEGIN_SPECIAL: ("开始特别程序", "begin special procedure"),
    Act.END_SPECIAL: ("结束特别程序", "end special procedure"),
    Act.EXTEND: ("延期", "extend"),
    Act.GRANT: ("准予", "grant"),
    Act.PROPOSE_REFUSAL: ("拟不予许可", "propose refusal"),
    Act.CONFIRM_REFUSAL: ("批准不予许可", "confirm refusal"),
    Act.DROP_REFUSAL: ("退回再审", "drop refusal"),
    Act.ISSUE: ("出件", "issue"),
    Act.DELIVER: ("送达", "deliver"),
    Act.CLOSE: ("办结", "close"),
    Act.ARCHIVE: ("归档", "archive"),
    Act.WITHDRAW: ("撤回", "withdraw"),
    Act.EXPIRE_CONDITION: ("容缺逾期", "let the condition expire"),
    Act.CONFIRM_TERMINATION: ("批准终止", "confirm termination"),
    Act.REVOKE: ("撤销", "revoke"),
    Act.CANCEL: ("注销", "cancel"),
}

LEVEL_NAMES: dict[str, tuple[str, str]] = {
    "village": ("村(社区)便民服务室", "the village"),
    "township": ("乡镇(街道)便民服务中心", "the township centre"),
    "county": ("县(市、区)政务服务中心", "the county centre"),
    "city": ("市政务服务中心", "the city centre"),
}


def unknown_case(number: str) -> Problem:
    """No such case at this node."""
    return Problem(
        "case-unknown",
        f"本级没有编号为 {number} 的办件。请核对凭证上的 25 位办件编号。",
        f"This node knows no case {number}. Please check the 25 digits of the case number on the slip.",
        404,
    )


def not_here(case: CaseRow, holder: str) -> Problem:
    """Only the custodian changes a case."""
    if case.custody_state == "OFFERED":
        return Problem(
            "case-offered",
            "此件已上送,正等对方接办,接办或退回前本级不能改动(一件一管)。如需停止,请用“撤回”。",
            "This case has been offered and waits for the answer; until then nothing may be changed here. To stop it, withdraw.",
            409,
            {"case": case.number},
        )
    return Problem(
        "case-not-here",
        f"此件现由{holder}承办,本级只能查看。请联系承办单位。",
        f"This case is held by {holder}; here it can only be read. Please contact the holder.",
        409,
        {"case": case.number, "custodian": case.custodian},
    )


def illegal_act(case: CaseRow, error: IllegalTransitionError) -> Problem:
    """The state table has no such row."""
    act_zh, act_en = ACT_WORDS[error.act]
    status_zh, status_en = STATUS_WORDS[error.status.value]
    return Problem(
        "act-illegal",
        f"现在是“{status_zh}”,不能“{act_zh}”。可能别人刚刚办过,请刷新后按页面上的按钮办理。",
        f"The case is “{status_en}”; “{act_en}” is not possible now. Somebody may have acted: reload and use the buttons shown.",
        409,
        {"status": case.status, "act": error.act.value},
    )


def not_arrived(case: CaseRow, materials: Sequence[str]) -> Problem:
    """A material whose bytes are still on the way (federation.md §7)."""
    return Problem(
        "material-not-arrived",
        f"材料 {'、'.join(materials)} 的附件还在传送途中,到齐后才能受理。请稍后再试。",
        f"The attachments of {', '.join(materials)} are still on their way; accept once they have arrived.",
        409,
        {"case": case.number, "materials": list(materials)},
    )


def on_hold(case: CaseRow, kinds: Sequence[str]) -> Problem:
    """Something must be settled first."""
    listed = "、".join(kinds)
    return Problem(
        "case-on-hold",
        f"此件还有未了结的事项({listed}),了结后才能出件。",
        f"Something must be settled before this case can be issued ({', '.join(kinds)}).",
        409,
        {"case": case.number, "holds": list(kinds)},
    )


def handled_above(case: CaseRow, level: str) -> Problem:
    """Below its deciding level a matter is carried or reviewed, never accepted or decided (B10)."""
    zh, en = LEVEL_NAMES.get(level, ("上级", "the level above"))
    return Problem(
        "handled-above",
        f"此件由{zh}办理,本级只收件、代办或初审。请上送。",
        f"This case is handled by {en}; here it is only taken in or reviewed first. Please offer it upward.",
        409,
        {"case": case.number, "level": level},
    )


def unknown_act(act: str) -> Problem:
    """No such act."""
    return Problem(
        "act-unknown",
        f"没有“{act}”这一项操作。请按办件页面上的按钮办理。",
        f"There is no act “{act}”. Please use those the case offers.",
        404,
        {"act": act},
    )


def text_missing(field: str, zh: str, en: str) -> Problem:
    """An act that needs words came without them."""
    return Problem(
        "text-missing",
        f"请写明{zh}。",
        f"Please state: {en}.",
        422,
        {"field": field},
    )


def slip_elsewhere(number: str) -> Problem:
    """The slip bears the query code, which only the home knows."""
    return Problem(
        "slip-elsewhere",
        "凭证由收件处打印,本级没有这一件的查询码。请申请人到收件处补打。",
        "The slip is printed where the matter was handed in; its query code is not known here.",
        409,
        {"case": number},
    )


def criteria_unchecked() -> Problem:
    """C7: a grant rests on the published criteria, each of them."""
    return Problem(
        "criteria-unchecked",
        "还有条件没有核对。请逐条勾选;有一条不符合的,不能准予。",
        "Not every criterion is ticked. Check each one; where one is not met, it cannot be granted.",
        422,
    )


def bad_cursor() -> Problem:
    """A cursor that no list gave out."""
    return Problem(
        "cursor-invalid",
        "翻页标记无效,请从第一页重新打开。",
        "The page mark is not valid; please start from the first page.",
        400,
    )


def wrong_query_code() -> Problem:
    """Number and code do not fit; which of them is wrong is not told."""
    return Problem(
        "query-code-wrong",
        "没有这个查询码。请核对凭证上的办件编号和 12 位查询码。",
        "There is no such query code. Please check the case number and the 12 digits on the slip.",
        404,
    )


def bad_period() -> Problem:
    """A day or month that does not exist."""
    return Problem(
        "period-invalid",
        "日期写法不对。日用 2026-11-24,月用 2026-11。",
        "The period is not valid: a day is written 2026-11-24, a month 2026-11.",
        422,
    )
