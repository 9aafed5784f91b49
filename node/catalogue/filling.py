"""Checking what was filled in, and putting it into one form: sentences for people, normal values for the program.

Values are first made uniform, so that an exact look-up finds them again: outer space dropped, full-width digits and
letters narrowed, identity numbers and codes in capitals, phones without spaces. Money is asked in yuan and kept in
fen; dates are ISO; integers are numbers. Nothing is guessed: what does not fit is an error with its sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from node.catalogue.forms import KIND_WORDS, Form
from node.catalogue.rules import Field
from node.kernel.identity_numbers import IdentityNumberError, check_resident_id, check_uscc

TEXT_MAX = 200
"""Characters of a text without a limit of its own."""
ADDRESS_MIN, ADDRESS_MAX = 4, 200
MOBILE = re.compile("1[3-9][0-9]{9}")
LANDLINE = re.compile("(?:0[0-9]{2,3}-?)?[2-9][0-9]{6,7}(?:-[0-9]{1,6})?")
OTHER_DOCUMENT = re.compile("[A-Z0-9()-]{5,24}")
DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHOLE = re.compile("-?[0-9]{1,15}")
YUAN = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,2})?")
FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff0b\uff0d\uff0e]")
"""Full-width digits, letters, plus, hyphen and full stop."""
FULL_WIDTH_SHIFT = 0xFEE0
RESIDENT_ID = "resident_id"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field.

    Attributes:
        field: path as pages name it: `applicant.phone`, `agent.name`, `form.land_area`.
        code: stable: required, unknown, length, number, range, date, choice, phone, id_number, uscc.
    """

    field: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled form, normal; usable only when `errors` is empty.

    Attributes:
        applicant: `kind` and the block's values; `agent` (a mapping) when one acts.
        form: the item's own values; absent when left empty.
    """

    applicant: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()


class _Wrong(Exception):
    """A value does not fit its field."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.code, self.zh, self.en = code, zh, en


def check_form(form: Form, values: Mapping[str, Any], today: date) -> list[FieldError]:
    """Everything that is wrong with a filled form, in the form's order; empty when it may be handed in."""
    return list(fill_form(form, values, today).errors)


def fill_form(form: Form, values: Mapping[str, Any], today: date) -> Filled:
    """Checks and normalises a filled form.

    Args:
        values: `applicant` (with `kind`), `form`, and `agent` when one acts: each a mapping of strings or numbers.
        today: the local day, for dates.
    """
    errors: list[FieldError] = []
    given = _mapping(values.get("applicant"))
    kind = str(given.get("kind") or (form.kinds[0] if form.kinds else ""))
    applicant: dict[str, Any] = {"kind": kind}
    if kind not in form.applicant:
        allowed_zh = "、".join(KIND_WORDS[name][0] for name in form.kinds)
        allowed_en = ", ".join(KIND_WORDS[name][1] for name in form.kinds)
        errors.append(
            FieldError(
                "applicant.kind",
                "choice",
                f"此事项的申请人须为{allowed_zh}。",
                f"The applicant must be: {allowed_en}.",
            )
        )
    else:
        block = {key: value for key, value in given.items() if key != "kind"}
        applicant.update(_fill("applicant", form.applicant[kind], block, today, errors))
    agent = _mapping(values.get("agent"))
    if any(not _empty(value) for value in agent.values()):
        applicant["agent"] = _fill("agent", form.agent, agent, today, errors)
    filled = _fill("form", form.fields, _mapping(values.get("form")), today, errors)
    _check_spans(form.fields, filled, errors)
    return Filled(applicant, filled, tuple(errors))


def _fill(
    block: str, fields: Iterable[Field], values: Mapping[str, Any], today: date, errors: list[FieldError]
) -> dict[str, Any]:
    known: dict[str, Any] = {}
    names = []
    for one in fields:
        names.append(one.id)
        value = values.get(one.id)
        path = f"{block}.{one.id}"
        if _empty(value):
            if one.required:
                errors.append(
                    FieldError(path, "required", f"请填写“{one.zh}”。", f"Please fill in “{one.en}”.")
                )
            continue
        if not isinstance(value, str | int) or isinstance(value, bool):
            errors.append(
                FieldError(path, "type", f"“{one.zh}”的格式不对。", f"“{one.en}” has the wrong type.")
            )
            continue
        try:
            known[one.id] = _read_value(one, narrow(str(value)), known, today)
        except _Wrong as wrong:
            errors.append(FieldError(path, wrong.code, wrong.zh, wrong.en))
    errors.extend(
        FieldError(
            f"{block}.{name}", "unknown", f"表单里没有“{name}”这一项。", f"The form has no field “{name}”."
        )
        for name in values
        if name not in names
    )
    return known


def narrow(text: str) -> str:
    """Full-width digits, letters and signs of identity numbers narrowed, outer space dropped; other text untouched."""
    plain = "".join(chr(ord(c) - FULL_WIDTH_SHIFT) if FULL_WIDTH.fullmatch(c) else c for c in text)
    return unicodedata.normalize("NFC", plain.replace("\u3000", " ")).strip()


def _read_value(one: Field, text: str, known: Mapping[str, Any], today: date) -> Any:
    if one.type == "id_number" and known.get("id_type", RESIDENT_ID) != RESIDENT_ID:
        return _read_other_document(one, text)
    return READERS[one.type](one, text, today)


def _read_text(one: Field, text: str, today: date) -> str:
    low, high = one.min if one.min is not None else 1, one.max if one.max is not None else TEXT_MAX
    return _sized(one, text, low, high)


def _read_address(one: Field, text: str, today: date) -> str:
    return _sized(one, text, ADDRESS_MIN, ADDRESS_MAX)


def _sized(one: Field, text: str, low: int, high: int) -> str:
    if any(unicodedata.category(c) == "Cc" and c not in "\n\r\t" for c in text):
        raise _Wrong(
            "text", f"“{one.zh}”里有不能显示的字符。", f"“{one.en}” holds characters that cannot be shown."
        )
    if not low <= len(text) <= high:
        raise _Wrong(
            "length",
            f"“{one.zh}”须为 {low} 至 {high} 个字,现为 {len(text)} 个。",
            f"“{one.en}” takes {low} to {high} characters; this has {len(text)}.",
        )
    return text


def _read_id_number(one: Field, text: str, today: date) -> str:
    number = text.replace(" ", "").upper()
    try:
        check_resident_id(number, today)
    except IdentityNumberError as error:
        raise _Wrong("id_number", f"{one.zh}:{error.zh}", f"{one.en}: {error.en}") from error
    return number


def _read_other_document(one: Field, text: str) -> str:
    number = text.replace(" ", "").upper()
    if OTHER_DOCUMENT.fullmatch(number) is None:
        raise _Wrong(
            "id_number",
            f"“{one.zh}”须为证件上的 5 至 24 位字母或数字。",
            f"“{one.en}” is the 5 to 24 letters or digits printed on the document.",
        )
    return number


def _read_uscc(one: Field, text: str, today: date) -> str:
    code = text.replace(" ", "").upper()
    try:
        check_uscc(code)
    except IdentityNumberError as error:
        raise _Wrong("uscc", f"{one.zh}:{error.zh}", f"{one.en}: {error.en}") from error
    return code


def _read_phone(one: Field, text: str, today: date) -> str:
    number = re.sub("[ \u2010-\u2015]", "", text).removeprefix("+86")
    if MOBILE.fullmatch(number.replace("-", "")):
        return number.replace("-", "")
    if LANDLINE.fullmatch(number) is None:
        raise _Wrong(
            "phone",
            f"“{one.zh}”须为 11 位手机号,或带区号的固定电话,如 0513-85098890。",
            f"“{one.en}” is an 11-digit mobile number, or a landline with area code, as 0513-85098890.",
        )
    return number


def _read_date(one: Field, text: str, today: date) -> str:
    try:
        if DATE.fullmatch(text) is None:
            raise ValueError(text)
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _Wrong(
            "date",
            f"“{one.zh}”须为日期,如 {today.isoformat()}。",
            f"“{one.en}” is a date, as {today.isoformat()}.",
        ) from error
    first = today + timedelta(days=one.min) if one.min is not None else date(1850, 1, 1)
    last = today + timedelta(days=one.max) if one.max is not None else date(2200, 12, 31)
    if not first <= day <= last:
        raise _Wrong(
            "range",
            f"“{one.zh}”须在 {first} 至 {last} 之间。",
            f"“{one.en}” must lie between {first} and {last}.",
        )
    return day.isoformat()


def _read_choice(one: Field, text: str, today: date) -> str:
    if text not in {choice.value for choice in one.choices}:
        zh = "、".join(choice.zh for choice in one.choices)
        en = ", ".join(choice.en for choice in one.choices)
        raise _Wrong("choice", f"“{one.zh}”须从列出的选项中选择:{zh}。", f"“{one.en}” is one of: {en}.")
    return text


def _read_integer(one: Field, text: str, today: date) -> int:
    plain = text.replace(",", "")
    if WHOLE.fullmatch(plain) is None:
        raise _Wrong("number", f"“{one.zh}”须为整数。", f"“{one.en}” is a whole number.")
    return _in_range(one, int(plain), str)


def _read_money(one: Field, text: str, today: date) -> int:
    plain = text.replace(",", "").removesuffix("元").strip()
    try:
        if YUAN.fullmatch(plain) is None:
            raise InvalidOperation(plain)
        fen = int(Decimal(plain) * 100)
    except InvalidOperation as error:
        raise _Wrong(
            "number",
            f"“{one.zh}”须为金额,单位元,最多两位小数。",
            f"“{one.en}” is an amount in yuan with at most two decimals.",
        ) from error
    return _in_range(one, fen, lambda value: f"{value // 100}.{value % 100:02d}")


def _in_range(one: Field, value: int, shown: Callable[[int], str]) -> int:
    if one.min is not None and value < one.min:
        raise _Wrong(
            "range", f"“{one.zh}”不能小于 {shown(one.min)}。", f"“{one.en}” is at least {shown(one.min)}."
        )
    if one.max is not None and value > one.max:
        raise _Wrong(
            "range", f"“{one.zh}”不能大于 {shown(one.max)}。", f"“{one.en}” is at most {shown(one.max)}."
        )
    return value


READERS: Mapping[str, Callable[[Field, str, date], Any]] = {
    "text": _read_text,
    "address": _read_address,
    "id_number": _read_id_number,
    "uscc": _read_uscc,
    "phone": _read_phone,
    "date": _read_date,
    "choice": _read_choice,
    "integer": _read_integer,
    "money": _read_money,
}


def _check_spans(fields: tuple[Field, ...], filled: Mapping[str, Any], errors: list[FieldError]) -> None:
    """A term that ends before it begins."""
    labels = {one.id: one for one in fields}
    for name in labels:
        if not name.endswith("_from"):
            continue
        end = name.removesuffix("_from") + "_to"
        if end in filled and name in filled and filled[end] < filled[name] and labels[end].type == "date":
            errors.append(
                FieldError(
                    f"form.{end}",
                    "range",
                    f"“{labels[end].zh}”不能早于“{labels[name].zh}”。",
                    f"“{labels[end].en}” cannot be before “{labels[name].en}”.",
                )
            )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
