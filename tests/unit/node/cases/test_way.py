"""The way through the levels as data of its picture."""

from __future__ import annotations

from datetime import UTC, datetime

from node.cases.way import Holding, Span, Step, Try, draw_way

LINE = ("village", "township", "county", "city")


def at(hour: int) -> datetime:
    return datetime(2026, 11, 24, hour, tzinfo=UTC)


def test_a_matter_that_stays_has_one_lane_and_ends_where_it_closed() -> None:
    way = draw_way(
        home="village",
        line=LINE,
        holdings=[Holding("village", None, at(1))],
        tries=[],
        steps=[],
        flags=[],
        now=at(9),
        closed_at=at(2),
    )
    assert way.path == ("village",)
    assert way.spans == (Span("village", "held", at(1), at(2)),)
    assert not way.is_open


def test_the_path_names_the_relays_between_home_and_the_furthest_node() -> None:
    way = draw_way(
        home="village",
        line=LINE,
        holdings=[Holding("village", None, at(1)), Holding("county", at(2), at(4))],
        tries=[Try("village", "county", at(2), at(4), taken=True)],
        steps=[],
        flags=[],
        now=at(8),
        closed_at=None,
    )
    assert way.path == ("village", "township", "county")
    assert way.spans == (
        Span("village", "held", at(1), at(2)),
        Span("village", "queued", at(2), at(4)),
        Span("county", "held", at(4), at(8)),
    )
    assert [(move.source, move.target) for move in way.moves] == [("village", "county")]


def test_an_offer_that_was_declined_is_a_hollow_stretch_and_then_it_is_held_again() -> None:
    way = draw_way(
        home="village",
        line=LINE,
        holdings=[Holding("village", None, at(1))],
        tries=[Try("village", "county", at(2), at(3), taken=False)],
        steps=[Step("village", "CORRECTION", at(3)), Step("village", "RECEIVED", at(5))],
        flags=[],
        now=at(6),
        closed_at=None,
    )
    assert set(way.spans) == {
        Span("village", "held", at(1), at(2)),
        Span("village", "queued", at(2), at(3)),
        Span("village", "held", at(3), at(6)),
        Span("village", "paused", at(3), at(5)),
    }
    assert way.path == ("village", "township", "county"), "its papers were there"


def test_a_way_seen_from_a_node_off_the_line_names_who_held_it() -> None:
    way = draw_way(
        home="city",
        line=("city",),
        holdings=[Holding("city", None, at(1)), Holding("county", at(2), at(3))],
        tries=[],
        steps=[],
        flags=[],
        now=at(4),
        closed_at=None,
    )
    assert way.path == ("city", "county")
