"""Forms as data."""

from __future__ import annotations

import pytest

from node.catalogue.document import read_catalogue
from node.catalogue.forms import FormBookError, form_book, form_for, personal_ids, plain_form, read_form_book
from tests.unit.node.catalogue.test_document import shipped

APPLICANT = "person: []\nlegal_person: []\nagent: []\n"
FIELDS = "a: {zh: 甲, en: A, type: text}\nb: {zh: 乙, en: B, type: integer}\n"


def test_shipped_forms_name_only_fields_that_exist_and_use_every_field() -> None:
    book = form_book()
    used = {
        field.id for version in read_catalogue(shipped(), book.fields_of).versions for field in version.fields
    }
    assert set(book.library) == used


def test_sets_name_only_items_and_themes_of_the_catalogue() -> None:
    versions = read_catalogue(shipped(), lambda item: []).versions
    assert set(form_book().items) <= {version.code for version in versions}
    assert {version.theme for version in versions} == set(form_book().themes)


def test_item_set_replaces_the_theme_set_and_common_fields_follow() -> None:
    book = read_form_book(APPLICANT, FIELDS, "all: [b]\nthemes: {t: [a]}\nitems: {'1': [b]}\n")
    assert [field["id"] for field in book.fields_of({"code": "2", "theme": "t"})] == ["a", "b"]
    assert [field["id"] for field in book.fields_of({"code": "1", "theme": "t"})] == ["b"]
    assert [field["id"] for field in book.fields_of({"code": "3", "theme": "other"})] == ["b"]


def test_mark_makes_a_field_optional_for_that_item_only() -> None:
    book = read_form_book(APPLICANT, FIELDS, "all: []\nthemes: {t: [a]}\nitems: {'1': ['a!']}\n")
    assert book.named(("a!",))[0].required is False
    assert book.named(("a",))[0].required is True


@pytest.mark.parametrize(
    ("fields", "sets"),
    [
        (FIELDS, "all: [z]\nthemes: {}\nitems: {}\n"),
        ("a: {zh: 甲, en: A, type: colour}\n", "all: []\nthemes: {}\nitems: {}\n"),
        ("a: {zh: 甲, en: A, type: choice}\n", "all: []\nthemes: {}\nitems: {}\n"),
        ("a: {zh: 甲, type: text}\n", "all: []\nthemes: {}\nitems: {}\n"),
    ],
)
def test_inconsistent_forms_stop_the_start(fields: str, sets: str) -> None:
    with pytest.raises(FormBookError):
        read_form_book(APPLICANT, fields, sets)


def test_applicant_blocks_follow_the_subjects_of_the_item() -> None:
    versions = {
        version.name_zh: version for version in read_catalogue(shipped(), form_book().fields_of).versions
    }
    assert form_for(versions["结婚登记"]).kinds == ("person",)
    assert form_for(versions["取水许可"]).kinds == ("legal_person",)
    assert form_for(versions["养犬登记"]).kinds == ("person",)
    assert form_for(versions["政策咨询与办事指引"]).kinds == ("person", "legal_person")


def test_everything_about_people_is_marked_personal() -> None:
    book = form_book()
    for field in (*book.person, *book.agent, *book.library.values()):
        if field.type in {"id_number", "phone"} or field.id in {
            "name",
            "child_name",
            "spouse_name",
            "address",
        }:
            assert field.personal, field.id
    versions = {version.name_zh: version for version in read_catalogue(shipped(), book.fields_of).versions}
    assert "deceased_id" in personal_ids(versions["死亡登记(注销户口)"])
    assert "business_name" not in personal_ids(versions["个体工商户设立登记"])


def test_labels_speak_both_languages() -> None:
    book = form_book()
    for field in (*book.person, *book.legal_person, *book.agent, *book.library.values()):
        assert field.zh
        assert field.en.isascii() or "²" in field.en or "³" in field.en
        for choice in field.choices:
            assert choice.zh
            assert choice.en


def test_plain_form_spells_out_what_a_program_needs() -> None:
    version = next(
        v for v in read_catalogue(shipped(), form_book().fields_of).versions if v.name_zh == "出生登记(户口)"
    )
    plain = plain_form(form_for(version))
    assert [kind["value"] for kind in plain["kinds"]] == ["person"]
    sex = next(field for field in plain["fields"] if field["id"] == "child_sex")
    assert [choice["value"] for choice in sex["choices"]] == ["male", "female"]
    assert sex["required"] is True
