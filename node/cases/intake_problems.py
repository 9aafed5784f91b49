"""What intake refuses, as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

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
