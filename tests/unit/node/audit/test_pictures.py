"""The pictures as numbers, and the words: nothing found without a sentence."""

from __future__ import annotations

from typing import get_args

import pytest

from federation.audit import FindingCode
from federation.merkle import leaf_hash, prove_inclusion, tree_root
from node.audit.pictures import BAR_WIDTH, draw_bar, draw_tree
from node.audit.rules import Asked, State
from node.audit.words import ASKED_STATES, OUTCOMES, RULES, SENTENCES, SHAPES, STATES, sentence_of

LEAVES = [leaf_hash(bytes([number])) for number in range(40)]


def read(level: int, start: int, stop: int) -> list[bytes]:
    return [tree_root(LEAVES[index << level : (index + 1) << level]) for index in range(start, stop)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 33, 40])
def test_the_path_of_every_leaf_ends_at_the_sealed_root(size: int) -> None:
    root = tree_root(LEAVES[:size])
    for index in range(size):
        path = prove_inclusion(read, index, size)
        tree = draw_tree(index, size, LEAVES[index], path, root)
        assert tree.holds
        assert [node.kind for node in tree.nodes].count("sibling") == len(path)
        assert tree.nodes[-1].kind == "root"
        assert tree.nodes[-1].label == root.hex()[:8]
        assert all(0 <= node.x <= tree.width and 0 <= node.y <= tree.height for node in tree.nodes)


def test_siblings_stand_on_their_side() -> None:
    tree = draw_tree(1, 4, LEAVES[1], prove_inclusion(read, 1, 4), tree_root(LEAVES[:4]))
    sides = [node.x < tree.width / 2 for node in tree.nodes if node.kind == "sibling"]
    assert sides == [True, False]


def test_a_path_that_leads_elsewhere_shows_both_ends() -> None:
    root = tree_root(LEAVES[:8])
    tree = draw_tree(3, 8, leaf_hash(b"other"), prove_inclusion(read, 3, 8), root)
    assert not tree.holds
    assert [node.label for node in tree.nodes if node.kind == "root"] == [root.hex()[:8]]
    assert tree.nodes[-2].kind == "way"


def test_a_path_that_is_missing_is_a_leaf_alone() -> None:
    tree = draw_tree(3, 8, LEAVES[3], [], tree_root(LEAVES[:8]))
    assert (tree.holds, len(tree.edges)) == (False, 0)


def test_the_bar_spans_the_ledger_and_draws_findings_last() -> None:
    bar = draw_bar(
        100, 50, [(99, "good", False), (0, "false", True), (70, "good", False), (60, "missing", False)]
    )
    assert [tick.index for tick in bar.ticks] == [70, 99, 60, 0]
    assert [tick.is_named for tick in bar.ticks] == [False, False, False, True]
    assert 0 < bar.ticks[3].x < bar.start_x < bar.ticks[0].x < bar.ticks[1].x < BAR_WIDTH
    assert bar.start_x == BAR_WIDTH / 2


def test_what_was_not_judged_yet_is_drawn_too() -> None:
    assert [tick.outcome for tick in draw_bar(10, 0, [(3, "", False)]).ticks] == [""]


@pytest.mark.parametrize("code", [*get_args(FindingCode), *RULES, "erased"])
def test_every_finding_has_a_sentence_in_both_languages(code: str) -> None:
    zh, en = sentence_of(code, 1203, "A", "B")
    assert code in SENTENCES
    assert zh.endswith("。")
    assert en[0].isupper()
    assert ("1,204" in zh) == ("1,204" in en)


def test_a_finding_of_a_later_version_still_has_one() -> None:
    assert sentence_of("later", None) == ("发现问题(later)。", "Something was found (later).")


def test_every_state_and_outcome_has_words() -> None:
    assert set(STATES) == {one.value for one in State}
    assert set(ASKED_STATES) == {one.value for one in Asked}
    assert set(OUTCOMES) == set(SHAPES)
