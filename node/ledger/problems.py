"""What the ledger refuses, as sentences."""

from __future__ import annotations

from node.kernel.problems import EXIT_SETUP, Problem


def unknown_fact(fact_id: str) -> Problem:
    """No such fact here."""
    return Problem(
        "fact-unknown",
        "本级账本里没有这一条。请核对凭证,或到出具凭证的单位查询。",
        "This node's ledger has no such entry. Check the slip, or ask the office that issued it.",
        404,
        {"fact": fact_id},
    )


def unknown_leaf(leaf: bytes) -> Problem:
    """No fact with that leaf hash here."""
    return unknown_fact(leaf.hex())


def fact_erased(fact_id: str) -> Problem:
    """The line was erased after its retention."""
    return Problem(
        "fact-erased",
        "这一条已过保管期限并已删除,账本里只留下它的摘要,不能再出具证明。",
        "This entry was erased after its retention; only its hash is left in the ledger, and no proof can be given.",
        410,
        {"fact": fact_id},
    )


def fact_not_sequenced(fact_id: str) -> Problem:
    """The fact has no place in the log yet."""
    return Problem(
        "fact-not-sequenced",
        "这一条刚刚登记,还没有编入账本,请几秒钟后再试。",
        "This entry was recorded just now and has no place in the ledger yet; try again in a few seconds.",
        409,
        {"fact": fact_id, "retry_after_s": 5},
        exit_code=6,
    )


def ledger_halted(origin: str, why: str) -> Problem:
    """The node signs nothing on its ledger until somebody has looked."""
    zh, en = _HALTED.get(why, _HALTED["behind"])
    return Problem(
        "ledger-halted",
        f"账本 {origin} 已停签:{zh}本级照常办理,新的登记先存着。请运行 bianmin doctor,按提示处理。",
        f"The ledger {origin} is not being signed: {en} Local work goes on and new facts are kept. Run bianmin doctor.",
        409,
        {"origin": origin, "why": why},
        exit_code=EXIT_SETUP,
    )


_HALTED = {
    "behind": (
        "数据库比本机保存的签名记录旧(可能恢复了旧备份)。",
        "the database is older than the signed heads kept beside it (an old backup may have been restored).",
    ),
    "no-head-file": (
        "找不到本机保存的签名记录(head 文件)。",
        "the file of signed heads is missing.",
    ),
    "not-ready": (
        "正在等待上级核对本级的记录。",
        "the parent has not yet confirmed what this node wrote.",
    ),
    "lost": (
        "上级见证过的账本比本机的长,本机可能丢了一段。",
        "the parent has witnessed more than this machine holds; a part may be lost.",
    ),
    "frozen": (
        "这一期账本已经封存。",
        "this epoch of the ledger is closed.",
    ),
    "diverged": (
        "数据库与本机保存的签名记录在同一处不一致。",
        "the database and the signed heads kept beside it differ at the same size.",
    ),
}
