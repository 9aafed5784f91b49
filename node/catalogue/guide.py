"""The service guide of an item: what a citizen must know before coming, in words; pure.

Labels and codes are said in Chinese and English; what comes from the law or the published list (names of materials,
conditions, steps) stands as published, in Chinese. Source: requirements.md C3 (mandatory guide fields), C5, C9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from node.catalogue.rules import Citation, FeeLine, Handling, ItemVersion, Material, SpecialProcedure

Words = tuple[str, str]
"""The same in Chinese and English."""

LEVEL_WORDS: Mapping[str, Words] = {
    "village": ("村(社区)便民服务室", "Village service room"),
    "township": ("乡镇(街道)便民服务中心", "Township service centre"),
    "county": ("县(市、区)政务服务中心", "County service centre"),
    "city": ("市政务服务中心", "City service centre"),
    "province": ("省级机关", "Provincial organ"),
}
HANDLING_WORDS: Mapping[Handling, Words] = {
    Handling.IMMEDIATE: ("即办件", "Immediate"),
    Handling.PROMISED: ("承诺件", "Promised"),
    Handling.JOINT: ("联办件", "Joint"),
    Handling.REFERRAL: ("上报件", "Referral"),
}
TYPE_WORDS: Mapping[str, Words] = {
    "行政许可": ("行政许可", "Administrative permit"),
    "行政确认": ("行政确认", "Administrative confirmation"),
    "行政给付": ("行政给付", "Administrative payment"),
    "行政奖励": ("行政奖励", "Administrative reward"),
    "行政裁决": ("行政裁决", "Administrative adjudication"),
    "其他行政权力": ("其他行政权力", "Other administrative power"),
    "公共服务": ("公共服务", "Public service"),
    "集成服务": ("集成服务(一件事)", "One-stop bundle"),
}
SUBJECT_WORDS: Mapping[str, Words] = {
    "个人": ("个人", "Natural persons"),
    "法人": ("法人和其他组织", "Legal persons and organisations"),
}
FORM_WORDS: Mapping[str, Words] = {
    "original": ("原件", "Original"),
    "copy": ("复印件", "Copy"),
    "original_and_copy": ("原件和复印件", "Original and copy"),
    "electronic": ("电子件", "Electronic"),
}
SOURCE_WORDS: Mapping[str, Words] = {
    "applicant": ("申请人自备", "Brought by the applicant"),
    "government": ("政府部门核发", "Issued by a government department"),
    "third_party": ("其他机构出具", "Issued by another institution"),
    "village": ("村(社区)出具", "Issued by the village"),
}
ONLINE_WORDS: Mapping[str, Words] = {
    "full": ("全程网办", "Online throughout"),
    "partial": ("部分环节网办", "Partly online"),
    "none": ("窗口办理", "At the window"),
}
THEME_WORDS: Mapping[str, str] = {
    "便民服务": "Everyday services",
    "纠纷化解": "Settling disputes",
    "村民自治": "Village self-government",
    "农村集体": "Rural collective",
    "农村土地": "Rural land",
    "民生保障": "Livelihood",
    "养老助老": "Old age",
    "文化体育": "Culture and sport",
    "农业生产": "Farming",
    "卫生健康": "Health",
    "社会保障": "Social insurance",
    "社会救助": "Social assistance",
    "残疾人服务": "Disability",
    "退役军人": "Veterans",
    "户籍治安": "Household register and public order",
    "就业创业": "Work and start-ups",
    "公共法律": "Legal services",
    "儿童福利": "Child welfare",
    "农村建房": "Building in the countryside",
    "教育": "Education",
    "国防兵役": "Military service",
    "房产住房": "Housing and property",
    "市场准入": "Starting a business",
    "工程建设": "Construction",
    "生态环境": "Environment",
    "城市管理": "City management",
    "交通运输": "Transport",
    "婚姻家庭": "Marriage and family",
    "社会组织": "Associations",
    "民族宗教": "Ethnic and religious affairs",
    "政务公开": "Open government",
    "安全生产": "Work safety",
    "出入境": "Travel documents",
}


@dataclass(frozen=True, slots=True)
class HandInPlace:
    """Where the item can be handed in.

    Attributes:
        proxy: only taken in there on behalf of the applicant (代办).
        here: this node's own level.
    """

    level: str
    words: Words
    proxy: bool
    here: bool


@dataclass(frozen=True, slots=True)
class Guide:
    """An item's guide: the version, and its codes in words."""

    version: ItemVersion
    type: Words
    theme: Words
    handling: Words
    subjects: tuple[Words, ...]
    promise: Words
    statutory: Words
    extension: Words | None
    decided_by: Words
    places: tuple[HandInPlace, ...]
    online: Words
    visits: Words
    fees: tuple[tuple[FeeLine, Words], ...]
    procedures: tuple[tuple[SpecialProcedure, Words], ...]
    legal_basis: tuple[Citation, ...]

    @property
    def taken_in_here(self) -> bool:
        """Whether this node's level takes it in."""
        return any(place.here for place in self.places)


def guide_of(version: ItemVersion, level: str) -> Guide:
    """The guide of a version as a node of a level shows it."""
    decider = version.department.name_at(version.deciding_level)
    return Guide(
        version=version,
        type=TYPE_WORDS[version.type],
        theme=theme_words(version.theme),
        handling=HANDLING_WORDS[version.handling],
        subjects=tuple(SUBJECT_WORDS[subject] for subject in version.subject),
        promise=promise_words(version),
        statutory=_statutory_words(version),
        extension=_extension_words(version),
        decided_by=(decider, f"{version.department.en}, {LEVEL_WORDS[version.deciding_level][1].lower()}"),
        places=tuple(
            HandInPlace(place, LEVEL_WORDS[place], place in version.proxy_levels, place == level)
            for place in version.intake_levels
        ),
        online=ONLINE_WORDS[version.online],
        visits=_visits_words(version.visits),
        fees=tuple((line, fee_words(line)) for line in version.fee.standard),
        procedures=tuple((one, _procedure_words(one)) for one in version.special_procedures),
        legal_basis=version.legal_basis,
    )


def theme_words(theme: str) -> Words:
    """A theme in both languages; an unknown one as published."""
    return theme, THEME_WORDS.get(theme, theme)


def promise_words(version: ItemVersion) -> Words:
    """What is promised, in working days."""
    if version.promised_days == 0:
        return "当场办结", "Settled on the spot"
    return f"受理后 {version.promised_days} 个工作日", f"{_days(version.promised_days)} after acceptance"


def fee_words(line: FeeLine) -> Words:
    """An amount in yuan with its unit, or that the province sets it."""
    if line.amount_fen is None:
        return f"按省定标准(每{line.unit})", f"As set by the province (per {line.unit})"
    yuan = f"{line.amount_fen // 100}" if line.amount_fen % 100 == 0 else f"{line.amount_fen / 100:.2f}"
    return f"{yuan} 元/{line.unit}", f"{yuan} yuan per {line.unit}"


def material_words(material: Material) -> Words:
    """How a material is wanted: form, copies, and whether it may follow or is fetched by the office."""
    zh, en = FORM_WORDS[material.form]
    notes_zh, notes_en = [f"{zh} {material.copies} 份"], [f"{en} × {material.copies}"]
    if not material.required:
        notes_zh.append("视情况提供")
        notes_en.append("where it applies")
    if material.deferrable:
        notes_zh.append("可容缺后补")
        notes_en.append("may follow later")
    if material.shared:
        notes_zh.append("可由部门共享核验,不必另开证明")
        notes_en.append("can be checked in a government record instead")
    return ",".join(notes_zh), ", ".join(notes_en)


def plain_guide(guide: Guide, form: Mapping[str, Any]) -> dict[str, Any]:
    """The guide as JSON values, for the API; words as `{zh, en}`.

    Args:
        form: the item's form, from `forms.plain_form`.
    """
    version = guide.version
    return {
        "code": version.code,
        "version": version.hash,
        "name": _both((version.name_zh, version.name_en)),
        "type": _both(guide.type),
        "theme": _both(guide.theme),
        "handling": str(version.handling),
        "handling_words": _both(guide.handling),
        "subjects": [_both(words) for words in guide.subjects],
        "home_level": version.home_level,
        "intake_levels": list(version.intake_levels),
        "proxy_levels": list(version.proxy_levels),
        "deciding_level": version.deciding_level,
        "decided_by": _both(guide.decided_by),
        "first_review_level": version.first_review.level if version.first_review is not None else None,
        "promised_days": version.promised_days,
        "statutory_days": version.statutory_days,
        "promise": _both(guide.promise),
        "statutory": _both(guide.statutory),
        "extension": _both(guide.extension) if guide.extension is not None else None,
        "online": version.online,
        "visits": version.visits,
        "conditions": list(version.conditions),
        "materials": [_plain_material(material) for material in version.materials],
        "steps": [
            {"seq": s.seq, "name": s.name, "level": s.level, "days": s.days, "on_clock": s.on_clock}
            for s in version.steps
        ],
        "special_procedures": [
            {"name": one.name, "pauses_clock": one.pauses_clock, "words": _both(words)}
            for one, words in guide.procedures
        ],
        "fee": {
            "charged": version.fee.charged,
            "standard": [
                {"item": line.item, "unit": line.unit, "amount_fen": line.amount_fen, "words": _both(words)}
                for line, words in guide.fees
            ],
        },
        "result": {
            "name": _both((version.result.name, version.result.name_en)),
            "kind": version.result.kind,
            "validity_months": version.result.validity_months,
            "electronic": version.result.electronic,
        },
        "legal_basis": [
            {"law": basis.law, "article": basis.article, "use": basis.use, "checked": basis.checked}
            for basis in guide.legal_basis
        ],
        "sensitive": list(version.sensitive),
        "notes": version.notes,
        "form": dict(form),
    }


def plain_line(version: ItemVersion) -> dict[str, Any]:
    """An item as a list shows it, as JSON values."""
    return {
        "code": version.code,
        "version": version.hash,
        "name": _both((version.name_zh, version.name_en)),
        "theme": _both(theme_words(version.theme)),
        "type": str(version.type),
        "handling": str(version.handling),
        "home_level": version.home_level,
        "intake_levels": list(version.intake_levels),
        "proxy_levels": list(version.proxy_levels),
        "deciding_level": version.deciding_level,
        "promised_days": version.promised_days,
        "statutory_days": version.statutory_days,
        "charged": version.fee.charged,
    }


def _plain_material(material: Material) -> dict[str, Any]:
    return {
        "id": material.id,
        "name": material.name,
        "form": material.form,
        "copies": material.copies,
        "required": material.required,
        "deferrable": material.deferrable,
        "shared": material.shared,
        "source": material.source,
    }


def _statutory_words(version: ItemVersion) -> Words:
    limit = version.statutory
    if limit is None:
        return "法律未规定期限", "No limit is set by law"
    unit = "工作日" if limit.unit == "working" else "日"
    english = _days(limit.days) if limit.unit == "working" else f"{limit.days} calendar days"
    return f"{limit.days} 个{unit}({limit.basis.label})", f"{english} ({limit.basis.label})"


def _extension_words(version: ItemVersion) -> Words | None:
    extension = version.extension
    if extension is None:
        return None
    if extension.days is None:
        return "经批准可以延长", "May be extended on approval"
    unit = "工作日" if extension.unit == "working" else "日"
    english = _days(extension.days) if extension.unit == "working" else f"{extension.days} calendar days"
    return f"经批准可延长 {extension.days} 个{unit}", f"May be extended by {english} on approval"


def _procedure_words(one: SpecialProcedure) -> Words:
    unit = ("个工作日", "working days") if one.unit == "working" else ("日", "calendar days")
    length = (
        (f"最长 {one.max_days} {unit[0]}", f"at most {one.max_days} {unit[1]}")
        if one.max_days is not None
        else ("按实际需要", "as long as it takes")
    )
    clock = ("不计入时限", "not counted") if one.pauses_clock else ("计入时限", "counted in the limit")
    when = (f",仅限:{one.when}", f", only if: {one.when}") if one.when else ("", "")
    return f"{length[0]},{clock[0]}{when[0]}", f"{length[1]}, {clock[1]}{when[1]}"


def _visits_words(visits: int) -> Words:
    if visits == 0:
        return "不用跑", "No visit"
    return f"最多跑 {visits} 次", f"At most {visits} visit{'s' if visits > 1 else ''}"


def _days(days: int) -> str:
    return f"{days} working day{'s' if days != 1 else ''}"


def _both(words: Words) -> dict[str, str]:
    return {"zh": words[0], "en": words[1]}
