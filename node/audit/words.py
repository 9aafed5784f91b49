"""The words of an audit: stations, outcomes, rules, and one sentence for each kind of finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Pair = tuple[str, str]

STATES: Mapping[str, Pair] = {
    "COMMITTED": ("已承诺种子,等待封存", "Committed; waiting for the ledger to be sealed"),
    "SEALED": ("账本已封存", "Ledger sealed"),
    "CHALLENGED": ("已揭示种子,等待出示", "Revealed; waiting for the entries"),
    "ANSWERED": ("已出示", "Answered"),
    "JUDGED": ("已核验", "Judged"),
}
ASKED_STATES: Mapping[str, Pair] = {
    "ASKED": ("期末未到", "The period has not ended"),
    "CLOSING": ("期末已到,等上级见证", "Period ended; waiting for the level above to witness"),
    "SEALED": ("账本已封存,等对方揭示种子", "Sealed; waiting for the seed"),
    "ANSWERED": ("已出示抽中的条目", "The drawn entries were shown"),
    "UNREVEALED": ("对方逾期没有揭示种子", "The seed was not revealed in time"),
    "BAD_SEED": ("对方揭示的种子与承诺不符,未出示", "Another seed was revealed; nothing was shown"),
}
OUTCOMES: Mapping[str, Pair] = {
    "good": ("属实", "Holds"),
    "differs": ("不合规则", "Breaks a rule"),
    "false": ("与账本不符", "Not what was sealed"),
    "erased": ("已删除", "Erased"),
    "missing": ("未出示", "Not shown"),
}
SHAPES: Mapping[str, str] = {
    "good": "done",
    "differs": "bad",
    "false": "bad",
    "erased": "soon",
    "missing": "bad",
}
RULES: Mapping[str, Pair] = {
    "form": ("格式", "Form"),
    "day": ("日期", "Day"),
    "dated": ("时间不晚于见证", "Not later than the witness"),
    "antedated": ("时间不早于前次见证", "Not earlier than the witness before"),
    "transition": ("办理环节", "Step"),
    "clock": ("时限", "Time limit"),
    "number": ("编号", "Number"),
    "counters": ("连号", "Running number"),
}
STATIONS: Mapping[str, Pair] = {
    "committed": ("承诺种子", "Seed committed"),
    "sealed": ("封存账本", "Ledger sealed"),
    "revealed": ("揭示种子", "Seed revealed"),
    "drawn": ("抽中", "Entries shown"),
    "judged": ("核验", "Judged"),
}

Sentence = Callable[[str, str, str], Pair]
"""(place, record, should) → the sentence; place is the entry's number for people, from 1."""


def _of_rule(zh: str, en: str) -> Sentence:
    def sentence(place: str, record: str, should: str) -> Pair:
        rest_zh = f"记录「{record}」,应为「{should}」。" if should else f"记录「{record}」。"
        rest_en = f"recorded “{record}”, should be “{should}”." if should else f"recorded “{record}”."
        return f"第 {place} 条{zh}:{rest_zh}", f"Entry {place}, {en}: {rest_en}"

    return sentence


def _of_entry(zh: str, en: str) -> Sentence:
    return lambda place, _record, _should: (f"第 {place} 条{zh}", f"Entry {place} {en}")


def _plain(zh: str, en: str) -> Sentence:
    return lambda _place, _record, _should: (zh, en)


SENTENCES: Mapping[str, Sentence] = {
    "no-checkpoint": _plain(
        "这一期内没有经过见证的账本。", "No head of the ledger was witnessed in this period."
    ),
    "not-sealed": _plain(
        "到期没有封存账本。请电话联系该单位,核实是断线还是拒绝。",
        "The ledger was not sealed in time. Call the office: is the line down, or does it refuse?",
    ),
    "wrong-head": _plain(
        "封存的账本不成立:签名、见证或时间不符。",
        "What was sealed does not hold: its signature, its witness or its time is wrong.",
    ),
    "rewind": _plain(
        "封存的账本比上次抽查时还短:有登记被去掉了。",
        "The sealed ledger is shorter than at the last audit: entries were taken away.",
    ),
    "fork": _plain(
        "封存的账本不是上次账本的延续:以前的登记被改写了。",
        "The sealed ledger does not continue the last one: earlier entries were rewritten.",
    ),
    "no-answer": _plain(
        "到期没有出示任何条目。请电话联系该单位。", "Nothing was shown in time. Call the office."
    ),
    "malformed": _plain("对方的答复无法读出。", "An answer cannot be read."),
    "unanswered": _of_entry("没有出示:账本里已找不到它。", "was not shown: it is no longer there."),
    "bad-proof": _of_entry(
        "与封存的账本不符:它的内容被改动过。", "is not what was sealed: its content was changed."
    ),
    "not-drawn": _of_entry("没有被抽中,却被出示。", "was shown though nobody asked for it."),
    "entry": _of_entry("不是一条登记。", "is no entry of a ledger."),
    "erased": _of_entry(
        "的内容已删除,只剩指纹,无法复核。请核对删除的依据。",
        "was erased; only its fingerprint is left. Check on what ground it was erased.",
    ),
    "form": _of_rule("格式不符", "form"),
    "day": _of_rule("日期不符", "day"),
    "dated": _of_rule("时间晚于见证,不可能", "dated after it was witnessed"),
    "antedated": _of_rule("时间早于前次见证:是后来补写的", "dated back: written later than it says"),
    "transition": _of_rule("办理环节不合规定", "a step that is not allowed"),
    "clock": _of_rule("时限算错", "a time limit counted wrongly"),
    "number": _of_rule("编号不符", "number"),
    "counters": _of_rule("连号有缺或重复", "running number with a gap or a repeat"),
    "not-opened": _of_entry("的承诺没有打开。", "was not opened."),
    "bad-opening": _of_entry("打开的内容与承诺不符。", "was opened with another content."),
    "not-revealed": _plain(
        "抽查方逾期没有揭示种子。这是针对抽查方的发现。",
        "The auditor did not reveal its seed in time. This is a finding against the auditor.",
    ),
    "bad-seed": _plain(
        "抽查方揭示的种子与承诺不符,样本可能是挑选的。这是针对抽查方的发现。",
        "The auditor revealed another seed than it committed to; the sample may have been chosen.",
    ),
}


def sentence_of(code: str, index: int | None, record: str = "", should: str = "") -> Pair:
    """The sentence of a finding, Chinese and English."""
    place = "" if index is None else f"{index + 1:,}"
    found = SENTENCES.get(code)
    if found is None:
        return f"发现问题({code})。", f"Something was found ({code})."
    return found(place, record, should)
