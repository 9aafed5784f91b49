"""Levels, scopes and the next hop (federation.md §2, §3 nested scopes, §5 Relay)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.routing import (
    LEVELS,
    Hop,
    ScopeError,
    check_scope,
    check_siblings,
    covers,
    descends,
    level_index,
    lies_within,
    next_hop,
    scope_of,
)

CITY = "320600000000"
COUNTY = "320623000000"
OTHER_COUNTY = "320681000000"
TOWNSHIP = "320623101000"
VILLAGE = "320623101001"
ZONE = "320671000000"
TOWN_IN_ZONE = "320623400000"  # carries the county's digits, but belongs to the zone


@pytest.mark.parametrize(
    ("code", "level", "scope"),
    [
        (CITY, "city", "3206"),
        (COUNTY, "county", "320623"),
        (TOWNSHIP, "township", "320623101"),
        (VILLAGE, "village", VILLAGE),
        ("429005000000", "county", "429005"),
        ("429005000000", "city", "429005"),
        ("441900003000", "township", "441900003"),
        ("110000000000", "city", "11"),
        ("320623101000", "village", "320623101000"),
    ],
)
def test_the_normal_scope_is_the_code_without_trailing_zero_groups(code: str, level: str, scope: str) -> None:
    assert scope_of(code, level) == (scope,)


@pytest.mark.parametrize(
    ("code", "level"), [("32060000000", "city"), ("32060000000x", "city"), (CITY, "province")]
)
def test_a_wrong_code_or_level_has_no_scope(code: str, level: str) -> None:
    with pytest.raises(ScopeError):
        scope_of(code, level)


@pytest.mark.parametrize("scope", [[], [""], ["3"], ["32062"], ["3206231"], ["3206", "3206"], ["32٠6"]])
def test_a_prefix_ends_at_a_group_and_stands_once(scope: list[str]) -> None:
    with pytest.raises(ScopeError):
        check_scope(scope)


def test_levels_descend_strictly_and_may_be_skipped() -> None:
    assert [level_index(level) for level in LEVELS] == [0, 1, 2, 3]
    assert descends("city", "county")
    assert descends("county", "village")
    assert not descends("township", "township")
    assert not descends("village", "city")


def test_siblings_may_nest_but_never_share_a_prefix() -> None:
    check_siblings(["320623101"], {COUNTY: ["320623"]})
    check_siblings(["320671", "320623400"], {COUNTY: ["320623"], OTHER_COUNTY: ["320681"]})
    with pytest.raises(ScopeError, match=COUNTY):
        check_siblings(["320671", "320623"], {OTHER_COUNTY: ["320681"], COUNTY: ["320623"]})


def test_a_scope_lies_within_another_when_each_prefix_does() -> None:
    assert lies_within(["320623101", "320623102"], ["320623"])
    assert lies_within(["320623"], ["320623"])
    assert not lies_within(["320623101", "320681"], ["320623"])
    assert not lies_within(["3206"], ["320623"])
    assert covers(["3206"], CITY)
    assert not covers([], CITY)


CHILDREN_OF_CITY = {
    COUNTY: ["320623"],
    OTHER_COUNTY: ["320681"],
    ZONE: ["320671", "320623400"],
}


@pytest.mark.parametrize(
    ("case", "destination", "came_from", "hop"),
    [
        ("own code", CITY, COUNTY, Hop("local")),
        ("down to a county", COUNTY, None, Hop("child", COUNTY)),
        ("across to another branch", VILLAGE, OTHER_COUNTY, Hop("child", COUNTY)),
        ("nested scope: the longer match wins", "320623400007", OTHER_COUNTY, Hop("child", ZONE)),
        ("a neighbour of the nested scope", "320623401007", OTHER_COUNTY, Hop("child", COUNTY)),
        ("never back by the link it came by", VILLAGE, COUNTY, Hop("undeliverable")),
        ("in scope, but nobody covers it", "320699000000", COUNTY, Hop("undeliverable")),
        ("outside, at the top", "110000000000", COUNTY, Hop("undeliverable")),
        ("nested, back to where it came from", TOWN_IN_ZONE, ZONE, Hop("undeliverable")),
    ],
)
def test_the_top_routes(case: str, destination: str, came_from: str | None, hop: Hop) -> None:
    assert next_hop(CITY, ["3206"], CHILDREN_OF_CITY, destination, came_from) == hop, case


@pytest.mark.parametrize(
    ("case", "destination", "came_from", "hop"),
    [
        ("to the village", VILLAGE, COUNTY, Hop("child", VILLAGE)),
        ("own village, upward", COUNTY, VILLAGE, Hop("parent", COUNTY)),
        ("the other side of the city", OTHER_COUNTY, VILLAGE, Hop("parent", COUNTY)),
        ("back where it came from", OTHER_COUNTY, COUNTY, Hop("undeliverable")),
        ("a village that is no node", "320623101099", VILLAGE, Hop("undeliverable")),
        ("begins here, goes up", CITY, None, Hop("parent", COUNTY)),
        ("own code", TOWNSHIP, VILLAGE, Hop("local")),
    ],
)
def test_a_township_routes(case: str, destination: str, came_from: str | None, hop: Hop) -> None:
    assert (
        next_hop(TOWNSHIP, ["320623101"], {VILLAGE: [VILLAGE]}, destination, came_from, parent=COUNTY) == hop
    ), case


def test_a_child_outside_its_own_scope_is_still_reached_by_its_code() -> None:
    children = {ZONE: ["320623400"], COUNTY: ["320623"], OTHER_COUNTY: ["3206"]}
    assert next_hop(CITY, ["3206"], children, ZONE) == Hop("child", ZONE)


def test_the_successor_of_a_unit_receives_what_is_for_it() -> None:
    merged = "320623102000"
    assert next_hop(TOWNSHIP, ["320623101"], {}, merged, COUNTY, parent=COUNTY, predecessors=[merged]) == Hop(
        "local"
    )
    routes = {TOWNSHIP: ["320623101", merged]}
    assert next_hop(COUNTY, ["320623"], routes, merged, CITY, parent=CITY) == Hop("child", TOWNSHIP)


@given(st.integers(0, 14), st.integers(0, 14))
def test_an_entry_reaches_any_node_of_a_full_tree_without_turning_back(first: int, last: int) -> None:
    """A tree of 1 city, 2 counties, 4 townships, 8 villages: walk from one village to another."""
    tree: dict[str, list[str]] = {CITY: []}
    parents: dict[str, str | None] = {CITY: None}
    levels = {CITY: "city"}
    for county in ("320601000000", "320602000000"):
        for suffix, level in (("", "county"), ("001", "township"), ("002", "township")):
            township = f"{county[:6]}{suffix}".ljust(12, "0")
            above = CITY if level == "county" else county
            parents[township], levels[township] = above, level
            tree.setdefault(above, []).append(township)
            tree.setdefault(township, [])
            for village in ("201", "202") if level == "township" else ():
                code = f"{township[:9]}{village}"
                parents[code], levels[code], tree[code] = township, "village", []
                tree[township].append(code)
    nodes = sorted(parents)
    assert len(nodes) == 15
    start, goal = nodes[first], nodes[last]
    came_from: str | None = None
    at = start
    for _ in range(8):
        children = {code: scope_of(code, levels[code]) for code in tree[at]}
        hop = next_hop(at, scope_of(at, levels[at]), children, goal, came_from, parent=parents[at])
        if hop.kind == "local":
            break
        assert hop.kind in ("child", "parent"), (start, goal, at)
        came_from, at = at, hop.code
    assert at == goal
