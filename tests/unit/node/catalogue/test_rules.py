"""Item versions: one document, one name."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from federation.canonical import dump
from node.catalogue.rules import (
    Handling,
    ItemDocumentError,
    canonical_form,
    plain_document,
    version_of,
)


def document(**changes: Any) -> dict[str, Any]:
    """A small but complete item document."""
    plain: dict[str, Any] = {
        "code": "901091002000",
        "name_zh": "土地经营权流转备案",
        "name_en": "Filing of land transfer",
        "type": "其他行政权力",
        "theme": "农村土地",
        "handling": "immediate",
        "home_level": "village",
        "intake_levels": ["village"],
        "deciding_level": "village",
        "department": {"id": "JJ", "zh": "农村集体经济组织", "en": "Rural collective"},
        "subject": ["个人"],
        "legal_basis": [{"law": "农村土地承包法", "article": "第三十六条", "checked": True, "source": "L1"}],
        "promised_days": 0,
        "conditions": ["已签订书面流转合同"],
        "materials": [{"id": "m1", "name": "居民身份证", "form": "original"}],
        "steps": [{"seq": 1, "name": "当场决定", "level": "village", "role": "approver", "on_clock": True}],
        "fee": {},
        "result": {"name": "备案表", "name_en": "Filing form", "kind": "registration"},
        "online": "partial",
        "visits": 1,
    }
    return {**plain, **changes}


def test_name_is_the_hash_of_the_canonical_form() -> None:
    version = version_of(document())
    assert version.hash == hashlib.sha256(dump(document())).hexdigest()
    assert canonical_form(version) == dump(document())


def test_spelling_out_defaults_changes_no_name() -> None:
    spelled = document(
        proxy_levels=[], statutory=None, notes="", site_visit=False, fee={"charged": False, "standard": []}
    )
    spelled["materials"] = [
        {
            "id": "m1",
            "name": "居民身份证",
            "form": "original",
            "copies": 1,
            "required": True,
            "deferrable": False,
            "shared": False,
            "source": "applicant",
        }
    ]
    assert version_of(spelled).hash == version_of(document()).hash


def test_order_of_members_changes_no_name_but_order_of_materials_does() -> None:
    assert version_of(dict(reversed(document().items()))).hash == version_of(document()).hash
    two = [
        {"id": "m1", "name": "居民身份证", "form": "original"},
        {"id": "m2", "name": "合同", "form": "original"},
    ]
    assert version_of(document(materials=two)).hash != version_of(document(materials=two[::-1])).hash


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name_zh", "土地经营权流转备案(新)"),
        ("promised_days", 1),
        ("conditions", ["已签订书面流转合同", "期限不超过承包期剩余期限"]),
        ("fields", [{"id": "land", "zh": "地块", "en": "Plot", "type": "text"}]),
        ("department", {"id": "JJ", "zh": "农村集体经济组织", "en": "Collective"}),
    ],
)
def test_every_change_of_content_makes_another_version(member: str, value: Any) -> None:
    assert version_of(document(**{member: value})).hash != version_of(document()).hash


def test_version_survives_writing_and_reading() -> None:
    version = version_of(document())
    assert version_of(plain_document(version)) == version
    assert "hash" not in plain_document(version)


def test_version_is_immutable() -> None:
    version = version_of(document())
    with pytest.raises(AttributeError):
        version.promised_days = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"handling": "someday"}, "$.handling"),
        ({"materials": [{"id": "m1", "name": "身份证", "form": "oral"}]}, "$.materials[0].form"),
        ({"intake_levels": ["hamlet"]}, "$.intake_levels[0]"),
        ({"promised_days": "3"}, "$.promised_days"),
        ({"promised_days": True}, "$.promised_days"),
        ({"surprise": 1}, "surprise"),
        ({"hash": "0" * 64}, "hash"),
    ],
)
def test_document_of_wrong_shape_is_refused_with_its_path(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(ItemDocumentError) as refused:
        version_of(document(**changes))
    assert where in refused.value.reason
    assert refused.value.code == "901091002000"


def test_missing_member_is_refused() -> None:
    plain = document()
    del plain["deciding_level"]
    with pytest.raises(ItemDocumentError, match="deciding_level"):
        version_of(plain)


def test_outside_items_settle_at_the_city() -> None:
    assert version_of(document(deciding_level="province")).settle_level == "city"
    assert version_of(document()).settle_level == "village"


def test_materials_are_found_by_id_and_required_ones_listed() -> None:
    materials = [
        {"id": "m1", "name": "居民身份证", "form": "original"},
        {"id": "m2", "name": "结婚证", "form": "copy", "required": False},
    ]
    version = version_of(document(materials=materials))
    found = version.material("m2")
    assert found is not None
    assert found.name == "结婚证"
    assert version.material("m3") is None
    assert [material.id for material in version.required_materials] == ["m1"]


def test_handling_is_the_enum_and_its_value_the_word_of_the_wire() -> None:
    version = version_of(document())
    assert version.handling is Handling.IMMEDIATE
    assert str(version.handling) == "immediate"
    assert msgspec.to_builtins(version)["handling"] == "immediate"
