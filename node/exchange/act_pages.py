"""The operator's acts that cannot be taken back: what each page asks, what it says of the effects, what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from node.exchange.administration import Administration, Operator
from node.exchange.repair import Repair

Words = tuple[str, str]
Do = Callable[[Administration, Repair, str, str, Operator], object]


@dataclass(frozen=True, slots=True)
class ReasonedAct:
    """An act with a reason.

    Attributes:
        title, question, verb, done: words of its page, `done` for the next one.
        effects: what it brings about, one sentence each.
        do: (administration, repair, target, reason, who); the target is a node code or a log's name.
    """

    name: str
    title: Words
    question: Words
    effects: tuple[Words, ...]
    verb: Words
    done: Words
    do: Do


_RECORDED: Words = (
    "理由记入登记簿(只记指纹),谁办的、何时办的上级都看得见。",
    "The reason is recorded (as a fingerprint); who did it and when can be seen above.",
)
ACTS: Mapping[str, ReasonedAct] = {
    act.name: act
    for act in (
        ReasonedAct(
            "revoke",
            ("撤销密钥", "Revoke keys"),
            ("撤销这个下级的全部密钥?", "Revoke all keys of this child?"),
            (
                (
                    "立即生效,不能恢复:它的任何请求都被拒绝。",
                    "At once and for good: every call of it is refused.",
                ),
                ("撤销前上级已签收的,仍然有效。", "What was receipted before stands."),
                ("以后要恢复,须重新邀请并更换密钥。", "To come back it must be invited anew, with new keys."),
                _RECORDED,
            ),
            ("撤销", "Revoke"),
            ("密钥已撤销。", "The keys are revoked."),
            lambda admin, _, target, reason, who: admin.revoke(target, reason, by=who),
        ),
        ReasonedAct(
            "import",
            ("导入外来内容", "Import foreign entries"),
            (
                "确认上级手里的这些内容确实出自本节点?",
                "Do the entries the parent holds really come from this node?",
            ),
            (
                (
                    "先想一想:这台机器是否恢复过旧映像,是否还有另一台在用同一套密钥。",
                    "Think first: was an old image restored here, or does another machine run with the same keys?",
                ),
                (
                    "导入后,本节点的办件按其中所写更新。",
                    "This node's matters are brought up to what they say.",
                ),
                (
                    "如果不是自己的,不要导入,请上级撤销密钥。",
                    "If they are not, do not import: have the keys revoked.",
                ),
                _RECORDED,
            ),
            ("导入", "Import"),
            ("已导入,恢复上送。", "Imported; sending goes on."),
            lambda _, repair, target, reason, who: repair.take_foreign(target, reason, by=who),
        ),
        ReasonedAct(
            "open-epoch",
            ("开启新纪元", "Open a new epoch"),
            ("从头开始这本日志的新纪元?", "Begin a new epoch of this log?"),
            (
                ("旧的一本冻结,永远可查。", "The old one is frozen and can be read for ever."),
                (
                    "上级的操作员须在他那边确认,才能继续上送。",
                    "The parent's operator must confirm before sending goes on.",
                ),
                ("没有签收的内容会重新写入。", "What was never receipted is written again."),
                _RECORDED,
            ),
            ("开启", "Open"),
            ("新纪元已开启。", "A new epoch was opened."),
            lambda _, repair, target, reason, who: repair.open_epoch(target, reason, by=who),
        ),
        ReasonedAct(
            "confirm-epoch",
            ("确认新纪元", "Confirm a new epoch"),
            ("同意这个下级从头开始它的上行日志?", "Let this child begin its log anew?"),
            (
                (
                    "请先打电话问清:为什么要开启,是谁提出的。",
                    "Ask by telephone first: why, and who wants it.",
                ),
                ("它的旧日志在本节点冻结保存。", "Its old log is frozen and kept here."),
                _RECORDED,
            ),
            ("确认", "Confirm"),
            ("已确认,下级下次来时继续。", "Confirmed; the child goes on at its next call."),
            lambda _, repair, target, reason, who: repair.confirm_epoch(target, reason, by=who),
        ),
        ReasonedAct(
            "vouch",
            ("担保登记簿无缺", "Vouch for the register"),
            (
                "担保登记簿一条不缺,重新签出?",
                "Vouch that nothing of the register is missing, and sign it again?",
            ),
            (
                (
                    "只有最高一级可以:没有上级替它见证,只能由人负责。",
                    "Only a top may: no level above witnesses it, so a person answers for it.",
                ),
                ("请先核对备份和抄件。", "Compare with backups and copies first."),
                _RECORDED,
            ),
            ("担保", "Vouch"),
            ("已重新签出。", "Signed again."),
            lambda _, repair, _target, reason, who: repair.vouch_for_ledger(reason, by=who),
        ),
    )
}
