"""The service guide in words."""

from __future__ import annotations

import json

import pytest

from node.catalogue.document import read_catalogue
from node.catalogue.forms import form_book, form_for, plain_form
from node.catalogue.guide import (
    THEME_WORDS,
    fee_words,
    guide_of,
    material_words,
    plain_guide,
    plain_line,
    theme_words,
)
from node.catalogue.rules import FeeLine, ItemVersion, Material
from tests.unit.node.catalogue.test_document import shipped


@pytest.fixture(scope="module")
def items() -> dict[str, ItemVersion]:
    return {version.name_zh: version for version in read_catalogue(shipped(), form_book().fields_of).versions}


def test_every_item_has_a_guide_in_both_languages(items: dict[str, ItemVersion]) -> None:
    for version in items.values():
        guide = guide_of(version, "county")
        for words in (
            guide.type,
            guide.theme,
            guide.handling,
            guide.promise,
            guide.statutory,
            guide.decided_by,
            guide.visits,
        ):
            assert all(words), version.name_zh
        assert guide.places


def test_every_theme_has_an_english_name(items: dict[str, ItemVersion]) -> None:
    assert {version.theme for version in items.values()} == set(THEME_WORDS)
    assert theme_words("新主题") == ("新主题", "新主题")


def test_immediate_items_are_settled_on_the_spot(items: dict[str, ItemVersion]) -> None:
    assert guide_of(items["结婚登记"], "county").promise == ("当场办结", "Settled on the spot")


def test_limits_name_their_source(items: dict[str, ItemVersion]) -> None:
    guide = guide_of(items["最低生活保障对象认定"], "township")
    assert guide.promise == ("受理后 20 个工作日", "20 working days after acceptance")
    assert guide.statutory[0] == "30 个工作日(《最低生活保障审核确认办法》第二十二条)"
    assert guide.extension == ("经批准可延长 15 个工作日", "May be extended by 15 working days on approval")
    assert guide_of(items["政策咨询与办事指引"], "village").statutory[0] == "法律未规定期限"


def test_places_say_where_it_is_proxied_and_what_is_here(items: dict[str, ItemVersion]) -> None:
    guide = guide_of(items["最低生活保障对象认定"], "village")
    assert [(place.level, place.proxy, place.here) for place in guide.places] == [
        ("village", True, True),
        ("township", False, False),
    ]
    assert guide.taken_in_here
    assert not guide_of(items["取水许可"], "village").taken_in_here


def test_decision_is_in_the_name_of_the_department_at_the_deciding_level(
    items: dict[str, ItemVersion],
) -> None:
    assert guide_of(items["最低生活保障对象认定"], "village").decided_by[0] == "县(市、区)民政局"


@pytest.mark.parametrize(
    ("fen", "zh"), [(12_000, "120 元/本"), (50, "0.50 元/本"), (0, "0 元/本"), (None, "按省定标准(每本)")]
)
def test_amounts_are_shown_in_yuan(fen: int | None, zh: str) -> None:
    assert fee_words(FeeLine("工本费", "本", fen))[0] == zh


def test_material_says_what_may_be_left_out() -> None:
    shared = Material("m1", "居民身份证", "original", shared=True)
    late = Material("m2", "证明", "copy", 2, required=False, deferrable=True)
    assert material_words(shared) == (
        "原件 1 份,可由部门共享核验,不必另开证明",
        "Original × 1, can be checked in a government record instead",
    )
    assert material_words(late) == (
        "复印件 2 份,视情况提供,可容缺后补",
        "Copy × 2, where it applies, may follow later",
    )


def test_paused_procedures_say_that_they_do_not_count(items: dict[str, ItemVersion]) -> None:
    procedures = {
        one.name: words
        for one, words in guide_of(items["农村集体经济组织成员身份确认"], "village").procedures
    }
    assert procedures["名单公示"] == ("最长 7 日,不计入时限", "at most 7 calendar days, not counted")


def test_plain_guide_and_line_are_json_for_every_item(items: dict[str, ItemVersion]) -> None:
    for version in items.values():
        plain = plain_guide(guide_of(version, "county"), plain_form(form_for(version)))
        assert json.loads(json.dumps(plain)) == plain
        assert plain["version"] == version.hash
        assert plain_line(version)["code"] == version.code
