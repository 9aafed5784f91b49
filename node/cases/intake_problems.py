"""What intake refuses, as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from node.catalogue.filling import FieldError
from node.catalogue.rules import ItemVersion
from node.kernel.problems import Problem

LEVEL_WORDS = {
    "village": ("村(社区)", "village"),
    "township": ("乡镇(街道)", "township"),
    "county": ("县(市、区)", "county"),
    "city": ("市", "city"),
    "province": ("省", "province"),
}


def item_not_in_force(code: str, on: date) -> Problem:
    """C1: nothing off-list can be opened."""
    return Problem(
        "item-not-in-force",
        f"事项 {code} 在 {on} 没有生效的版本,不能登记(清单之外无审批)。请在事项目录中另选。",
        f"Item {code} has no version in force on {on}; nothing off the list can be opened. Choose another from the catalogue.",
        422,
        {"item": code},
    )


def not_taken_in_here(version: ItemVersion, level: str) -> Problem:
    """The item's list does not name this level."""
    places_zh = "、".join(LEVEL_WORDS[name][0] for name in version.intake_levels)
    places_en = ", ".join(LEVEL_WORDS[name][1] for name in version.intake_levels)
    return Problem(
        "not-taken-in-here",
        f"“{version.name_zh}”不在本级收件,可到{places_zh}办理。",
        f"“{version.name_en}” is not taken in at this level; it is at: {places_en}.",
        422,
        {"item": version.code, "intake_levels": list(version.intake_levels)},
    )


def unknown_material(version: ItemVersion, ids: Sequence[str]) -> Problem:
    """A material that the item's list does not hold."""
    return Problem(
        "material-unknown",
        f"“{version.name_zh}”的材料清单里没有 {'、'.join(ids)}。请按清单勾选。",
        f"The list of materials of “{version.name_en}” has no {', '.join(ids)}. Please tick from the list.",
        422,
        {"materials": list(ids)},
    )


def no_level_above(level: str) -> Problem:
    """The network of this node has no node of that level."""
    zh, en = LEVEL_WORDS[level]
    return Problem(
        "level-missing",
        f"本网络没有{zh}一级的节点,此件须到{zh}政务服务中心直接办理。",
        f"This network has no {en} node; the matter must be handed in at the {en} centre itself.",
        422,
        {"level": level},
    )


def proxy_needs_entrustment() -> Problem:
    """E5: an agent acts only on a written entrustment."""
    return Problem(
        "entrustment-missing",
        "代办须有申请人签字的委托书。请先打印委托书由申请人签字,再勾选“已签委托书”。",
        "An agent acts only on a signed entrustment. Print it, have it signed, then tick “entrustment signed”.",
        422,
    )


def form_incomplete(errors: Sequence[FieldError]) -> Problem:
    """The form as filled in does not fit; every error at once."""
    return Problem(
        "form-incomplete",
        f"表单有 {len(errors)} 处需要改正:{' '.join(error.zh for error in errors)}",
        f"The form has {len(errors)} errors: {' '.join(error.en for error in errors)}",
        422,
        {"errors": [{"field": e.field, "code": e.code, "zh": e.zh, "en": e.en} for e in errors]},
    )


def not_online(version: ItemVersion) -> Problem:
    """The item is handed in at a window."""
    return Problem(
        "not-online",
        f"“{version.name_zh}”须到窗口办理。请到就近的便民服务窗口,材料清单见办事指南。",
        f"“{version.name_en}” is handed in at a window; see the guide for the materials.",
        422,
        {"item": version.code},
    )


def channel_unknown(channel: str) -> Problem:
    """A channel that does not exist."""
    return Problem(
        "channel-unknown",
        f"收件渠道“{channel}”不存在,可选:窗口、代办、网上。",
        f"There is no channel “{channel}”; choose window, proxy or online.",
        422,
    )


JOINT_LATER = (
    "本件为联办件。并联审批的分送、会签将在后续版本提供;目前只登记,由牵头单位按一个窗口受理办理。",
    "This is a joint item. Sending it to several departments at once comes in a later version; "
    "for now it is registered and the lead unit handles it at one window.",
)
"""What is said when a joint item is registered."""


def attachment_kind(media: str) -> Problem:
    """A file of a kind that is not kept."""
    return Problem(
        "attachment-kind",
        f"不接收“{media}”类型的文件。请上传 JPG、PNG、WebP 图片,PDF 或纯文本。",
        f"Files of type {media} are not taken. Please upload JPG, PNG or WebP pictures, PDF or plain text.",
        415,
    )


def attachment_empty() -> Problem:
    """A file without content."""
    return Problem(
        "attachment-empty", "文件是空的,请重新选择。", "The file is empty; please choose another.", 422
    )


def attachment_too_large(limit_bytes: int) -> Problem:
    """More than an attachment may have."""
    return Problem(
        "attachment-too-large",
        f"文件太大,最多 {limit_bytes // 1_048_576} MB。请压缩或分开上传。",
        f"The file is too large: at most {limit_bytes // 1_048_576} MB. Please compress or split it.",
        413,
    )


def attachment_unknown() -> Problem:
    """The case has no such attachment."""
    return Problem(
        "attachment-unknown", "此件没有这个附件。请刷新页面。", "The case has no such attachment.", 404
    )


def attachment_damaged() -> Problem:
    """The stored bytes are not what was handed in."""
    return Problem(
        "attachment-damaged",
        "附件内容与登记的指纹不符,可能已损坏。请让申请人重新提交,并告知系统管理员。",
        "The attachment does not match its fingerprint; it may be damaged. Ask for it again and tell the operator.",
        409,
    )


def attachment_unreadable() -> Problem:
    """Neither a multipart form with a file nor JSON with base64 content."""
    return Problem(
        "attachment-unreadable",
        "没有读到文件。请用表单上传(字段 material、file),或用 JSON(content 为 base64)。",
        "No file was found. Send a form with `material` and `file`, or JSON with base64 `content`.",
        422,
    )
