"""What the page of each act asks and says: verb, question, what follows from it, its fields; data only.

What an act needs and whether it may be done is judged by `acts`; here are only words. Source: ui.md "Words".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ActPage:
    """The page of one act.

    Attributes:
        verb: on its button.
        question: at the head of the page.
        effects: what it brings about.
        fields: what is asked, by the names the template draws.
        done: what is said afterwards.
    """

    verb: Words
    question: Words
    effects: Sequence[Words]
    done: Words
    fields: tuple[str, ...] = ()


_REMEDY: Words = (
    "决定书写明理由、依据和救济途径。",
    "The decision states grounds, legal basis and the ways to appeal.",
)
_LEADER: Words = (
    "由局级负责人签批后才生效,签批前申请人看不到。",
    "It takes effect once the leader signs; the applicant sees nothing before.",
)

ACT_PAGES: Mapping[str, ActPage] = {
    "settle": ActPage(
        ("当场办结", "Settle now"),
        ("条件都符合,现在办结?", "All conditions are met; settle it now?"),
        (
            ("受理、准予、出件一次记入台账。", "Acceptance, grant and result are recorded at once."),
            ("结果当场交给申请人。", "The result is handed to the applicant on the spot."),
        ),
        ("已当场办结。", "Settled."),
        ("criteria", "text"),
    ),
    "give_notice": ActPage(
        ("告知补正", "Give notice"),
        ("还缺哪些材料?", "What is missing?"),
        (
            (
                "一次写全:同一次申请不能再提新的缺件(行政许可法第三十二条)。",
                "Name all of it now: nothing new may be asked for later (行政许可法 32).",
            ),
            (
                "审查期限停,补正期限 20 个工作日开始。",
                "The check's clock stops; the applicant has 20 working days.",
            ),
        ),
        ("已告知补正。告知书可以打印。", "The notice is given and can be printed."),
        ("missing",),
    ),
    "resupply": ActPage(
        ("补交材料", "Supplement"),
        ("申请人带来了哪些?", "What did the applicant bring?"),
        (("材料齐了,审查期限重新开始。", "Once complete, the check's clock starts again."),),
        ("已收下补交的材料。", "The papers were taken in."),
        ("materials",),
    ),
    "accept": ActPage(
        ("受理", "Accept"),
        ("材料齐全、属于本级职权,受理此件?", "The papers are complete and it is ours: accept it?"),
        (
            ("承诺时限和法定时限从今天起算。", "The promised and the statutory limit run from today."),
            ("出具受理通知书。", "A notice of acceptance is made."),
        ),
        ("已受理。", "Accepted."),
    ),
    "start_review": ActPage(
        ("开始审查", "Start review"),
        ("开始审查此件?", "Start the review?"),
        (("此件转到“待决定”。", "It moves to “to decide”."),),
        ("已开始审查。", "The review has begun."),
    ),
    "pre_review": ActPage(
        ("填写初审意见", "First review"),
        ("初审意见", "First-review opinion"),
        (
            (
                "意见随全部材料上报,上级不再向申请人要同样的材料(行政许可法第三十五条)。",
                "It goes up with all papers; the level above may not ask for them again (行政许可法 35).",
            ),
        ),
        ("初审意见已写好,可以上报。", "The opinion is written; the matter can be referred."),
        ("opinion",),
    ),
    "forward_outside": ActPage(
        ("转报省级机关", "Forward to the province"),
        ("转报给哪个机关?", "To which organ was it forwarded?"),
        (
            (
                "网络之外的机关以公文往来,这里记下转报的文号。",
                "An organ outside the network is written to; its letter's number is kept here.",
            ),
        ),
        ("转报已登记。", "The forwarding is recorded."),
        ("organ", "reference"),
    ),
    "grant": ActPage(
        ("准予", "Grant"),
        ("逐条核对后准予此件?", "Each criterion checked: grant it?"),
        (
            ("以机关名义作出决定,时限停止。", "It is decided in the organ's name; the clocks stop."),
            (
                "十个工作日内送达(行政许可法第四十四条)。",
                "To be delivered within ten working days (行政许可法 44).",
            ),
        ),
        ("已准予。", "Granted."),
        ("criteria", "text", "outside"),
    ),
    "propose_refusal": ActPage(
        ("拟不予许可", "Propose refusal"),
        ("拟不予许可:写明事实与依据", "Propose refusal: facts and legal basis"),
        (_LEADER, _REMEDY),
        ("已报请签批。", "Put before the leader."),
        ("grounds", "basis"),
    ),
    "confirm_refusal": ActPage(
        ("批准不予许可", "Confirm refusal"),
        ("批准不予许可?", "Confirm the refusal?"),
        (_REMEDY, ("决定书送达申请人。", "The decision is delivered to the applicant.")),
        ("已批准不予许可。", "The refusal is confirmed."),
        ("report", "outside"),
    ),
    "drop_refusal": ActPage(
        ("退回再审", "Send back to review"),
        ("不同意不予许可,退回再审?", "Do not refuse; review again?"),
        (("期限继续计算。", "The clocks go on."),),
        ("已退回再审。", "Back under review."),
        ("report",),
    ),
    "propose_non_acceptance": ActPage(
        ("拟不予受理", "Propose non-acceptance"),
        ("拟不予受理:写明事实与依据", "Propose non-acceptance: facts and legal basis"),
        (_LEADER, _REMEDY),
        ("已报请签批。", "Put before the leader."),
        ("grounds", "basis"),
    ),
    "confirm_non_acceptance": ActPage(
        ("批准不予受理", "Confirm non-acceptance"),
        ("批准不予受理?", "Confirm that it is not accepted?"),
        (_REMEDY,),
        ("已批准不予受理。", "Non-acceptance is confirmed."),
        ("report",),
    ),
    "drop_non_acceptance": ActPage(
        ("退回再审", "Check again"),
        ("不同意不予受理,退回再审?", "Do not decline; check again?"),
        (("此件回到“已收件”。", "It is “received” again."),),
        ("已退回再审。", "Back to the check."),
        ("report",),
    ),
    "send_back": ActPage(
        ("退件", "Send back"),
        ("不属于本级,或不需要许可?", "Not ours, or no permit needed?"),
        (
            (
                "当场告知应找哪个单位(行政许可法第三十二条第一、二项)。",
                "Tell at once who is competent (行政许可法 32).",
            ),
        ),
        ("已退件。", "Sent back."),
        ("competent",),
    ),
    "issue": ActPage(
        ("出件", "Issue"),
        ("结果文件已制好,出件?", "Is the result ready to be issued?"),
        (("此后可以送达或送回收件处。", "It can then be delivered, or go back to where it was handed in."),),
        ("已出件。", "Issued."),
    ),
    "deliver": ActPage(
        ("送达", "Deliver"),
        ("申请人拿到结果了?", "Does the applicant have the result?"),
        (("出具送达回证,送达时限停止。", "Proof of delivery is made; the delivery clock stops."),),
        ("已送达。", "Delivered."),
        ("by",),
    ),
    "close": ActPage(
        ("办结", "Close"),
        ("办结此件?", "Close the matter?"),
        (("之后转入归档。", "It then goes to the archive."),),
        ("已办结。", "Closed."),
    ),
    "withdraw": ActPage(
        ("撤回", "Withdraw"),
        ("申请人要求撤回此件?", "Does the applicant withdraw the matter?"),
        (
            (
                "只有申请人可以要求撤回;撤回后不能恢复,可以重新申请。",
                "Only the applicant may ask; it cannot be undone, but a new application can be made.",
            ),
        ),
        ("已撤回。", "Withdrawn."),
    ),
    "offer": ActPage(
        ("上送", "Send up"),
        ("送往承办单位?", "Send it to the office that handles it?"),
        (
            (
                "对方接办后由对方办理,本级随时可查。",
                "Once taken it is handled there and can be followed from here.",
            ),
            (
                "线路不通也可以送:存在本机,通了自动送出。",
                "It can be sent while the line is down: it is kept here and goes by itself.",
            ),
        ),
        ("已送出,等对方接办。", "Sent off; waiting to be taken."),
        ("destination", "entrustment"),
    ),
    "return": ActPage(
        ("送回收件处", "Return the result"),
        ("把结果送回收件处?", "Send the result back to where it was handed in?"),
        (("由收件处交给申请人。", "The office of intake hands it to the applicant."),),
        ("结果已送出。", "The result is on its way."),
    ),
    "unmask": ActPage(
        ("查看完整信息", "Show in full"),
        ("为什么要看?", "Why do you need to see it?"),
        (("查看会记入台账:谁、何时、为什么。", "It is recorded: who, when, and why."),),
        ("", ""),
        ("purpose",),
    ),
}
FIRST = (
    "settle",
    "confirm_refusal",
    "confirm_non_acceptance",
    "resupply",
    "accept",
    "start_review",
    "pre_review",
    "offer",
    "forward_outside",
    "grant",
    "issue",
    "return",
    "deliver",
    "close",
)
"""Which act is the main one, the first that may be done."""
QUIET = frozenset({"unmask"})
"""Acts with a place of their own on the page."""
PURPOSES: Mapping[str, Words] = {
    "contact": ("联系申请人", "To contact the applicant"),
    "verify": ("核对材料", "To verify the papers"),
    "handle": ("填写办理内容", "To handle the matter"),
    "print": ("打印文书", "To print a paper"),
}
DELIVERED_BY: Mapping[str, Words] = {
    "窗口领取": ("窗口领取", "Collected at the window"),
    "上门送达": ("上门送达", "Brought to the home"),
    "邮寄送达": ("邮寄送达", "By post"),
    "电子送达": ("电子送达", "Electronically"),
}


def main_act(acts: Sequence[str], *, something_missing: bool) -> str:
    """The one act a page puts first; "" when there is none.

    Args:
        something_missing: a required material is not there: the notice comes before acceptance.
    """
    if something_missing and "give_notice" in acts:
        return "give_notice"
    return next((act for act in FIRST if act in acts), "")
