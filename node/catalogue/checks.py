"""Hard rules a catalogue must keep before any of it comes into force; pure.

Each check yields breaches with a stable code and a sentence in Chinese and English; an importer reports all of them
at once and imports nothing. Source: 行政许可法 24, 42–43; 村民委员会组织法 5 (a village is no level of government);
requirements.md §2.2, §2.3, §2.8, B9, B10, C1–C3, E4, E6; catalogue README.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from node.catalogue.rules import DECIDING_LEVELS, LEVELS, Handling, ItemType, ItemVersion

APPROVAL_LAYERS = 2
"""B9: at most two layers (一审一核) at the deciding level."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken rule: of which item ("" for the whole text), its stable code, and the sentence about it."""

    item: str
    code: str
    zh: str
    en: str


Check = Callable[[ItemVersion], Iterator[tuple[str, str, str]]]


def check_version(version: ItemVersion, forbidden_village_proofs: Collection[str] = ()) -> list[Breach]:
    """Every hard rule an item breaks by itself; empty when it may come into force.

    Args:
        forbidden_village_proofs: names of the proofs a village may not issue.
    """
    found = [
        Breach(version.code, code, f"“{version.name_zh}”{zh}", f"“{version.name_en}”: {en}")
        for check in CHECKS
        for code, zh, en in check(version)
    ]
    found.extend(
        Breach(
            version.code,
            "village-proof",
            f"“{version.name_zh}”要求村(社区)出具不得出具的证明“{material.name}”",
            f"“{version.name_en}” asks a village for a proof it may not issue: {material.name}",
        )
        for material in version.materials
        if material.source == "village" and material.name in forbidden_village_proofs
    )
    return found


def check_catalogue(versions: Sequence[ItemVersion], departments: Mapping[str, object]) -> list[Breach]:
    """What can only be judged over all items: repeated codes and names, unknown departments and parts."""
    found: list[Breach] = []
    for what, code, values in (
        ("代码", "repeated-code", [version.code for version in versions]),
        ("中文名称", "repeated-name", [version.name_zh for version in versions]),
        ("英文名称", "repeated-name-en", [version.name_en for version in versions]),
    ):
        found.extend(
            Breach("", code, f"{what}“{value}”出现 {count} 次", f"“{value}” occurs {count} times")
            for value, count in Counter(values).items()
            if count > 1
        )
    by_code = {version.code: version for version in versions}
    for version in versions:
        found.extend(_check_parts(version, by_code))
        named = {consult.department for consult in version.consults} | {
            part.department for part in version.components
        }
        found.extend(
            Breach(
                version.code, "unknown-department", f"部门 {name} 不在目录中", f"department {name} is unknown"
            )
            for name in sorted(named - set(departments))
        )
    return found


def _check_parts(version: ItemVersion, by_code: Mapping[str, ItemVersion]) -> Iterator[Breach]:
    for part in version.components:
        item = by_code.get(part.code)
        if item is None:
            yield Breach(
                version.code,
                "unknown-part",
                f"组成事项 {part.code} 不在目录中",
                f"part {part.code} is unknown",
            )
            continue
        if item.handling is Handling.JOINT:
            yield Breach(
                version.code,
                "nested-bundle",
                f"组成事项 {part.code} 本身是联办件",
                f"part {part.code} is a bundle",
            )
        if item.statutory_days is not None and part.promised_days > item.statutory_days:
            yield Breach(
                version.code,
                "part-over-statutory",
                f"组成事项 {part.code} 超过其法定时限",
                f"part {part.code} exceeds its limit",
            )
        if item.sensitive and (part.default_on_timeout or part.default_on_absence):
            yield Breach(
                version.code,
                "silence-on-sensitive",
                f"敏感事项 {part.code} 不得默认同意",
                f"silence on sensitive part {part.code}",
            )


def _identity(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    if not re.fullmatch("[0-9]{12}", version.code):
        yield "code-form", "的事项代码不是 12 位数字", "its code is not 12 digits"
    for name, values in (
        ("办理条件", version.conditions),
        ("申请材料", version.materials),
        ("设定依据", version.legal_basis),
        ("办理步骤", version.steps),
        ("服务对象", version.subject),
        ("收件层级", version.intake_levels),
    ):
        if not values:
            yield (
                "guide-incomplete",
                f"的办事指南缺少{name},不能发布",
                f"its guide lacks a mandatory part ({name})",
            )
    names = Counter(material.name for material in version.materials)
    for name, count in names.items():
        if count > 1:
            yield "repeated-material", f"的材料“{name}”重复", f"material {name} occurs twice"
    for material in version.materials:
        if material.copies < 1:
            yield "copies", f"的材料“{material.name}”份数不足一份", f"material {material.name} has no copies"


def _levels(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    intake, proxy, decide = version.intake_levels, version.proxy_levels, version.deciding_level
    if list(intake) != sorted(set(intake), key=LEVELS.index):
        yield (
            "intake-order",
            "的收件层级重复或未从下到上排列",
            "its intake levels repeat or are not bottom up",
        )
    if not set(proxy) <= set(intake) or not set(proxy) <= {"village", "township"}:
        yield (
            "proxy-levels",
            "的代办层级须是收件层级中的村或乡镇",
            "its proxy levels are not village or township intake levels",
        )
    if decide in proxy:
        yield "decided-by-proxy", "由代办层级自己决定", "it is decided by the level that only acts as proxy"
    if version.home_level not in intake:
        yield "home-level", "所属层级不收件", "its home level takes nothing in"
    if intake and decide not in intake and _above(intake[0], decide):
        yield "intake-above", "只能在决定层级之上收件", "it is handed in only above its deciding level"
    if decide == "province" and version.handling is not Handling.REFERRAL:
        yield (
            "outside-decision",
            "由省决定却不是上报件",
            "it is decided outside the network but is no referral",
        )


def _village(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    """A village committee is no administrative organ: it can hold no permit power, and none may be delegated to it."""
    powers = {
        ItemType.PERMIT,
        ItemType.CONFIRMATION,
        ItemType.ADJUDICATION,
        ItemType.REWARD,
        ItemType.PAYMENT,
    }
    routed = {route.deciding_level for route in version.routing}
    if version.type in powers and ("village" in routed or version.deciding_level == "village"):
        yield (
            "village-decides",
            f"是{version.type},不得由村(社区)决定(村委会组织法第五条)",
            "an administrative power cannot be decided by a village committee",
        )
    if "village" in version.delegable_to:
        yield (
            "village-delegation",
            "不得下放到村(社区):不是行政机关",
            "it cannot be delegated to a village: no organ",
        )
    if version.sensitive and version.deciding_level == "village":
        yield (
            "village-sensitive",
            "是敏感事项,不得由村(社区)决定",
            "a sensitive item cannot be decided by a village",
        )


def _clock(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    statutory, promised = version.statutory_days, version.promised_days
    if (version.statutory is None) != (statutory is None):
        yield (
            "statutory-pair",
            "的法定时限与折算工作日不一致",
            "its statutory limit and statutory_days disagree",
        )
    if version.statutory is not None:
        days = version.statutory.days
        working = days if version.statutory.unit == "working" else days * 5 // 7
        if days < 1 or statutory != working:
            yield (
                "statutory-days",
                f"的法定时限应折算为 {working} 个工作日",
                f"its statutory limit equals {working} working days",
            )
    if promised < 0:
        yield "promised-negative", "的承诺时限是负数", "its promise is negative"
    if statutory is not None and promised > statutory:
        yield (
            "promise-over-statutory",
            f"承诺 {promised} 个工作日,超过法定 {statutory} 个工作日",
            f"it promises {promised} working days, the law allows {statutory}",
        )
    if (version.handling is Handling.IMMEDIATE) != (promised == 0):
        yield (
            "immediate-promise",
            "即办件的承诺时限须为 0,其他须至少 1",
            "immediate items promise 0 days, all others at least 1",
        )
    if version.extension is not None and statutory is None:
        yield "extension-alone", "有延期却没有法定时限", "it has an extension without a statutory limit"


def _steps(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    steps = version.steps
    if [step.seq for step in steps] != list(range(1, len(steps) + 1)):
        yield "step-numbers", "的步骤没有从 1 连续编号", "its steps are not numbered 1..n"
    if sum(step.days for step in steps if step.on_clock) != version.promised_days:
        yield "step-days", "各步骤时限之和不等于承诺时限", "its step days do not add up to the promise"
    if any(step.days != 0 for step in steps if not step.on_clock):
        yield "step-off-clock", "不计时步骤带有天数", "an off-clock step has days"
    if not any(step.on_clock and step.level == version.deciding_level for step in steps):
        yield "step-decision", "在决定层级没有计时步骤", "no on-clock step at its deciding level"
    layers = [s for s in steps if s.level == version.deciding_level and s.role in {"reviewer", "approver"}]
    if len(layers) > APPROVAL_LAYERS:
        yield (
            "approval-layers",
            f"审批层级 {len(layers)} 层,超过一审一核两层",
            f"{len(layers)} approval layers, at most two",
        )


def _referral(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    review = version.first_review
    if (version.handling is Handling.REFERRAL) != (review is not None):
        yield (
            "first-review",
            "上报件须有初审,其他不得有初审",
            "referrals need a first review, others have none",
        )
    if review is None:
        return
    if review.level not in version.intake_levels or review.level in version.proxy_levels:
        yield "first-review-level", "的初审层级不收件", "its first review is at a level that takes nothing in"
    if not _above(version.deciding_level, review.level):
        yield "first-review-above", "的初审不在决定层级之下", "its first review is not below the decision"
    if not 0 <= review.promised_days < version.promised_days:
        yield "first-review-days", "的初审用完了承诺时限", "its first review takes the whole promise"
    if review.statutory_days is not None and review.promised_days > review.statutory_days:
        yield (
            "first-review-statutory",
            "的初审承诺超过法定时限",
            "its first review promises more than the law allows",
        )


def _joint(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    joint = version.handling is Handling.JOINT
    if (
        not joint
        == bool(version.components)
        == (version.joint is not None)
        == (version.type is ItemType.BUNDLE)
    ):
        yield "joint-marks", "的联办标记互相矛盾", "its marks of a bundle disagree"
    longest: dict[int, int] = defaultdict(int)
    for part in version.components:
        longest[part.stage] = max(longest[part.stage], part.promised_days)
    if sorted(longest) != list(range(1, len(longest) + 1)):
        yield "joint-stages", "的并联阶段没有从 1 连续编号", "its stages are not 1..n"
    if sum(longest.values()) > version.promised_days:
        yield "joint-days", "的各阶段之和超过承诺时限", "its stages take longer than promised"


def _decision(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    if version.auto_decision and (version.handling is not Handling.IMMEDIATE or version.sensitive):
        yield (
            "auto-decision",
            "秒批只限非敏感的即办件",
            "automatic decisions are for immediate items that are not sensitive",
        )
    if version.deemed_approval is not None and version.deemed_approval.applies and version.sensitive:
        yield "silence-on-sensitive", "是敏感事项,不得默认同意", "silence never approves a sensitive item"
    if version.fee.charged and not version.fee.standard:
        yield "fee-standard", "收费却没有收费标准", "it is charged without a standard"
    if any(line.basis is None for line in version.fee.standard):
        yield "fee-basis", "的收费标准缺少依据", "a fee line has no legal basis"
    if not version.fee.charged and any(line.amount_fen for line in version.fee.standard):
        yield (
            "fee-hidden",
            "说不收费,标准里却有金额",
            "it is said to be free but its standard names an amount",
        )
    if any(not _above(version.deciding_level, level) for level in version.delegable_to):
        yield "delegated-upward", "只能向下放权", "it can be delegated downward only"
    if version.delegable != bool(version.delegable_to):
        yield "delegation-marks", "的下放标记互相矛盾", "its marks of delegation disagree"
    if version.visits == 0 and version.online == "none" and not version.proxy_levels:
        yield (
            "no-way-in",
            "既不能网办也不能代办,却说不用跑",
            "no visit is needed but it is neither online nor proxied",
        )


def _form(version: ItemVersion) -> Iterator[tuple[str, str, str]]:
    for field_id, count in Counter(field.id for field in version.fields).items():
        if count > 1:
            yield "repeated-field", f"的表单字段 {field_id} 重复", f"form field {field_id} occurs twice"
    for field in version.fields:
        if (field.type == "choice") != bool(field.choices):
            yield (
                "field-choices",
                f"的表单字段“{field.zh}”选项与类型不符",
                f"form field {field.id}: choices and type disagree",
            )


CHECKS: tuple[Check, ...] = (
    _identity,
    _levels,
    _village,
    _clock,
    _steps,
    _referral,
    _joint,
    _decision,
    _form,
)


def _above(upper: str, lower: str) -> bool:
    return DECIDING_LEVELS.index(upper) > DECIDING_LEVELS.index(lower)
