"""The picture of a matter's way: where instants stand, what is drawn, and what is said in its place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.cases.way import Flag, Holding, Step, Try, Way, draw_way
from node.cases.way_picture import Lane, WayPicture
from node.cases.way_scale import WorkdayScale

SVG = "{http://www.w3.org/2000/svg}"
LINE = ("village", "township", "county")
LANES = (
    Lane("county", "county", "如东县政务服务中心"),
    Lane("township", "township", "如东沿海经济开发区(高新区)洋口渔港社区居民委员会便民服务中心"),
    Lane("village", "village", "新坝村<便民>服务室"),
)


class Weekdays:
    """Monday to Friday."""

    def due(self, start: date, workdays: int) -> tuple[date, bool]:
        return start, False

    def between(self, start: date, end: date) -> int:
        return sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, (end - start).days + 1))


def at(day: int, hour: int = 10, minute: int = 0) -> datetime:
    """A time of day in Nantong, of November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def way(closed_at: datetime | None = None) -> Way:
    return draw_way(
        home="village",
        line=LINE,
        holdings=[Holding("village", None, at(23)), Holding("county", at(24), at(25, 15))],
        tries=[Try("village", "county", at(24), at(25, 15), taken=True)],
        steps=[Step("county", "CORRECTION", at(26)), Step("county", "RECEIVED", at(27))],
        flags=[Flag("statutory", date(2026, 12, 15)), Flag("promised", date(2026, 12, 1))],
        now=at(27, 16),
        closed_at=closed_at,
    )


def picture(closed_at: datetime | None = None) -> WayPicture:
    return WayPicture(way(closed_at), LANES, Weekdays())


def parsed(made: WayPicture, language: str = "zh") -> ElementTree.Element:
    text = str(made.svg(language)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ElementTree.fromstring(text)


def classes(root: ElementTree.Element, tag: str) -> list[str]:
    return [str(one.get("class")) for one in root.iter(f"{SVG}{tag}")]


def test_held_queued_and_paused_are_drawn_apart_in_their_lanes() -> None:
    root = parsed(picture())
    bars = [one for one in root.iter(f"{SVG}rect") if one.get("class") in {"held", "queued", "paused"}]
    drawn = {(one.get("class"), round(float(one.get("y", "0")))) for one in bars[:-3]}
    rows = {kind: {y for name, y in drawn if name == kind} for kind in ("held", "queued", "paused")}
    assert len(rows["held"]) == 2
    assert max(rows["held"]) < max(rows["queued"]) + 2, "the village's lane is the lowest"
    assert min(rows["paused"]) <= min(rows["held"]) + 1
    assert len([one for one in root.iter(f"{SVG}rect") if one.get("fill") == "url(#way-hatch)"]) == 2


def test_custody_is_a_thin_stroke_labelled_with_how_long_it_took() -> None:
    root = parsed(picture())
    assert classes(root, "path").count("moved") == 1
    assert "1 个工作日" in "".join(root.itertext())
    assert "1 working day" in "".join(parsed(picture(), "en").itertext())


def test_flags_stand_in_the_order_of_their_days_and_now_is_a_hairline() -> None:
    root = parsed(picture())
    xs = [
        float(one.get("d", "")[1:].split(" ")[0])
        for one in root.iter(f"{SVG}path")
        if "flag" in str(one.get("class"))
    ]
    assert xs == sorted(xs)
    assert classes(root, "path").count("now") == 1
    assert "承诺 12 月 1 日" in "".join(root.itertext())
    assert "now" not in classes(parsed(picture(at(27, 16))), "path")


def test_names_are_escaped_and_long_ones_shortened_to_three_lines() -> None:
    text = str(picture().svg())
    assert "<便民>" not in text
    assert "&lt;便民&gt;" in text
    assert "style=" not in text
    root = parsed(picture())
    lines = [one.text for one in root.iter(f"{SVG}text") if one.get("x") == "34"]
    assert lines[1:4] == ["如东沿海经济开发区(高新", "区)洋口渔港社区居民委员", "会便民服务中心"]


def test_the_same_facts_are_told_in_order() -> None:
    facts = picture().facts()
    assert [fact.words[0] for fact in facts] == [
        "新坝村<便民>服务室收件。",
        "新坝村<便民>服务室送往如东县政务服务中心。",
        "如东县政务服务中心接办,等了 1 个工作日。",
        "如东县政务服务中心:计时暂停 1 个工作日。",
        "现在在如东县政务服务中心,已 2 个工作日。",
    ]
    assert picture(at(27, 16)).facts()[-1].words == ("办结。", "Closed.")


@pytest.mark.parametrize("answered", [None, at(23, 12)])
def test_an_offer_without_taking_is_told_as_waiting_or_declined(answered: datetime | None) -> None:
    made = draw_way(
        home="village",
        line=LINE,
        holdings=[Holding("village", None, at(23))],
        tries=[Try("village", "county", at(23, 11), answered, taken=False)],
        steps=[],
        flags=[],
        now=at(23, 15),
        closed_at=None,
    )
    told = WayPicture(made, LANES, Weekdays()).facts()[1].words[0]
    assert ("没有接办,1 小时后退回" in told) if answered else ("等对方接办,已 4 小时" in told)


def test_a_matter_settled_within_a_minute_can_still_be_read() -> None:
    made = draw_way(
        home="village",
        line=LINE,
        holdings=[Holding("village", None, at(23))],
        tries=[],
        steps=[],
        flags=[Flag("promised", date(2026, 12, 15))],
        now=at(27),
        closed_at=at(23, 10, 1),
    )
    root = parsed(WayPicture(made, LANES[2:], Weekdays()))
    bar = next(one for one in root.iter(f"{SVG}rect") if one.get("class") == "held")
    assert float(bar.get("width", "0")) >= 12


INSTANTS = st.lists(
    st.integers(0, 60 * 24 * 40).map(lambda minutes: at(2) + timedelta(minutes=minutes)),
    min_size=2,
    max_size=9,
)


@given(INSTANTS, st.integers(0, 60 * 24 * 40))
def test_later_never_stands_further_left(events: list[datetime], minute: int) -> None:
    scale = WorkdayScale(Weekdays(), events, 100, 700)
    middle = at(2) + timedelta(minutes=minute)
    xs = [scale.x(event) for event in sorted({*events, middle})]
    assert all(before <= after + 1e-9 for before, after in pairwise(xs))
    assert all(100 - 1e-9 <= x <= 700 + 1e-9 for x in xs)


def test_nights_and_weekends_take_no_room() -> None:
    scale = WorkdayScale(Weekdays(), [at(23, 9), at(30, 17)], 0, 600)
    assert scale.x(at(23, 18)) == pytest.approx(scale.x(at(24, 8)))
    assert scale.x(at(27, 18)) == pytest.approx(scale.x(at(30, 8)))
    assert [day.day for _, day in scale.ticks(8)] == [23, 24, 25, 26, 27, 30]
    assert [day.day for _, day in scale.ticks(3)] == [23, 25, 27]
