"""Service items as immutable documents; pure.

An item version is a JSON document. Its canonical form is the RFC 8785 serialisation of the document with every
member left out that equals its default (an absent key means none, as in the published catalogue); its name is the
lower-case hexadecimal SHA-256 of that form. Two nodes that imported the same item therefore name it alike without
speaking to each other, and adding an optional member to this module later changes no name.

Money is in fen, days are working days unless a unit says `calendar`, levels run village, township, county, city;
`province` lies outside the network and only decides.

Source: catalogue README (keys of an item); requirements.md §2.1, C1–C7; architecture decision 10.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

from federation.canonical import dump

Level = Literal["village", "township", "county", "city"]
DecidingLevel = Literal["village", "township", "county", "city", "province"]
Unit = Literal["working", "calendar"]
LEVELS: tuple[str, ...] = ("village", "township", "county", "city")
"""Levels of the network, bottom up."""
DECIDING_LEVELS: tuple[str, ...] = (*LEVELS, "province")
"""Where something can be decided, bottom up."""


class Handling(StrEnum):
    """办件类型: how a matter of the item is handled."""

    IMMEDIATE = "immediate"
    PROMISED = "promised"
    JOINT = "joint"
    REFERRAL = "referral"


class ItemType(StrEnum):
    """事项类型, by the words of the power list."""

    PERMIT = "行政许可"
    CONFIRMATION = "行政确认"
    PAYMENT = "行政给付"
    REWARD = "行政奖励"
    ADJUDICATION = "行政裁决"
    OTHER_POWER = "其他行政权力"
    PUBLIC_SERVICE = "公共服务"
    BUNDLE = "集成服务"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every part of a version document is: immutable, strict, without its defaults when written."""


class Citation(Part, frozen=True):
    """One citation of a law; `checked` says whether the text was compared (catalogue README)."""

    law: str
    checked: bool
    article: str = ""
    use: str = ""
    source: str = ""
    text_version: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        """《law》article, as a guide prints it."""
        return f"《{self.law}》{self.article}"


class Department(Part, frozen=True):
    """The department whose item it is; `names` by level where it has a name of its own there."""

    id: str
    zh: str
    en: str
    num: str = ""
    names: dict[str, str] = {}

    def name_at(self, level: str) -> str:
        """Its name at a level, else its general name."""
        return self.names.get(level, self.zh)


class Material(Part, frozen=True):
    """材料. `id` is `m1`, `m2` … in the list's order.

    Attributes:
        deferrable: may follow after a conditional acceptance (次要材料, D8).
        shared: can be fetched from a government record instead of asked for.
        source: who issues it.
    """

    id: str
    name: str
    form: Literal["original", "copy", "original_and_copy", "electronic"]
    copies: int = 1
    required: bool = True
    deferrable: bool = False
    shared: bool = False
    source: Literal["applicant", "government", "third_party", "village"] = "applicant"


class Step(Part, frozen=True):
    """One step of the handling; only on-clock steps have days."""

    seq: int
    name: str
    level: DecidingLevel
    role: str
    days: int = 0
    on_clock: bool = False


class StatutoryLimit(Part, frozen=True):
    """法定时限 in the law's own words and unit."""

    days: int
    unit: Unit
    text: str
    basis: Citation


class Extension(Part, frozen=True):
    """延期: further days on approval; None where the law gives no number."""

    unit: Unit
    days: int | None = None
    basis: Citation | None = None


class FirstReview(Part, frozen=True):
    """初审 of a referral at the level below the decision."""

    level: Level
    promised_days: int
    statutory_days: int | None = None
    basis: Citation | None = None


class SpecialProcedure(Part, frozen=True):
    """特别程序; `max_days` None: as long as it takes. `when`: only in this case."""

    name: str
    unit: Unit
    pauses_clock: bool
    max_days: int | None = None
    days_source: Literal["law", "own", ""] = ""
    when: str = ""
    basis: Citation | None = None
    days_basis: Citation | None = None


class Consult(Part, frozen=True):
    """A department asked for an opinion, with days."""

    department: str
    days: int
    unit: Unit
    matter: str
    days_source: Literal["law", "own", ""] = ""
    basis: Citation | None = None


class Routing(Part, frozen=True):
    """A case decided at another level than usual, in words."""

    when: str
    deciding_level: DecidingLevel
    basis: Citation | None = None


class DeemedApproval(Part, frozen=True):
    """Silence means consent by law."""

    applies: bool
    text: str
    basis: Citation


class FeeLine(Part, frozen=True):
    """One line of a fee standard; `amount_fen` None where the province sets it."""

    item: str
    unit: str
    amount_fen: int | None = None
    basis: Citation | None = None
    note: str = ""


class Fee(Part, frozen=True):
    """收费; nothing may be taken without a standard."""

    charged: bool = False
    standard: tuple[FeeLine, ...] = ()
    basis: Citation | None = None


class Result(Part, frozen=True):
    """What the applicant gets; `validity_months` None: none or not known."""

    name: str
    name_en: str
    kind: Literal["certificate", "approval", "registration", "document", "receipt", "service", "payment"]
    validity_months: int | None = None
    validity_basis: Citation | None = None
    electronic: bool = False


class Component(Part, frozen=True):
    """One part of a bundle; stages run one after another, parts of a stage in parallel."""

    code: str
    name: str
    department: str
    level: Level
    stage: int
    promised_days: int
    default_on_timeout: bool = False
    default_on_absence: bool = False


class JointPlan(Part, frozen=True):
    """How a bundle is run."""

    lead: str
    mode: str
    unified_intake: bool = False
    unified_delivery: bool = False


class Choice(Part, frozen=True):
    """One value of a choice field."""

    value: str
    zh: str
    en: str


class Field(Part, frozen=True):
    """One field of a form.

    Attributes:
        type: text, id_number (GB 11643), uscc (GB 32100), phone, date, choice, integer, address, money (fen).
        personal: it tells about a person, so it is stored encrypted and never leaves open.
        min, max: text: number of characters; integer and money (fen): value; date: days from today, inclusive.
    """

    id: str
    zh: str
    en: str
    type: Literal["text", "id_number", "uscc", "phone", "date", "choice", "integer", "address", "money"]
    required: bool = True
    personal: bool = True
    choices: tuple[Choice, ...] = ()
    min: int | None = None
    max: int | None = None
    hint_zh: str = ""
    hint_en: str = ""


class ItemDocument(Part, frozen=True, kw_only=True):
    """An item version as it is written and hashed."""

    code: str
    name_zh: str
    name_en: str
    type: ItemType
    theme: str
    handling: Handling
    home_level: Level
    intake_levels: tuple[Level, ...]
    deciding_level: DecidingLevel
    department: Department
    subject: tuple[Literal["个人", "法人"], ...]
    legal_basis: tuple[Citation, ...]
    promised_days: int
    conditions: tuple[str, ...]
    materials: tuple[Material, ...]
    steps: tuple[Step, ...]
    fee: Fee
    result: Result
    online: Literal["full", "partial", "none"]
    visits: int
    fields: tuple[Field, ...] = ()
    proxy_levels: tuple[Level, ...] = ()
    statutory: StatutoryLimit | None = None
    statutory_days: int | None = None
    extension: Extension | None = None
    first_review: FirstReview | None = None
    special_procedures: tuple[SpecialProcedure, ...] = ()
    consults: tuple[Consult, ...] = ()
    routing: tuple[Routing, ...] = ()
    deemed_approval: DeemedApproval | None = None
    site_visit: bool = False
    auto_decision: bool = False
    delegable: bool = False
    delegable_to: tuple[Level, ...] = ()
    delegation_basis: Citation | None = None
    delegation_class: int | None = None
    sensitive: tuple[Literal["environment", "work_safety", "personal_safety", "food_safety"], ...] = ()
    components: tuple[Component, ...] = ()
    joint: JointPlan | None = None
    notes: str = ""


class ItemVersion(ItemDocument, frozen=True, kw_only=True):
    """An immutable version: the document and its name.

    Attributes:
        hash: SHA-256 of the canonical form, 64 lower-case hexadecimal digits.
    """

    hash: str

    @property
    def settle_level(self) -> str:
        """The level of the network where a matter should end (A3); outside items end at the city."""
        return "city" if self.deciding_level == "province" else self.deciding_level

    def material(self, material_id: str) -> Material | None:
        """The material of that id, None when the list has none."""
        return next((material for material in self.materials if material.id == material_id), None)

    @property
    def required_materials(self) -> tuple[Material, ...]:
        """What must be there for an unconditional acceptance."""
        return tuple(material for material in self.materials if material.required)


for _kind in (Field, ItemDocument, ItemVersion):
    msgspec.json.Decoder(_kind)
# Reads the types now, in one thread: msgspec 0.22 crashes the process when two threads are the first to use a type.


class ItemDocumentError(ValueError):
    """A document is no item version.

    Attributes:
        code: the item's code, "" when even that cannot be read.
        reason: what is wrong, with the JSON path of the fault, as `$.materials[0].form`.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code or '?'}: {reason}")
        self.code = code
        self.reason = reason


def canonical_form(document: ItemDocument) -> bytes:
    """The bytes that are hashed: RFC 8785, defaults left out, without `hash`."""
    plain = msgspec.to_builtins(document)
    plain.pop("hash", None)
    return dump(plain)


def version_of(document: Mapping[str, Any]) -> ItemVersion:
    """The version a plain JSON document is, whatever defaults it spells out.

    Raises:
        ItemDocumentError: a member is missing, unknown or of the wrong type.
    """
    code = str(document.get("code", ""))
    try:
        read = msgspec.convert(dict(document), ItemDocument)
    except msgspec.ValidationError as error:
        raise ItemDocumentError(code, str(error)) from error
    form = canonical_form(read)
    name = hashlib.sha256(form).hexdigest()
    return msgspec.convert({**msgspec.json.decode(form), "hash": name}, ItemVersion)


def plain_document(version: ItemDocument) -> dict[str, Any]:
    """The version as plain JSON values, defaults left out and without its hash: what is stored and published."""
    plain: dict[str, Any] = msgspec.to_builtins(version)
    plain.pop("hash", None)
    return plain
