"""What a figure of the bench says."""

from __future__ import annotations

import json

import pytest

from demo.bench import chosen
from demo.bench_figures import Figure, Side, rounded, table_of


def side(*values: float) -> Side:
    return Side("一边", "a side", "ms", values)


def figure(upper: Side, lower: Side | None, goal: float, *, at_least: bool = False) -> Figure:
    return Figure("P1", "batch 1", upper, lower, goal, at_least=at_least, beside={"pushes": 1})


def test_the_value_is_the_median_of_the_quotients_of_each_round_not_the_quotient_of_medians() -> None:
    found = figure(side(10, 1, 40), side(1, 1, 10), 4)
    assert found.rounds == [10, 1, 4]
    assert found.value == 4
    assert found.upper.median / found.lower.median == 10  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("goal", "at_least", "met"), [(2, False, True), (1.9, False, False), (2, True, True), (2.1, True, False)]
)
def test_a_goal_is_a_bound_from_above_or_below_and_reaching_it_is_enough(
    goal: float, at_least: bool, met: bool
) -> None:
    assert figure(side(4), side(2), goal, at_least=at_least).is_met is met


def test_a_figure_without_another_side_is_the_value_itself() -> None:
    found = figure(side(7, 9, 8), None, 8)
    assert (found.value, found.is_met) == (8, True)


def test_the_document_names_both_sides_every_round_the_goal_and_whether_it_is_met() -> None:
    document = figure(side(4, 6), side(2, 2), 2, at_least=True).document()
    assert json.loads(json.dumps(document)) == document
    assert (document["value"], document["min"], document["max"]) == (2.5, 2, 3)
    assert (document["goal"], document["met"], document["beside"]) == ({"at_least": 2}, True, {"pushes": 1})
    assert [one["rounds"] for one in document["sides"]] == [[4, 6], [2, 2]]


def test_the_table_shows_the_figure_its_goal_and_either_side_in_both_languages() -> None:
    lines = table_of([figure(side(4), side(2), 1)])
    assert "≤ 1" in lines[0]
    assert "未达 MISSED" in lines[0]
    assert [line.split(":")[0].strip(" ÷") for line in lines[1:3]] == ["一边 / a side"] * 2


def test_four_digits_are_told() -> None:
    assert [rounded(value) for value in (123456.0, 0.123456, 12.0)] == [123500.0, 0.1235, 12.0]


def test_figures_are_chosen_by_name_in_the_order_of_the_table() -> None:
    assert chosen("") == ["P1", "P4", "P7"]
    assert chosen("p7, P1") == ["P1", "P7"]


def test_an_unknown_figure_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="P2"):
        chosen("P1,P2")
