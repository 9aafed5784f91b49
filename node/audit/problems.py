"""What the audit refuses, as sentences."""

from __future__ import annotations

from node.kernel.problems import Problem


def target_unknown(code: str) -> Problem:
    """No node of that code is known here."""
    return Problem(
        "audit-target-unknown",
        f"本级辖区内没有已加入网络的节点 {code}。请核对 12 位代码,或先让该节点加入。",
        f"No node {code} below this one belongs to the network. Check the code of twelve digits, or have it join first.",
        404,
        {"target": code},
    )


def target_not_below(code: str) -> Problem:
    """Only what lies below can be audited."""
    return Problem(
        "audit-target-not-below",
        f"{code} 不是本节点的下级。只能抽查下级的账本。",
        f"{code} does not lie below this node; only ledgers of nodes below can be audited.",
        422,
        {"target": code},
    )


def count_out_of_range(most: int) -> Problem:
    """How many leaves a round draws."""
    return Problem(
        "audit-count",
        f"抽查条数须在 1 到 {most} 之间,点名的序号不超过 {most} 个且不为负。",
        f"A round draws between 1 and {most} entries and names at most {most} indices, none of them negative.",
        422,
        {"most": most},
    )


def period_over() -> Problem:
    """The commitment must be sent before the period ends."""
    return Problem(
        "audit-period-over",
        "期末时间必须晚于现在:种子要在期末之前承诺,才没有人能挑选样本。",
        "The end of the period must lie ahead: the seed is committed before it, so that nobody can choose the sample.",
        422,
    )


def round_open(origin: str, round_id: str) -> Problem:
    """One round at a time for each ledger."""
    return Problem(
        "audit-round-open",
        f"账本 {origin} 还有一轮抽查没有结束。请等它结束,或在抽查页查看。",
        f"A round on {origin} is still open. Wait for its end, or look at it on the audit page.",
        409,
        {"round": round_id},
    )


def round_unknown(round_id: str) -> Problem:
    """No such round here."""
    return Problem(
        "audit-round-unknown",
        "没有这一轮抽查。请回到抽查列表。",
        "There is no such round. Go back to the list of audits.",
        404,
        {"round": round_id},
    )


def form_unreadable() -> Problem:
    """The named entries are no numbers."""
    return Problem(
        "audit-indices",
        "点名的条目请写账本里的序号(从 1 起),用逗号或空格分开,如 3, 17。",
        "Name entries by their numbers in the ledger, from 1, separated by commas or blanks, such as 3, 17.",
        422,
    )
