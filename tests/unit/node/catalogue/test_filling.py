"""Filled forms: what is normalised, what is refused, and with which sentence."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.catalogue.filling import Filled, check_form, fill_form, narrow
from node.catalogue.forms import Form, form_book, form_for
from node.catalogue.rules import Choice, Field, version_of
from tests.unit.node.catalogue.test_rules import document

TODAY = date(2026, 11, 24)
GOOD_ID = "11010519491231002X"
GOOD_USCC = "91350100M000100Y43"
PERSON = {
    "kind": "person",
    "name": "王建国",
    "id_number": GOOD_ID,
    "phone": "13962800000",
    "address": "东市社区3组12号",
}
COMPANY = {
    "kind": "legal_person",
    "name": "南通某某食品有限公司",
    "uscc": GOOD_USCC,
    "representative": "李芳",
    "phone": "0513-85098890",
    "address": "金沙街道人民路1号",
}


def form(*fields: Field, subject: tuple[str, ...] = ("个人", "法人")) -> Form:
    """The form of an item with those fields of its own."""
    plain = [{"id": f.id, "zh": f.zh, "en": f.en, "type": f.type} for f in fields]
    version = version_of(document(subject=list(subject), fields=[] if fields else plain))
    made = form_for(version, form_book())
    return Form(made.kinds, made.applicant, made.agent, tuple(fields))


def one(field: Field, value: Any) -> Filled:
    """A person's form with one own field filled."""
    return fill_form(form(field), {"applicant": PERSON, "form": {field.id: value}}, TODAY)


def field_of(kind: str, **rest: Any) -> Field:
    """A field of a type named `x`."""
    return Field(id="x", zh="项目", en="Item", type=kind, **rest)  # type: ignore[arg-type]


def test_complete_person_has_no_errors() -> None:
    filled = fill_form(form(), {"applicant": PERSON}, TODAY)
    assert filled.errors == ()
    assert filled.applicant == PERSON


def test_complete_company_has_no_errors() -> None:
    assert fill_form(form(), {"applicant": COMPANY}, TODAY) == Filled(applicant=COMPANY)


def test_every_empty_required_field_is_named_in_both_languages() -> None:
    errors = check_form(form(field_of("text")), {}, TODAY)
    assert [error.field for error in errors] == [
        "applicant.name",
        "applicant.id_number",
        "applicant.phone",
        "applicant.address",
        "form.x",
    ]
    assert {error.code for error in errors} == {"required"}
    assert errors[0].zh == "请填写“姓名”。"
    assert errors[0].en == "Please fill in “Name”."


def test_item_for_people_only_refuses_a_company() -> None:
    [error] = check_form(form(subject=("个人",)), {"applicant": COMPANY}, TODAY)
    assert error.field == "applicant.kind"
    assert "个人" in error.zh


def test_agent_is_checked_only_when_one_acts() -> None:
    quiet = fill_form(form(), {"applicant": PERSON, "agent": {"name": " ", "phone": ""}}, TODAY)
    assert quiet.errors == ()
    assert "agent" not in quiet.applicant
    acting = fill_form(form(), {"applicant": PERSON, "agent": {"name": "赵六"}}, TODAY)
    assert [error.field for error in acting.errors] == [
        "agent.id_number",
        "agent.phone",
        "agent.relation",
        "agent.entrusted",
    ]


def test_unknown_fields_are_refused_not_stored() -> None:
    filled = fill_form(form(), {"applicant": {**PERSON, "salary": "1"}, "form": {"hack": "1"}}, TODAY)
    assert [(error.field, error.code) for error in filled.errors] == [
        ("applicant.salary", "unknown"),
        ("form.hack", "unknown"),
    ]
    assert "salary" not in filled.applicant
    assert filled.form == {}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("11010519491231002x", GOOD_ID),
        (" 110105 19491231 002X ", GOOD_ID),
        ("\uff11\uff11\uff10105\uff11\uff19491231002\uff38", GOOD_ID),
    ],
)
def test_identity_numbers_are_kept_in_one_way(written: str, kept: str) -> None:
    assert (
        fill_form(form(), {"applicant": {**PERSON, "id_number": written}}, TODAY).applicant["id_number"]
        == kept
    )


def test_wrong_check_digit_is_refused_with_the_rule() -> None:
    [error] = check_form(form(), {"applicant": {**PERSON, "id_number": "110105194912310021"}}, TODAY)
    assert (error.field, error.code) == ("applicant.id_number", "id_number")
    assert error.zh.startswith("证件号码")
    assert error.en.startswith("Number of the document")


def test_wrong_credit_code_is_refused() -> None:
    [error] = check_form(form(), {"applicant": {**COMPANY, "uscc": "91350100M000100Y44"}}, TODAY)
    assert (error.field, error.code) == ("applicant.uscc", "uscc")


def test_other_documents_have_no_check_digit() -> None:
    passport = {**PERSON, "id_type": "passport", "id_number": "e12345678"}
    assert fill_form(form(), {"applicant": passport}, TODAY).applicant["id_number"] == "E12345678"
    [error] = check_form(form(), {"applicant": {**passport, "id_number": "护照"}}, TODAY)
    assert error.code == "id_number"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("139 6280 0000", "13962800000"),
        ("+86 139-6280-0000", "13962800000"),
        ("\uff11\uff13962800000", "13962800000"),
        ("0513-85098890", "0513-85098890"),
        ("051385098890", "051385098890"),
        ("85098890", "85098890"),
    ],
)
def test_phones_are_kept_without_spaces(written: str, kept: str) -> None:
    assert fill_form(form(), {"applicant": {**PERSON, "phone": written}}, TODAY).applicant["phone"] == kept


@pytest.mark.parametrize("written", ["12345", "23962800000", "139628000001", "电话", "0513", "1396280000\n1"])
def test_what_is_no_phone_is_refused(written: str) -> None:
    [error] = check_form(form(), {"applicant": {**PERSON, "phone": written}}, TODAY)
    assert (error.field, error.code) == ("applicant.phone", "phone")


@pytest.mark.parametrize(
    ("written", "fen"), [("0.01", 1), ("12", 1200), ("1,234.5", 123450), (12, 1200), ("8元", 800)]
)
def test_money_is_asked_in_yuan_and_kept_in_fen(written: object, fen: int) -> None:
    assert one(field_of("money"), written).form == {"x": fen}


@pytest.mark.parametrize("written", ["-1", "1.234", "1e3", "十元", "NaN", "1.", ".5"])
def test_what_is_no_amount_is_refused(written: str) -> None:
    [error] = one(field_of("money"), written).errors
    assert error.code == "number"


def test_money_below_its_least_is_refused_in_yuan() -> None:
    [error] = one(field_of("money", min=10_000), "99.99").errors
    assert error.code == "range"
    assert "100.00" in error.zh


@pytest.mark.parametrize(("written", "number"), [("0", 0), ("1,000", 1000), ("\uff11\uff12", 12), (7, 7)])
def test_integers_become_numbers(written: object, number: int) -> None:
    assert one(field_of("integer"), written).form == {"x": number}


@pytest.mark.parametrize("written", ["1.5", "٣", "1_000", "abc", "9" * 20])
def test_what_is_no_integer_is_refused(written: str) -> None:
    [error] = one(field_of("integer"), written).errors
    assert error.code == "number"


@pytest.mark.parametrize(("written", "code"), [("31", "range"), ("0", "range"), ("1", ""), ("30", "")])
def test_integers_stay_within_their_limits(written: str, code: str) -> None:
    assert [error.code for error in one(field_of("integer", min=1, max=30), written).errors] == (
        [code] if code else []
    )


@pytest.mark.parametrize(
    ("limits", "written", "code"),
    [
        ({}, "2026-02-30", "date"),
        ({}, "2026-2-3", "date"),
        ({}, "20260203", "date"),
        ({}, "2026-W05-1", "date"),
        ({"max": 0}, "2026-11-25", "range"),
        ({"max": 0}, "2026-11-24", ""),
        ({"min": 0}, "2026-11-23", "range"),
        ({"min": 0}, "2026-11-24", ""),
        ({}, "1700-01-01", "range"),
    ],
)
def test_dates_are_real_and_within_their_limits(limits: dict[str, int], written: str, code: str) -> None:
    assert [error.code for error in one(field_of("date", **limits), written).errors] == (
        [code] if code else []
    )


def test_choice_must_be_one_of_those_offered() -> None:
    field = field_of("choice", choices=(Choice("a", "甲", "A"), Choice("b", "乙", "B")))
    assert one(field, "b").form == {"x": "b"}
    [error] = one(field, "c").errors
    assert error.code == "choice"
    assert "甲、乙" in error.zh


@pytest.mark.parametrize(
    ("written", "code"), [("一", "length"), ("一二三四五六", "length"), ("一\x00二", "text"), ("一二三", "")]
)
def test_text_has_a_length_and_no_control_characters(written: str, code: str) -> None:
    assert [error.code for error in one(field_of("text", min=2, max=5), written).errors] == (
        [code] if code else []
    )


@pytest.mark.parametrize("value", [True, 1.5, ["a"], {"a": 1}])
def test_values_of_other_types_are_refused(value: object) -> None:
    [error] = one(field_of("text"), value).errors
    assert error.code == "type"


def test_term_does_not_end_before_it_begins() -> None:
    begin = Field(id="term_from", zh="起始日期", en="From", type="date")
    end = Field(id="term_to", zh="截止日期", en="Until", type="date")
    values = {"term_from": "2026-12-01", "term_to": "2026-11-30"}
    [error] = check_form(form(begin, end), {"applicant": PERSON, "form": values}, TODAY)
    assert (error.field, error.code) == ("form.term_to", "range")


@given(st.text(max_size=40))
def test_narrowing_twice_is_narrowing_once(text: str) -> None:
    assert narrow(narrow(text)) == narrow(text)


@given(
    st.dictionaries(
        st.sampled_from(["kind", "name", "id_number", "phone", "address", "id_type"]),
        st.one_of(st.text(max_size=30), st.integers(), st.none(), st.booleans()),
    )
)
def test_any_input_gives_errors_or_values_never_an_exception(block: dict[str, Any]) -> None:
    filled = fill_form(
        form(field_of("money")), {"applicant": block, "form": {"x": block.get("phone")}}, TODAY
    )
    assert filled.errors or filled.form


def test_filled_values_pass_when_filled_in_again() -> None:
    first = fill_form(form(), {"applicant": {**PERSON, "phone": "+86 139 6280 0000"}}, TODAY)
    again = fill_form(form(), {"applicant": first.applicant}, TODAY)
    assert again.applicant == first.applicant
    assert again.errors == ()
