"""What of a person is shown by default."""

from __future__ import annotations

import pytest

from node.cases.masking import mask_address, mask_applicant, mask_id, mask_name, mask_phone


@pytest.mark.parametrize(
    ("mask", "given", "shown"),
    [
        (mask_name, "顾海燕", "顾**"),
        (mask_name, "", ""),
        (mask_id, "11010519491231002X", "110105********002X"),
        (mask_id, "G123456", "*****56"),
        (mask_phone, "13962712345", "139****2345"),
        (mask_phone, "88901", "***01"),
        (mask_address, "新坝村九组十八号", "新坝村九组十…"),
    ],
)
def test_enough_is_kept_to_recognise_and_no_more(mask, given: str, shown: str) -> None:
    assert mask(given) == shown


def test_an_unknown_member_of_an_applicant_is_not_shown_at_all() -> None:
    assert mask_applicant({"kind": "person", "secret": "x", "name": "顾海燕"}) == {
        "kind": "person",
        "name": "顾**",
    }


def test_an_organisations_name_and_code_are_public_and_its_people_are_not() -> None:
    shown = mask_applicant(
        {
            "kind": "legal_person",
            "name": "新坝农机合作社",
            "uscc": "91350100M000100Y43",
            "representative": "李芳",
        }
    )
    assert (shown["name"], shown["uscc"], shown["representative"]) == (
        "新坝农机合作社",
        "91350100M000100Y43",
        "李*",
    )


def test_an_agent_is_masked_too() -> None:
    assert mask_applicant({"kind": "person", "agent": {"name": "王小明"}})["agent"] == {"name": "王**"}
