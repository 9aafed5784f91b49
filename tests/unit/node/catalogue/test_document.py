"""Reading the published catalogue."""

from __future__ import annotations

from collections import Counter
from importlib import resources

import pytest
import yaml

from node.catalogue.document import Catalogue, CatalogueError, read_catalogue
from node.catalogue.forms import form_book


def shipped() -> str:
    """The catalogue that comes with the program."""
    return resources.files("config").joinpath("catalogue/catalogue.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(shipped(), form_book().fields_of)


def test_shipped_catalogue_keeps_every_hard_rule(catalogue: Catalogue) -> None:
    assert len(catalogue.versions) == 184
    assert Counter(version.home_level for version in catalogue.versions) == {
        "village": 31,
        "township": 49,
        "county": 67,
        "city": 37,
    }
    assert Counter(str(version.handling) for version in catalogue.versions) == {
        "immediate": 47,
        "promised": 93,
        "joint": 13,
        "referral": 31,
    }
    assert sum("village" in version.proxy_levels for version in catalogue.versions) == 53


def test_every_version_has_a_name_of_its_own(catalogue: Catalogue) -> None:
    assert len({version.hash for version in catalogue.versions}) == 184


def test_every_item_has_a_form_of_its_own_theme_or_item(catalogue: Catalogue) -> None:
    for version in catalogue.versions:
        own = [field for field in version.fields if field.id not in {"delivery", "remarks"}]
        assert own, version.name_zh


def test_money_is_in_fen_and_unknown_amounts_stay_unknown(catalogue: Catalogue) -> None:
    passport = next(version for version in catalogue.versions if version.name_zh == "普通护照签发")
    assert [(line.item, line.amount_fen) for line in passport.fee.standard] == [
        ("普通护照(首次、换发、补发)", 12_000),
        ("加注", 2_000),
    ]
    water = next(version for version in catalogue.versions if version.name_zh == "取水许可")
    assert [line.amount_fen for line in water.fee.standard] == [None]


def test_materials_are_numbered_in_the_order_of_the_list(catalogue: Catalogue) -> None:
    for version in catalogue.versions:
        assert [material.id for material in version.materials] == [
            f"m{number}" for number in range(1, len(version.materials) + 1)
        ]


def test_department_is_spelled_out_with_its_names_by_level(catalogue: Catalogue) -> None:
    low_income = next(version for version in catalogue.versions if version.name_zh == "最低生活保障对象认定")
    assert low_income.department.name_at("county") == "县(市、区)民政局"
    assert low_income.department.name_at("province") == "民政"


def test_rules_and_forbidden_proofs_are_read(catalogue: Catalogue) -> None:
    assert len(catalogue.rules) == 17
    assert len(catalogue.forbidden_village_proofs) == 20
    assert "婚姻状况证明" in catalogue.forbidden_village_proofs


def test_all_breaches_are_reported_at_once() -> None:
    tree = yaml.safe_load(shipped())
    tree["items"] = tree["items"][:4]
    tree["items"][0]["promised_days"] = 1
    tree["items"][1]["department"] = "nowhere"
    tree["items"][2]["type"] = "行政许可"
    del tree["items"][3]["result"]
    with pytest.raises(CatalogueError) as refused:
        read_catalogue(yaml.safe_dump(tree, allow_unicode=True), lambda item: [])
    found = {(breach.item, breach.code) for breach in refused.value.breaches}
    assert ("902035001000", "immediate-promise") in found
    assert ("902035002000", "document") in found
    assert ("902090001000", "village-decides") in found
    assert ("902090002000", "document") in found


@pytest.mark.parametrize(
    "text", ["", "items: []", "- 1", "items: {a: 1}", "a: [", "!!python/object:os.system {}"]
)
def test_text_that_is_no_catalogue_is_refused(text: str) -> None:
    with pytest.raises(CatalogueError):
        read_catalogue(text, lambda item: [])


def test_amount_of_less_than_a_fen_is_refused() -> None:
    tree = yaml.safe_load(shipped())
    item = next(item for item in tree["items"] if item["fee"]["standard"])
    item["fee"]["standard"][0]["amount"] = 0.125
    tree["items"] = [item]
    with pytest.raises(CatalogueError, match="whole number of fen"):
        read_catalogue(yaml.safe_dump(tree, allow_unicode=True), lambda item: [])
