"""Finding items by what people type."""

from __future__ import annotations

import pytest

from node.catalogue.document import read_catalogue
from node.catalogue.search import ItemLine, find, synonyms, words_of
from tests.unit.node.catalogue.test_document import shipped


@pytest.fixture(scope="module")
def lines() -> list[ItemLine]:
    return [ItemLine.of(version) for version in read_catalogue(shipped(), lambda item: []).versions]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("低保", "最低生活保障对象认定"),
        ("办身份证", "居民身份证申领、换领、补领"),
        ("怎么开店", "个体工商户设立登记"),
        ("护照", "普通护照签发"),
        ("PASSPORT", "普通护照签发"),
        ("结婚证", "结婚登记"),
        ("社保卡", "社会保障卡申领"),
        ("老人证", "老年人优待证(卡)办理"),
        ("900119001000", "取水许可"),
        ("取水许可", "取水许可"),
        ("犬", "养犬登记"),
        ("不动产 转移", "不动产转移登记(存量房)"),
    ],
)
def test_best_match_comes_first(lines: list[ItemLine], query: str, first: str) -> None:
    assert find(lines, query)[0].version.name_zh == first


def test_every_word_must_be_found(lines: list[ItemLine]) -> None:
    assert find(lines, "护照 取水") == []


def test_blank_query_lists_everything_in_order(lines: list[ItemLine]) -> None:
    assert find(lines, "  ") == lines


@pytest.mark.parametrize("query", ["!?", "。。。", "%", "'; drop table"])
def test_query_without_a_known_word_finds_nothing(lines: list[ItemLine], query: str) -> None:
    assert find(lines, query) == []


def test_every_synonym_leads_to_at_least_one_item(lines: list[ItemLine]) -> None:
    assert [spoken for spoken in synonyms() if not find(lines, spoken)] == []


def test_words_keep_chinese_runs_whole() -> None:
    assert words_of("办理 ID card,身份证", {}) == [("办理",), ("id",), ("card",), ("身份证",)]
