"""What the public pages refuse, as sentences: what is wrong, the rule, the way out."""

from __future__ import annotations

from node.catalogue.rules import ItemVersion
from node.kernel.problems import Problem


def matter_shut() -> Problem:
    """The right to see a matter in this browser has ended, or was never given."""
    return Problem(
        "matter-shut",
        "为保护您的信息,这一件在本浏览器里已经合上(打开后半小时有效)。请重新输入凭证上的查询码。",
        "To protect you, this matter is shut in this browser (it stays open for half an hour). Enter the query code again.",
        403,
    )


def online_only_at(version: ItemVersion) -> Problem:
    """The item cannot be handed in here online."""
    return Problem(
        "apply-not-here",
        f"“{version.name_zh}”不能在本单位网上申办。请看办事指南里“在哪里交”,或打电话问。",
        f"“{version.name_en}” cannot be handed in online here. See “Where to hand it in” in its guide, or call.",
        422,
        {"item": version.code},
    )


def too_many_files(most: int) -> Problem:
    """More attachments than a matter may have."""
    return Problem(
        "attachments-too-many",
        f"一件最多上传 {most} 个文件。请把同一材料的几页合成一个 PDF 再传。",
        f"At most {most} files go with a matter. Put the pages of one paper into one PDF.",
        422,
    )


def no_file_chosen() -> Problem:
    """An upload without a file."""
    return Problem(
        "file-missing",
        "没有选择文件。请先选择要上传的材料,再按上传。",
        "No file was chosen. Choose the paper first, then upload it.",
        422,
    )


def nothing_to_check() -> Problem:
    """Neither a code nor a file was given."""
    return Problem(
        "nothing-to-check",
        "请粘贴凭证二维码里的文字,或选择 .tlog-proof 证明文件。",
        "Paste the text of the slip's QR code, or choose a .tlog-proof file.",
        422,
    )


def code_unreadable() -> Problem:
    """What was pasted is no slip code."""
    return Problem(
        "slip-code-unreadable",
        "这不是收件凭证二维码里的文字。它以 http 开头,里面有 o= 和 l= 两段。请重新扫码,或改用证明文件核验。",
        "This is no text of a slip's QR code, which begins with http and holds o= and l=. Scan it again, or check the file.",
        422,
    )


def proof_too_large(most: int) -> Problem:
    """No proof is that long."""
    return Problem(
        "proof-too-large",
        f"这个文件超过 {most // 1000} kB,不会是证明文件。证明文件以 .tlog-proof 结尾,凭查询码下载。",
        f"The file is over {most // 1000} kB and cannot be a proof. A proof ends in .tlog-proof and is fetched by query code.",
        413,
    )
