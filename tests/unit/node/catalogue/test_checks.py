"""Every hard rule refuses what breaks it, and nothing of the real catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from node.catalogue.checks import check_catalogue, check_version
from node.catalogue.rules import ItemVersion, version_of
from tests.unit.node.catalogue.test_rules import document

PERMIT = {
    "code": "900131008000",
    "name_zh": "食品经营许可",
    "name_en": "Food business licence",
    "type": "行政许可",
    "handling": "promised",
    "home_level": "county",
    "intake_levels": ["township", "county"],
    "proxy_levels": ["township"],
    "deciding_level": "county",
    "promised_days": 10,
    "statutory": {
        "days": 20,
        "unit": "working",
        "text": "二十日内",
        "basis": {"law": "行政许可法", "checked": True},
    },
    "statutory_days": 20,
    "steps": [
        {"seq": 1, "name": "审查", "level": "county", "role": "reviewer", "days": 8, "on_clock": True},
        {"seq": 2, "name": "核准", "level": "county", "role": "approver", "days": 2, "on_clock": True},
    ],
}
REFERRAL = {
    **PERMIT,
    "handling": "referral",
    "deciding_level": "city",
    "intake_levels": ["county"],
    "proxy_levels": [],
    "first_review": {"level": "county", "promised_days": 4, "statutory_days": 20},
    "steps": [
        {"seq": 1, "name": "初审", "level": "county", "role": "reviewer", "days": 4, "on_clock": True},
        {"seq": 2, "name": "决定", "level": "city", "role": "approver", "days": 6, "on_clock": True},
    ],
}
BASIS = {"law": "行政许可法", "checked": True}


def permit(**changes: Any) -> ItemVersion:
    """A county permit, with changes."""
    return version_of(document(**{**PERMIT, **changes}))


def referral(**changes: Any) -> ItemVersion:
    """A county-reviewed, city-decided permit, with changes."""
    return version_of(document(**{**REFERRAL, **changes}))


def codes(version: ItemVersion) -> set[str]:
    """The codes of the breaches of a version."""
    return {breach.code for breach in check_version(version)}


@pytest.mark.parametrize("version", [version_of(document()), permit(), referral()])
def test_sound_items_break_no_rule(version: ItemVersion) -> None:
    assert check_version(version) == []


@pytest.mark.parametrize("kind", ["行政许可", "行政确认", "行政给付", "行政奖励", "行政裁决"])
def test_village_never_decides_an_administrative_power(kind: str) -> None:
    assert "village-decides" in codes(version_of(document(type=kind)))


def test_village_may_settle_its_own_public_services() -> None:
    assert codes(version_of(document(type="公共服务"))) == set()


def test_permit_cannot_be_routed_or_delegated_to_a_village() -> None:
    assert "village-decides" in codes(permit(routing=[{"when": "小额", "deciding_level": "village"}]))
    assert "village-delegation" in codes(permit(delegable=True, delegable_to=["village"]))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"promised_days": 21}, "promise-over-statutory"),
        ({"statutory_days": 19}, "statutory-days"),
        ({"statutory": None}, "statutory-pair"),
        ({"handling": "immediate"}, "immediate-promise"),
        ({"promised_days": 9}, "step-days"),
        ({"proxy_levels": ["county"]}, "proxy-levels"),
        ({"intake_levels": ["county", "township"]}, "intake-order"),
        ({"home_level": "city"}, "home-level"),
        ({"deciding_level": "township", "intake_levels": ["county"], "home_level": "county"}, "intake-above"),
        ({"deciding_level": "province"}, "outside-decision"),
        ({"auto_decision": True}, "auto-decision"),
        ({"handling": "referral"}, "first-review"),
        ({"handling": "joint"}, "joint-marks"),
        ({"fee": {"charged": True}}, "fee-standard"),
        (
            {"fee": {"charged": True, "standard": [{"item": "工本费", "unit": "证", "amount_fen": 1000}]}},
            "fee-basis",
        ),
        (
            {"fee": {"standard": [{"item": "工本费", "unit": "证", "amount_fen": 1000, "basis": BASIS}]}},
            "fee-hidden",
        ),
        ({"delegable": True}, "delegation-marks"),
        ({"delegable": True, "delegable_to": ["city"]}, "delegated-upward"),
        ({"visits": 0, "online": "none", "proxy_levels": []}, "no-way-in"),
        ({"code": "12345"}, "code-form"),
        ({"conditions": []}, "guide-incomplete"),
        ({"legal_basis": []}, "guide-incomplete"),
        (
            {
                "sensitive": ["food_safety"],
                "deemed_approval": {"applies": True, "text": "逾期视为同意", "basis": BASIS},
            },
            "silence-on-sensitive",
        ),
        ({"fields": [{"id": "a", "zh": "甲", "en": "A", "type": "choice"}]}, "field-choices"),
    ],
)
def test_broken_rule_is_named(changes: dict[str, Any], code: str) -> None:
    assert code in codes(permit(**changes))


@pytest.mark.parametrize(
    ("review", "code"),
    [
        ({"level": "village", "promised_days": 4}, "first-review-level"),
        ({"level": "county", "promised_days": 10}, "first-review-days"),
        ({"level": "county", "promised_days": 4, "statutory_days": 3}, "first-review-statutory"),
    ],
)
def test_first_review_is_bounded(review: dict[str, Any], code: str) -> None:
    assert code in codes(referral(first_review=review))


def test_first_review_lies_below_the_decision() -> None:
    same = [{"seq": 1, "name": "审", "level": "county", "role": "approver", "days": 10, "on_clock": True}]
    assert "first-review-above" in codes(referral(deciding_level="county", steps=same))


def test_more_than_two_approval_layers_are_refused() -> None:
    layers = [
        {"seq": n, "name": f"第{n}层", "level": "county", "role": role, "days": days, "on_clock": True}
        for n, role, days in ((1, "reviewer", 4), (2, "reviewer", 4), (3, "approver", 2))
    ]
    assert "approval-layers" in codes(permit(steps=layers))


def test_village_is_not_asked_for_a_proof_it_may_not_issue() -> None:
    version = permit(
        materials=[{"id": "m1", "name": "婚姻状况证明", "form": "original", "source": "village"}]
    )
    assert check_version(version) == []
    [breach] = check_version(version, frozenset({"婚姻状况证明"}))
    assert breach.code == "village-proof"
    assert "婚姻状况证明" in breach.zh


def test_every_breach_speaks_both_languages() -> None:
    for breach in check_version(permit(promised_days=21, conditions=[], deciding_level="province")):
        assert breach.zh.startswith("“食品经营许可”")
        assert breach.en.startswith("“Food business licence”")


def test_repeated_codes_and_names_are_found_over_the_whole_catalogue() -> None:
    found = {breach.code for breach in check_catalogue([permit(), permit()], {"JJ": {}})}
    assert found == {"repeated-code", "repeated-name", "repeated-name-en"}


def bundle(**part: Any) -> ItemVersion:
    """A bundle of the county permit."""
    component = {
        "code": "900131008000",
        "name": "食品经营许可",
        "department": "JJ",
        "level": "county",
        "stage": 1,
        "promised_days": 8,
        **part,
    }
    return version_of(
        document(
            **{
                **PERMIT,
                "code": "903031001000",
                "name_zh": "开办餐饮店一件事",
                "name_en": "One-stop restaurant",
                "type": "集成服务",
                "handling": "joint",
                "components": [component],
                "joint": {"lead": "JJ", "mode": "parallel"},
            }
        )
    )


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"code": "900000000000"}, "unknown-part"),
        ({"promised_days": 21}, "part-over-statutory"),
        ({"department": "??"}, "unknown-department"),
        ({"code": "903031001000"}, "nested-bundle"),
    ],
)
def test_parts_of_a_bundle_are_checked_against_the_catalogue(part: dict[str, Any], code: str) -> None:
    found = {breach.code for breach in check_catalogue([permit(), bundle(**part)], {"JJ": {}})}
    assert code in found


def test_silence_never_counts_on_a_sensitive_part() -> None:
    sensitive = permit(sensitive=["food_safety"])
    found = check_catalogue([sensitive, bundle(default_on_timeout=True)], {"JJ": {}})
    assert [breach.code for breach in found] == ["silence-on-sensitive"]
    assert check_catalogue([sensitive, bundle()], {"JJ": {}}) == []


@pytest.mark.parametrize(
    ("part", "code"), [({"stage": 2}, "joint-stages"), ({"promised_days": 11}, "joint-days")]
)
def test_stages_of_a_bundle_fit_its_promise(part: dict[str, Any], code: str) -> None:
    assert code in codes(bundle(**part))
