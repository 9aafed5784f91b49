"""What is refused about attachments, as sentences. None repeats a file's name: it may be personal."""

from __future__ import annotations

from node.kernel.file_types import KINDS, FileKind
from node.kernel.problems import EXIT_FALSE, Problem

_ACCEPTED_ZH = "、".join(kind.zh for kind in KINDS)
_ACCEPTED_EN = ", ".join(kind.en.partition(" ")[2] if kind.en.startswith("a") else kind.en for kind in KINDS)
_MILLION = 1_000_000


def empty_attachment() -> Problem:
    """Nothing in it."""
    return Problem(
        "attachment-empty",
        "这个文件是空的,请重新选择文件。",
        "This file is empty; choose the file again.",
    )


def too_large_attachment(size: int, most: int) -> Problem:
    """Larger than this node takes."""
    has, may = f"{size / _MILLION:.1f}", f"{most / _MILLION:.1f}"
    return Problem(
        "attachment-too-large",
        f"文件有 {has} MB,超过上限 {may} MB。请降低扫描分辨率,或分成几个文件上传。",
        f"The file has {has} MB; at most {may} MB can be taken. Scan it at a lower resolution, or split it.",
        413,
        {"bytes": size, "most": most},
    )


def unknown_attachment(ending: str) -> Problem:
    """None of the kinds that are accepted."""
    if ending in (".zip", ".rar", ".7z", ".tar", ".gz"):
        return Problem(
            "attachment-kind",
            "不收压缩包,请解开后逐个上传。",
            "Archives are not taken; unpack it and hand in the files one by one.",
            415,
        )
    return Problem(
        "attachment-kind",
        f"不收这种文件,或文件已损坏。可以上传:{_ACCEPTED_ZH}。纸质材料请拍照或扫描。",
        f"This kind of file is not taken, or it is damaged. Accepted: {_ACCEPTED_EN}. Paper may be photographed or scanned.",
        415,
    )


def disguised_attachment(ending: str, kind: FileKind) -> Problem:
    """The name says one thing, the bytes another."""
    return Problem(
        "attachment-disguised",
        f"文件名以 {ending} 结尾,内容却是{kind.zh}。请把扩展名改为 {kind.endings[0]},或重新导出后上传。",
        f"The name ends in {ending}, but the content is {kind.en}. Rename it to {kind.endings[0]}, or export it again.",
        415,
        {"media": kind.media},
    )


def missing_attachment() -> Problem:
    """Its bytes are not here."""
    return Problem(
        "attachment-missing",
        "这份材料的文件还没有传到本级,或已按保管期限删除。",
        "The file has not arrived at this node yet, or was erased after its retention.",
        404,
        {"retry_after_s": 60},
    )


def damaged_attachment(sha256: str) -> Problem:
    """It does not open."""
    return Problem(
        "attachment-damaged",
        "这份材料的文件打不开:内容与登记时的不一致。请联系系统管理员运行 bianmin fsck,并请申请人重新提交。",
        "The file does not open: it is not what was handed in. Have the operator run bianmin fsck, and ask for it again.",
        500,
        {"blob": sha256},
        exit_code=EXIT_FALSE,
    )
